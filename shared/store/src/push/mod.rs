//! Messages pushed to users.
//!
//! The content is stored once. Each user's inbox gets a small delivery that points at it. The users of one request are one
//! item next to the content. Acknowledgements are in the users' inboxes, so that those of a campaign do not share a
//! partition, and a repeat of the push cannot undo one.

pub mod acknowledge;
pub mod inbox;
pub mod recall;
pub mod send;
pub mod status;

mod records;
