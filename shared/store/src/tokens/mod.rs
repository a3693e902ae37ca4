//! Access tokens, stored by their SHA-256: a reader of the table learns no token.
//!
//! A token is two items, which one transaction writes or deletes. The authorizer finds the first by its hash in one read.
//! The second is in the partition of the application and lists the application's tokens.

mod find;
mod issue;
mod record;
mod revoke;

pub use find::{AccessToken, find, issued_to};
pub use issue::{IssueOutcome, Minute, issue, put, rate_limit};
pub use record::{Grant, IssuedToken};
pub use revoke::{revoke, revoke_all};
