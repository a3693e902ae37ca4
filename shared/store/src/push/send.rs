//! Storing a push, in two sequential round trips: claim the message id for the content, then write the deliveries.
//!
//! The keys of deliveries and recipients hold the content's first acceptance and the users of the request. A repeat of the
//! request therefore overwrites the same items, and completes an earlier request that failed half-way.

use model::{AppId, Content, ContentHash, MessageId, Timestamp, UserId, platform::DeliveryRef};

use super::records::{ContentRecord, DeliveryRecord, KNOWN_FOR_HOURS, RecipientsRecord};
use crate::{
    dynamodb::{
        error::StoreError,
        expression::{Expression, number, text},
        item::{Item, from_item, to_item},
        key::Key,
        operation::{BATCH_WRITE_ITEM, PUT_ITEM, UPDATE_ITEM},
        table::{ConditionalWrite, Table},
        ttl::is_live,
    },
    keys::request_hash,
};

/// The decisions of a claim while concurrent requests claim the same id. A concurrent claim is live, so that the second
/// decision is final unless the clock jumps.
const MAX_DECISIONS: u32 = 3;

/// One request: the content with its message id and application, the time of acceptance and the deadline.
#[derive(Debug)]
pub struct Push<'a> {
    app: &'a AppId,
    message: &'a MessageId,
    content: &'a Content,
    content_hash: ContentHash,
    accepted_at: Timestamp,
    deadline: Timestamp,
}

/// The outcome of [`claim`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The message id was free. Its content is now this one.
    New(Claimed),
    /// The message id had this content already, and keeps it at least until the deadline.
    Repeated(Claimed),
    /// The message id has other content. Nothing was written.
    Taken,
    /// The content of the message id was recalled, and its deadline has not passed. Nothing was written.
    Recalled,
}

/// The proof of a claim, which [`deliver`] requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    first_accepted_at: Timestamp,
}

impl<'a> Push<'a> {
    /// A request that was accepted at `accepted_at`, with a deadline for delivery.
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
}

/// Stores the content under its message id, unless the id has other content. One conditional update; one conditional put
/// more if the id has a content whose deadline has passed.
///
/// The TTL of a content is the latest deadline of all requests, so that no delivery outlives its content. A retry whose
/// first attempt was applied is a repeat.
///
/// # Errors
/// [`StoreError`] if a write fails, or the existing content is corrupt.
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
    let mut outcome = table.update_if(Key::content(push.app, push.message), update, CONDITION).await?;
    for _ in 0..MAX_DECISIONS {
        let existing: ContentRecord = match outcome {
            ConditionalWrite::Written(old) if old.is_empty() => {
                return Ok(Claim::New(Claimed { first_accepted_at: push.accepted_at }));
            }
            ConditionalWrite::Written(old) => {
                let old: ContentRecord = from_item(old, UPDATE_ITEM)?;
                return Ok(Claim::Repeated(Claimed { first_accepted_at: old.first_accepted_at }));
            }
            ConditionalWrite::ConditionFailed(existing) => from_item(existing, UPDATE_ITEM)?,
        };
        if is_live(existing.expire_at, push.accepted_at) {
            return Ok(match existing {
                ContentRecord { content_hash, .. } if content_hash != push.content_hash => Claim::Taken,
                ContentRecord { recalled_at: Some(_), .. } => Claim::Recalled,
                ContentRecord { first_accepted_at, .. } => Claim::Repeated(Claimed { first_accepted_at }),
            });
        }
        outcome = replace(table, push, &existing).await?;
    }
    Err(StoreError::conflict(PUT_ITEM))
}

/// Replaces a content whose deadline has passed, if it is unchanged.
async fn replace(
    table: &Table,
    push: &Push<'_>,
    existing: &ContentRecord,
) -> Result<ConditionalWrite, StoreError> {
    let record = ContentRecord {
        content: Some(push.content.to_string()),
        content_hash: push.content_hash.clone(),
        first_accepted_at: push.accepted_at,
        recalled_at: None,
        expire_at: push.deadline.seconds(),
    };
    // Each claim of an id has a later deadline than the one before.
    let is_absent_or_unchanged = Expression::new(
        "attribute_not_exists(pk) OR expireAt = :expireAt",
        [(":expireAt", number(existing.expire_at))],
    );
    table.put_if(Key::content(push.app, push.message), &record, is_absent_or_unchanged).await
}

/// Writes a delivery to the inbox of each user, and the users as the recipients of this request. All are durable when this
/// returns. Sends one request per 25 items, in parallel.
///
/// # Errors
/// [`StoreError`] if a write fails. Some deliveries may be written then, and a repeat of the request completes them.
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
    let attributes = to_item(&record, BATCH_WRITE_ITEM)?;
    let deliveries = users.iter().map(|user| Key::delivery(user, &delivery).with(attributes.clone()));
    let mut items: Vec<Item> = deliveries.collect();
    items.push(recipients(push, claimed, users)?);
    table.batch_put(items).await
}

fn recipients(push: &Push<'_>, claimed: Claimed, users: &[UserId]) -> Result<Item, StoreError> {
    let mut users = users.to_vec();
    users.sort_unstable();
    let key = Key::recipients(push.app, push.message, &request_hash(&users));
    let record = RecipientsRecord {
        users,
        content_hash: push.content_hash.clone(),
        first_accepted_at: claimed.first_accepted_at,
        accepted_at: push.accepted_at,
        deadline: push.deadline.seconds(),
        expire_at: push.accepted_at.plus_hours(KNOWN_FOR_HOURS).seconds(),
    };
    Ok(key.with(to_item(&record, BATCH_WRITE_ITEM)?))
}
