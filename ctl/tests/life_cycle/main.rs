//! `chatbotctl` and its effect on partners, on the system in this process or on a deployed stack.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod applications;
mod command_line;
mod operator;
mod secrets;
mod tokens;
mod webhooks;
