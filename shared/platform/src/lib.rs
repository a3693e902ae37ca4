//! What functions of the platform's API share: the pending messages of a user.

mod pending;

pub use pending::{Pending, PendingMessage, Unavailable};
