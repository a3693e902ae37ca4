//! Results, memory and safety of whole contents: those of editors, the most expensive shapes known, and random ones.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../src/allow_list.rs"]
mod allow_list;
mod check;
mod corpus;
#[path = "../../shapes.rs"]
mod shapes;
mod soup;
