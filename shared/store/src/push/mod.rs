//! Messages pushed to users.
//!
//! The content is stored once, under the application's id of the message; a small delivery in the inbox of each user points
//! at it; the users of a call are one item beside the content. An acknowledgement is an item of the inbox too, so that the
//! acknowledgements of a campaign do not share a partition, and no repeat of a push can undo one.
//!
//! | item | pk | sk | attributes | TTL |
//! |---|---|---|---|---|
//! | content | `PUSH#<app>#<messageId>` | `CONTENT` | content (absent once recalled), contentHash, firstAcceptedAt, recalledAt | the latest deadline given |
//! | recalled | same | `RECALLED#<firstAcceptedAt, 13 digits>` | contentHash, firstAcceptedAt, at | 30 days |
//! | recipients of one call | same | `TO#<hash of the sorted users>` | users, contentHash, firstAcceptedAt, acceptedAt, deadline | 30 days |
//! | delivery | `INBOX#<user>` | `W#<firstAcceptedAt, 13 digits>#<app>#<messageId>` | contentHash, acceptedAt | the deadline for this user |
//! | acknowledgement | same | `A#<app>#<messageId>#<contentHash>` | deliveredAt, readAt | 60 days |

pub mod acknowledge;
pub mod inbox;
pub mod recall;
pub mod send;
pub mod status;

mod records;
