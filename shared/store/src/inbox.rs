//! What waits for a user, and what the user has: the other end of [`pushes`].
//!
//! A delivery waits in the user's inbox, `INBOX#<userId>`, under the key of the push. Once the user has it, that is written
//! down beside the recipient in the push's own partition, `TO#<userId>#A#<content hash>`, and the delivery leaves the
//! inbox. A repeat of the push may bring the delivery back, but never changes what is written down: so whoever reads the
//! inbox leaves out what is acknowledged, and clears it away.

use futures_util::{StreamExt, TryStreamExt, stream};
use model::{
    AppId, BoundedText, MessageId, Timestamp, UserId,
    platform::{AckState, InboxCursor, MessageRef},
};
use serde::{Deserialize, Serialize};

use crate::{
    StoreError, Table,
    expression::{Expression, number, text},
    keys::{key, parts},
    pushes::{self, CONTENT, ContentRecord, DeliveryRecord, RecipientRecord},
    record::{from_item, lives, sort_of},
    table::Range,
};

/// For how long it is known what became of a message, and for how long an acknowledgement holds against repeats of the
/// push: the contract's 30 days.
pub(crate) const KNOWN_FOR_HOURS: u64 = 30 * 24;

/// How many messages are acknowledged at once.
const AT_ONCE: usize = 25;

/// A message that waits for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Who pushed it, and its id there.
    pub message: MessageRef,
    /// When it was accepted for this user.
    pub accepted_at: Timestamp,
    /// Until when it waits, in epoch seconds.
    pub expire_at: u64,
    key: String,
    content_hash: String,
}

/// What is to be shown of a waiting message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// This.
    Content(String),
    /// Nothing: the user has it already.
    Acknowledged,
    /// Nothing: the push was never completed, or its id stands for other content by now.
    Gone,
}

/// What is written down of a message that a user has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "three moments, called as they are stored")]
pub(crate) struct AckRecord {
    pub(crate) delivered_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) read_at: Option<Timestamp>,
    pub(crate) expire_at: u64,
}

impl AckRecord {
    /// Whether this holds against a push, or a repeat of one, that was accepted at `accepted_at`.
    pub(crate) fn holds_for(&self, accepted_at: Timestamp) -> bool {
        accepted_at < self.delivered_at.plus_hours(KNOWN_FOR_HOURS)
    }
}

impl Waiting {
    /// The place after this message in its inbox.
    #[must_use]
    pub fn place(&self) -> InboxCursor {
        InboxCursor { accepted_at: self.accepted_at, key: self.key.clone() }
    }
}

/// What waits for a user at `now`, oldest first; what came at the same millisecond, by key. One consistent query for
/// each megabyte: some 4,000 messages.
///
/// Deliveries are few and small, so that they are read whole and put in order here. A key that kept them in order would
/// hold the moment of acceptance, and a repeat of a push could not find the delivery it stands for.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or a delivery cannot be understood.
pub async fn waiting(table: &Table, user: &UserId, now: Timestamp) -> Result<Vec<Waiting>, StoreError> {
    let items = table.query(pushes::inbox(user), Range { from: "PUSH#", to: "PUSH$" }).await?;
    let deliveries = items.into_iter().map(|item| {
        let key = sort_of(&item)?;
        let message = message_of(&key).ok_or_else(|| StoreError::unreadable("Query"))?;
        let DeliveryRecord { content_hash, accepted_at, expire_at } = from_item(item, "Query")?;
        Ok(Waiting { message, accepted_at, expire_at, key, content_hash })
    });
    let mut waiting = deliveries.collect::<Result<Vec<_>, StoreError>>()?;
    waiting.retain(|delivery| lives(delivery.expire_at, now));
    waiting.sort_by_cached_key(Waiting::place);
    Ok(waiting)
}

/// The message that a delivery with this sort key is of.
fn message_of(sort: &str) -> Option<MessageRef> {
    let parts = parts(sort);
    let [_, app, message] = parts.as_slice() else { return None };
    Some(MessageRef { app: AppId::parse(app).ok()?, message: MessageId::parse(message).ok()? })
}

/// What is to be shown of each of `waiting`, in their order. One request for every 50.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or content cannot be understood.
pub async fn open(
    table: &Table,
    user: &UserId,
    waiting: &[Waiting],
    now: Timestamp,
) -> Result<Vec<Opened>, StoreError> {
    let content = |delivery: &Waiting| (delivery.key.clone(), CONTENT.to_owned());
    let ack = |delivery: &Waiting| (delivery.key.clone(), ack_sort(user, &delivery.content_hash));
    let keys = waiting.iter().flat_map(|delivery| [content(delivery), ack(delivery)]).collect();
    let mut found = table.get_many(keys).await?;
    let opened = waiting.iter().map(|delivery| {
        if let Some(item) = found.take(&ack(delivery)) {
            let ack: AckRecord = from_item(item, "BatchGetItem")?;
            if ack.holds_for(delivery.accepted_at) {
                return Ok(Opened::Acknowledged);
            }
        }
        let Some(item) = found.take(&content(delivery)) else { return Ok(Opened::Gone) };
        let stored: ContentRecord<String> = from_item(item, "BatchGetItem")?;
        let is_of_it = stored.content_hash == delivery.content_hash && lives(stored.expire_at, now);
        Ok(if is_of_it { Opened::Content(stored.content) } else { Opened::Gone })
    });
    opened.collect()
}

/// Takes deliveries out of a user's inbox, but for those that were replaced by another content's meanwhile. A request
/// for each.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn clear(table: &Table, user: &UserId, deliveries: Vec<Waiting>) -> Result<(), StoreError> {
    let removals = deliveries.into_iter().map(|Waiting { key, content_hash, .. }| async move {
        remove(table, user, key, &content_hash).await
    });
    stream::iter(removals).buffer_unordered(AT_ONCE).try_collect().await
}

async fn remove(
    table: &Table,
    user: &UserId,
    delivery: String,
    content_hash: &str,
) -> Result<(), StoreError> {
    let condition = Expression::new("contentHash = :hash", [(":hash", text(content_hash))]);
    table.delete_if(pushes::inbox(user), delivery, condition).await
}

/// Writes down what a user did with messages, and takes them out of the user's inbox; returns those that were never
/// pushed to the user, for which nothing is done. A read for up to 50 messages, then for each two writes, one after the
/// other; 25 messages at a time.
///
/// What was read stays read, in whatever order the calls come. It counts for the content that waits in the inbox, or was
/// pushed last.
///
/// # Errors
/// [`StoreError`] if the table cannot be read or written; what was written down then stays so, and a repeat of the call
/// completes it.
pub async fn acknowledge(
    table: &Table,
    user: &UserId,
    messages: Vec<MessageRef>,
    state: AckState,
    now: Timestamp,
) -> Result<Vec<MessageRef>, StoreError> {
    let push = |message: &MessageRef| pushes::key_of(&message.app, &message.message);
    let delivery = |message: &MessageRef| (pushes::inbox(user), push(message));
    let recipient = |message: &MessageRef| (push(message), pushes::recipient_sort(user));
    let keys = messages.iter().flat_map(|message| [delivery(message), recipient(message)]).collect();
    let mut found = table.get_many(keys).await?;
    let mut unknown = Vec::new();
    let mut pushed = Vec::new();
    for message in messages {
        let delivery =
            found.take(&delivery(&message)).map(|item| from_item(item, "BatchGetItem")).transpose()?;
        let recipient =
            found.take(&recipient(&message)).map(|item| from_item(item, "BatchGetItem")).transpose()?;
        match Pushed::of(delivery, recipient) {
            Some(pushed_then) => pushed.push((push(&message), pushed_then)),
            None => unknown.push(message),
        }
    }
    let acknowledgements = pushed.into_iter().map(|(push, pushed)| async move {
        if let Some(delivery) = &pushed.without_recipient {
            pushes::add_recipient(table, push.clone(), user, delivery).await?;
        }
        write_down(table, user, push.clone(), &pushed, state, now).await?;
        remove(table, user, push, &pushed.content_hash).await
    });
    stream::iter(acknowledgements).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(unknown)
}

/// What was pushed to a user: what waits, or what was pushed last.
struct Pushed {
    content_hash: String,
    accepted_at: Timestamp,
    /// The delivery, if a push that failed half-way left no recipient: without it, nobody would know of the push once the
    /// delivery is gone.
    without_recipient: Option<DeliveryRecord>,
}

impl Pushed {
    fn of(delivery: Option<DeliveryRecord>, recipient: Option<RecipientRecord>) -> Option<Self> {
        match (delivery, recipient) {
            (Some(delivery), recipient) => Some(Self {
                content_hash: delivery.content_hash.clone(),
                accepted_at: delivery.accepted_at,
                without_recipient: recipient.is_none().then_some(delivery),
            }),
            (None, Some(RecipientRecord { content_hash, accepted_at, .. })) => {
                Some(Self { content_hash, accepted_at, without_recipient: None })
            }
            (None, None) => None,
        }
    }
}

/// Writes down what a user did. What was written down of a push so long ago that it does not hold for this one is
/// written over.
async fn write_down(
    table: &Table,
    user: &UserId,
    push: String,
    pushed: &Pushed,
    state: AckState,
    now: Timestamp,
) -> Result<(), StoreError> {
    const DELIVERED: &str = "SET expireAt = :end, deliveredAt = if_not_exists(deliveredAt, :now)";
    const READ: &str = "SET expireAt = :end, deliveredAt = if_not_exists(deliveredAt, :now), \
        readAt = if_not_exists(readAt, :now)";
    const DELIVERED_ANEW: &str = "SET expireAt = :end, deliveredAt = :now REMOVE readAt";
    const READ_ANEW: &str = "SET expireAt = :end, deliveredAt = :now, readAt = :now";
    const HOLDS: &str = "attribute_not_exists(pk) OR deliveredAt > :oldest";
    const HOLDS_NO_MORE: &str = "deliveredAt <= :oldest";
    let (add, anew) = match state {
        AckState::Delivered => (DELIVERED, DELIVERED_ANEW),
        AckState::Read => (READ, READ_ANEW),
    };
    let values = [
        (":now", number(now.millis())),
        (":oldest", number(pushed.accepted_at.millis().saturating_sub(KNOWN_FOR_HOURS * 3_600_000))),
        // As long as it holds for a repeat, and what became of that repeat is known.
        (":end", number(now.plus_hours(2 * KNOWN_FOR_HOURS).seconds())),
    ];
    let (add, anew) = (Expression::new(add, values.clone()), Expression::new(anew, values));
    let sort = ack_sort(user, &pushed.content_hash);
    loop {
        if table.update_if(push.clone(), sort.clone(), add.clone(), HOLDS).await? {
            return Ok(());
        }
        if table.update_if(push.clone(), sort.clone(), anew.clone(), HOLDS_NO_MORE).await? {
            return Ok(());
        }
        // Another call was between the two: now it holds.
    }
}

/// The sort key of what is written down of a message that a user has, for the content it had.
fn ack_sort(user: &UserId, content_hash: &str) -> String {
    format!("{}#A#{content_hash}", key("TO", &[user.as_str()]))
}
