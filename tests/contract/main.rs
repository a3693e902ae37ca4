//! The contract, tested from outside: over HTTP, through the gateway, with whole answers compared.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod alarms;
mod authentication;
mod bounds;
mod capacity;
mod chat_window;
mod chatlog;
mod concurrency;
mod dependencies;
mod events;
mod faults;
mod gateway;
mod inbox;
mod inboxes;
mod isolation;
mod logs;
mod permissions;
mod push;
mod push_status;
mod recall;
mod receive;
mod reference;
mod robot_turns;
mod story;
mod template;
mod token_effects;
mod token_errors;
mod tokens;
mod user_info;
