//! Black-box tests of the contract: over HTTP, through the gateway, with whole answers compared.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod acknowledgements;
mod alarms;
mod authentication;
mod bounds;
mod capacity;
mod chat_polls;
mod chat_window;
mod chatlog;
mod concurrency;
mod conditional_writes;
mod dependencies;
mod event_sources;
mod events;
mod faults;
mod gateway;
mod inbox;
mod inbox_clean_up;
mod inbox_faults;
mod inboxes;
mod isolation;
mod late_feeds;
mod leases;
mod login;
mod logs;
mod permissions;
mod push;
mod push_status;
mod recall;
mod receive;
mod receive_fields;
mod receive_retries;
mod reference;
mod retry_budgets;
mod robot_turns;
mod signals;
mod sockets;
mod story;
mod sync;
mod template;
mod tickets;
mod token_effects;
mod token_errors;
mod tokens;
mod user_info;
mod user_message_races;
mod user_messages;
mod webhook_faults;
mod webhooks;
