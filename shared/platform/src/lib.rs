//! Pending messages of a user, as two functions of the platform's API show them.

mod pending;

pub use pending::{Pending, PendingMessage, Unavailable};
