//! The pending messages of a user, sanitized, as an answer of the login and of the pending endpoint.

#![warn(missing_docs)]

mod page;

pub use page::{PendingMessage, PendingPage, Unavailable};
