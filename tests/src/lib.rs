//! Support of the black-box tests: a system, the actors that call it (a partner, the platform, an operator), and a DynamoDB
//! that fails on demand.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![allow(missing_docs, reason = "names of test support describe themselves")]

mod caller;
mod captured;
mod clock;
pub mod expressions;
pub mod faults;
mod faulty_connections;
pub mod markdown;
mod oauth;
mod operator;
mod partner;
pub mod paths;
mod platform;
mod receiver;
pub mod reference;
mod socket;
mod stored;
mod system;
mod webhooks;

pub use caller::{Caller, Reply, Urls, until_answered};
pub use captured::Captured;
pub use clock::ManualClock;
pub use faults::{Fault, FaultyDynamoDb, Moment, Recorded};
pub use faulty_connections::{FaultyConnections, Posted, Posting};
pub use local::demo;
pub use oauth::{OAuthClient, TOKENS_PER_MINUTE};
pub use operator::Operator;
pub use partner::{Partner, RECEIVED, begin_event, end_event, push_request, text_message};
pub use paths::path_with;
pub use platform::{Platform, RECORDED, Ticket, acknowledged, user_text};
pub use receiver::{ACCEPT, Reaction, Received, Receiver};
pub use reference::REFERENCE;
pub use socket::Socket;
pub use stored::Item;
pub use system::{CUSTOMER_SERVICE, MESSAGE_PUSH, PLATFORM, Setup, Stopped, Stream, System};
pub use webhooks::SECRET;
