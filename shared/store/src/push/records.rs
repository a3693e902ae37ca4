//! The records of a push.

use model::{ContentHash, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// For this time the outcome of a push is known, and an acknowledgement holds against repeats of it: the contract's 30 days.
pub(super) const KNOWN_FOR_HOURS: u64 = 30 * 24;

/// The content of a message id.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContentRecord {
    /// Absent once recalled: the item is then a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
    pub(super) content_hash: ContentHash,
    pub(super) first_accepted_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) recalled_at: Option<Timestamp>,
    /// The latest deadline of all requests, in epoch seconds.
    pub(super) expire_at: u64,
}

/// The mark of a recall. It outlives the tombstone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecalledRecord {
    pub(super) content_hash: ContentHash,
    pub(super) first_accepted_at: Timestamp,
    pub(super) at: Timestamp,
    pub(super) expire_at: u64,
}

/// The users of one request, at most 100 ids of 60 UTF-16 units: at most 18 KB.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecipientsRecord {
    pub(super) users: Vec<UserId>,
    pub(super) content_hash: ContentHash,
    pub(super) first_accepted_at: Timestamp,
    pub(super) accepted_at: Timestamp,
    /// The deadline of the request, in epoch seconds.
    pub(super) deadline: u64,
    pub(super) expire_at: u64,
}

/// A delivery in an inbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryRecord {
    pub(super) content_hash: ContentHash,
    pub(super) accepted_at: Timestamp,
    /// The deadline for this user, in epoch seconds.
    pub(super) expire_at: u64,
}

/// An acknowledgement of one content by one user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the attributes are named like this")]
pub(super) struct AckRecord {
    pub(super) delivered_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) read_at: Option<Timestamp>,
    pub(super) expire_at: u64,
}

impl AckRecord {
    /// Whether the acknowledgement holds for a push that was accepted at `accepted_at`.
    pub(super) fn holds_for(&self, accepted_at: Timestamp) -> bool {
        accepted_at < self.delivered_at.plus_hours(KNOWN_FOR_HOURS)
    }
}
