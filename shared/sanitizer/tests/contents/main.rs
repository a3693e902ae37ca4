//! Results, memory and safety for whole contents: of editors, of the most expensive shapes known, and at random.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../src/allow_list.rs"]
mod allow_list;
mod check;
mod corpus;
#[path = "../../shapes.rs"]
mod shapes;
mod soup;
