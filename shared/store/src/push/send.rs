//! Storing a push: durable for every user named, in two round trips.
//!
//! Writing a delivery or the recipients again is harmless: a repeat of the call finds the same keys, because they hold the
//! first acceptance of the content and the users of the call. So a repeated call completes an earlier one that failed.

use model::{AppId, Content, ContentHash, MessageId, Timestamp, UserId, platform::DeliveryRef};

use super::records::{
    CONTENT, ContentRecord, DeliveryRecord, KNOWN_FOR_HOURS, RecipientsRecord, call_of, delivery_sort, inbox,
    partition, recipients_sort,
};
use crate::{
    StoreError, Table,
    expression::{Expression, number, text},
    record::{from_item, lives, to_attributes},
    table::{Conditional, Item, keyed},
};

/// How often a claim is decided anew because another call claimed the id in between: such a claim is live, so that the
/// second decision is final unless the clock jumps.
const CLAIMS: u32 = 3;

/// One acceptance of a message: the content, its sender, when it was accepted and its deadline.
#[derive(Debug)]
pub struct Push<'a> {
    app: &'a AppId,
    message: &'a MessageId,
    content: &'a Content,
    content_hash: ContentHash,
    accepted_at: Timestamp,
    deadline: Timestamp,
}

/// The outcome of a claim of a message id for a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The id was free; it stands for this content now.
    New(Claimed),
    /// The id stood for this content already, and does at least until the deadline.
    Repeated(Claimed),
    /// The id stands for other content; nothing was stored.
    Taken,
    /// The id's content was recalled, and its deadline is not over; nothing was stored.
    Recalled,
}

/// A message id that stands for the content of a push: what [`deliver`] needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    first_accepted_at: Timestamp,
}

impl<'a> Push<'a> {
    /// A message accepted at `accepted_at`, to be delivered before `deadline`.
    #[must_use]
    pub fn new(
        app: &'a AppId,
        message: &'a MessageId,
        content: &'a Content,
        accepted_at: Timestamp,
        deadline: Timestamp,
    ) -> Self {
        let content_hash = ContentHash::of(content.as_str());
        Self { app, message, content, content_hash, accepted_at, deadline }
    }

    fn partition(&self) -> String {
        partition(self.app, self.message)
    }
}

/// Stores the content under its message id, unless the id stands for other content. One request; one more where the id
/// stood for a content whose deadline is over.
///
/// A content never ends before a delivery of it: a later deadline moves its end, an earlier one does not. A retry whose
/// first attempt was applied finds its own content and is a repeat.
///
/// # Errors
/// [`StoreError`] if the table cannot be written, or an item cannot be read.
pub async fn claim(table: &Table, push: &Push<'_>) -> Result<Claim, StoreError> {
    const CONDITION: &str = "attribute_not_exists(pk) OR (contentHash = :hash AND expireAt > :now \
        AND expireAt < :deadline AND attribute_not_exists(recalledAt))";
    let update = Expression::new(
        "SET content = :content, contentHash = :hash, expireAt = :deadline, \
         firstAcceptedAt = if_not_exists(firstAcceptedAt, :first)",
        [
            (":content", text(push.content.as_str())),
            (":hash", text(push.content_hash.as_str())),
            (":now", number(push.accepted_at.seconds())),
            (":deadline", number(push.deadline.seconds())),
            (":first", number(push.accepted_at.millis())),
        ],
    );
    let mut outcome = table.update_if(push.partition(), CONTENT.to_owned(), update, CONDITION).await?;
    for _ in 0..CLAIMS {
        let standing: ContentRecord = match outcome {
            Conditional::Written(former) if former.is_empty() => {
                return Ok(Claim::New(Claimed { first_accepted_at: push.accepted_at }));
            }
            Conditional::Written(former) => {
                let former: ContentRecord = from_item(former, "UpdateItem")?;
                return Ok(Claim::Repeated(Claimed { first_accepted_at: former.first_accepted_at }));
            }
            Conditional::Refused(standing) => from_item(standing, "UpdateItem")?,
        };
        if lives(standing.expire_at, push.accepted_at) {
            return Ok(match standing {
                ContentRecord { content_hash, .. } if content_hash != push.content_hash => Claim::Taken,
                ContentRecord { recalled_at: Some(_), .. } => Claim::Recalled,
                ContentRecord { first_accepted_at, .. } => Claim::Repeated(Claimed { first_accepted_at }),
            });
        }
        outcome = replace(table, push, &standing).await?;
    }
    Err(StoreError::conflict("PutItem"))
}

/// Puts the content in the place of one whose deadline is over, if that is still there.
async fn replace(
    table: &Table,
    push: &Push<'_>,
    standing: &ContentRecord,
) -> Result<Conditional, StoreError> {
    let record = ContentRecord {
        content: Some(push.content.to_string()),
        content_hash: push.content_hash.clone(),
        first_accepted_at: push.accepted_at,
        recalled_at: None,
        expire_at: push.deadline.seconds(),
    };
    let unchanged = Expression::new(
        "attribute_not_exists(pk) \
         OR (contentHash = :hash AND expireAt = :expireAt AND firstAcceptedAt = :first)",
        [
            (":hash", text(standing.content_hash.as_str())),
            (":expireAt", number(standing.expire_at)),
            (":first", number(standing.first_accepted_at.millis())),
        ],
    );
    let attributes = to_attributes(&record, "PutItem")?;
    table.put_if(push.partition(), CONTENT.to_owned(), attributes, unchanged).await
}

/// Puts a delivery of the message into the inbox of each of `users`, and notes them as the recipients of this call: durable
/// for all of them when this returns. One request for every 25 items, in parallel: one item for each user, and one for the
/// call.
///
/// # Errors
/// [`StoreError`] if the table cannot be written; some deliveries may have been stored then, and a repeat of the call
/// completes them.
pub async fn deliver(
    table: &Table,
    push: &Push<'_>,
    claimed: Claimed,
    users: &[UserId],
) -> Result<(), StoreError> {
    let delivery = DeliveryRef {
        first_accepted_at: claimed.first_accepted_at,
        app: push.app.clone(),
        message: push.message.clone(),
    };
    let record = DeliveryRecord {
        content_hash: push.content_hash.clone(),
        accepted_at: push.accepted_at,
        expire_at: push.deadline.seconds(),
    };
    let attributes = to_attributes(&record, "BatchWriteItem")?;
    let sort = delivery_sort(&delivery);
    let deliveries = users.iter().map(|user| keyed(inbox(user), sort.clone(), attributes.clone()));
    let mut items: Vec<Item> = deliveries.collect();
    items.push(recipients(push, claimed, users)?);
    table.put_many(items).await
}

fn recipients(push: &Push<'_>, claimed: Claimed, users: &[UserId]) -> Result<Item, StoreError> {
    let mut users = users.to_vec();
    users.sort_unstable();
    let sort = recipients_sort(&call_of(&users));
    let record = RecipientsRecord {
        users,
        content_hash: push.content_hash.clone(),
        first_accepted_at: claimed.first_accepted_at,
        accepted_at: push.accepted_at,
        deadline: push.deadline.seconds(),
        expire_at: push.accepted_at.plus_hours(KNOWN_FOR_HOURS).seconds(),
    };
    Ok(keyed(push.partition(), sort, to_attributes(&record, "BatchWriteItem")?))
}
