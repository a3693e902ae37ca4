//! Keys and attributes of what is stored of a push.

use model::{
    AppId, BoundedText, ContentHash, MessageId, Timestamp, UserId, platform::DeliveryRef, sha256_hex,
};
use serde::{Deserialize, Serialize};

use crate::{
    batch::Key,
    keys::{key, parts},
    table::Range,
};

/// For how long the outcome of a push is known, and for how long an acknowledgement holds against repeats of the push: the
/// contract's 30 days.
pub(super) const KNOWN_FOR_HOURS: u64 = 30 * 24;

/// The sort key of a message's content.
pub(super) const CONTENT: &str = "CONTENT";

/// The sort keys of deliveries; `$` comes right after `#`.
pub(super) const DELIVERIES: Range<'_> = Range { from: "W#", to: "W$" };

/// The last sort key of the recipients of a message's calls.
pub(super) const LAST_CALL: &str = "TO$";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContentRecord {
    /// `None` once it is recalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
    pub(super) content_hash: ContentHash,
    pub(super) first_accepted_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) recalled_at: Option<Timestamp>,
    /// The latest deadline that was given for it, in epoch seconds.
    pub(super) expire_at: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecalledRecord {
    pub(super) content_hash: ContentHash,
    pub(super) first_accepted_at: Timestamp,
    pub(super) at: Timestamp,
    pub(super) expire_at: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecipientsRecord {
    pub(super) users: Vec<UserId>,
    pub(super) content_hash: ContentHash,
    pub(super) first_accepted_at: Timestamp,
    pub(super) accepted_at: Timestamp,
    /// The deadline of the call, in epoch seconds.
    pub(super) deadline: u64,
    pub(super) expire_at: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryRecord {
    pub(super) content_hash: ContentHash,
    pub(super) accepted_at: Timestamp,
    /// The deadline for this user, in epoch seconds.
    pub(super) expire_at: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "three moments, named as they are stored")]
pub(super) struct AckRecord {
    pub(super) delivered_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) read_at: Option<Timestamp>,
    pub(super) expire_at: u64,
}

impl AckRecord {
    /// Whether this holds against a push, or a repeat of one, that was accepted at `accepted_at`.
    pub(super) fn holds_for(&self, accepted_at: Timestamp) -> bool {
        accepted_at < self.delivered_at.plus_hours(KNOWN_FOR_HOURS)
    }
}

/// The partition of a message: its content and its recipients.
pub(super) fn partition(app: &AppId, message: &MessageId) -> String {
    key("PUSH", &[app.as_str(), message.as_str()])
}

/// The partition of a user: deliveries and acknowledgements.
pub(super) fn inbox(user: &UserId) -> String {
    key("INBOX", &[user.as_str()])
}

pub(super) fn content_key(delivery: &DeliveryRef) -> Key {
    (partition(&delivery.app, &delivery.message), CONTENT.to_owned())
}

pub(super) fn delivery_sort(delivery: &DeliveryRef) -> String {
    key("W", &[&digits(delivery.first_accepted_at), delivery.app.as_str(), delivery.message.as_str()])
}

/// The delivery with this sort key; `None` if it is of another form.
pub(super) fn delivery_of(sort: &str) -> Option<DeliveryRef> {
    let parts = parts(sort);
    let [_, first, app, message] = parts.as_slice() else { return None };
    Some(DeliveryRef {
        first_accepted_at: Timestamp::from_millis(first.parse().ok()?),
        app: AppId::parse(app).ok()?,
        message: MessageId::parse(message).ok()?,
    })
}

pub(super) fn ack_key(user: &UserId, app: &AppId, message: &MessageId, content: &ContentHash) -> Key {
    (inbox(user), key("A", &[app.as_str(), message.as_str(), content.as_str()]))
}

/// The hash that names a call: of its users, in order.
pub(super) fn call_of(users: &[UserId]) -> String {
    // No id contains a comma: a push separates them by it.
    sha256_hex(users.iter().map(UserId::as_str).collect::<Vec<_>>().join(","))
}

/// The key of the note that a content was recalled, by the content's first acceptance: an id may be recalled, become free
/// and be recalled again.
pub(super) fn recalled_key(app: &AppId, message: &MessageId, first_accepted_at: Timestamp) -> Key {
    (partition(app, message), key("RECALLED", &[&digits(first_accepted_at)]))
}

/// A moment in 13 digits of milliseconds, which sort as the moments do.
fn digits(moment: Timestamp) -> String {
    format!("{:013}", moment.millis())
}

pub(super) fn recipients_sort(call: &str) -> String {
    key("TO", &[call])
}

/// The hash that names the call with this sort key; `None` if it is of another form.
pub(super) fn call_of_sort(sort: &str) -> Option<String> {
    match parts(sort).as_slice() {
        [_, call] => Some(call.clone()),
        _ => None,
    }
}
