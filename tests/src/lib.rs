//! What the contract's tests stand on: a system to call, a caller, and a DynamoDB that fails on demand.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod caller;
mod captured;
mod clock;
pub mod faults;
mod inbox;
pub mod markdown;
mod oauth;
pub mod reference;
mod system;

pub use caller::{Caller, Reply, Urls, until_answered};
pub use captured::Captured;
pub use clock::ManualClock;
pub use faults::{Fault, FaultyDynamoDb, Recorded};
pub use inbox::{
    Item, ack_id, acknowledge, delivered_to, deliveries_of, everything, items, path_with, store_items,
    waiting_for,
};
pub use oauth::{OAuthClient, TOKENS_PER_MINUTE};
pub use reference::REFERENCE;
pub use system::{CUSTOMER_SERVICE, MESSAGE_PUSH, PLATFORM, Setup, System};
