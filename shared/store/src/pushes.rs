//! Messages pushed to users: the content once, `PUSH#<appId>#<messageId>`; a small delivery in the inbox of each user,
//! `INBOX#<userId>`; and each recipient once more beside the content, by which the application learns what became of its
//! message.
//!
//! Writing a delivery or a recipient again is harmless, which is what makes a repeated call complete what an earlier one
//! left. What tells that a user has the message is another item, so that no repeat can bring a message back.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::put_item::PutItemError,
    types::{
        PutRequest, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure, WriteRequest,
    },
};
use futures_util::future::join_all;
use model::{AppId, Content, MessageId, Timestamp, UserId, sha256_hex};
use serde::{Deserialize, Serialize};

use crate::{
    StoreError, Table,
    backoff::Backoff,
    expression::{Expression, number, text},
    inbox::KNOWN_FOR_HOURS,
    keys::key,
    record::to_attributes,
    table::{Item, keyed},
};

/// The most items DynamoDB takes in one `BatchWriteItem`.
const BATCH_SIZE: usize = 25;

/// The sort key of a message's content.
pub(crate) const CONTENT: &str = "CONTENT";

/// A message id is free, or stands for the same content and its deadline is now moved further away: content never ends
/// before a delivery of it, and a repeat never shortens it. Where this fails, the item that stands there tells whether
/// the content is the same.
const CLAIM_CONDITION: &str = "attribute_not_exists(pk) OR expireAt <= :now \
    OR (contentHash = :hash AND expireAt < :deadline)";

/// One acceptance of a message: what is pushed, by whom, when and until when.
#[derive(Debug)]
pub struct Push<'a> {
    app: &'a AppId,
    message: &'a MessageId,
    content: &'a Content,
    content_hash: String,
    accepted_at: Timestamp,
    deadline: Timestamp,
}

/// What came of asking for a message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The id was free; it stands for this content now.
    New,
    /// The id stood for this content already, and does at least until the deadline.
    Repeated,
    /// The id stands for other content still; nothing was stored.
    Taken,
}

/// What is stored of a message's content.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContentRecord<C> {
    pub(crate) content: C,
    pub(crate) content_hash: String,
    pub(crate) expire_at: u64,
}

/// What is stored of a message in an inbox: it is there until it expires or is acknowledged.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryRecord {
    pub(crate) content_hash: String,
    pub(crate) accepted_at: Timestamp,
    pub(crate) expire_at: u64,
}

/// What is stored of a recipient: it is there for as long as it is known what became of the message.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecipientRecord {
    pub(crate) content_hash: String,
    pub(crate) accepted_at: Timestamp,
    /// When the message expires, in epoch seconds.
    pub(crate) deadline: u64,
    pub(crate) expire_at: u64,
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
        let content_hash = sha256_hex(content.as_str());
        Self { app, message, content, content_hash, accepted_at, deadline }
    }

    fn key(&self) -> String {
        key_of(self.app, self.message)
    }
}

/// The partition of a message, and the sort key of each delivery of it within its inbox.
pub(crate) fn key_of(app: &AppId, message: &MessageId) -> String {
    key("PUSH", &[app.as_str(), message.as_str()])
}

/// The partition of what waits for a user.
pub(crate) fn inbox(user: &UserId) -> String {
    key("INBOX", &[user.as_str()])
}

/// The sort key of a recipient within the partition of a message.
pub(crate) fn recipient_sort(user: &UserId) -> String {
    format!("{}#P", key("TO", &[user.as_str()]))
}

/// Stores the content under its message id, unless the id stands for other content. One request.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn claim(table: &Table, push: &Push<'_>) -> Result<Claim, StoreError> {
    const OPERATION: &str = "PutItem";
    let record = ContentRecord {
        content: push.content,
        content_hash: push.content_hash.clone(),
        expire_at: push.deadline.seconds(),
    };
    let attributes = to_attributes(&record, OPERATION)?;
    let put = table
        .client
        .put_item()
        .table_name(&table.name)
        .set_item(Some(keyed(push.key(), CONTENT.to_owned(), attributes)))
        .condition_expression(CLAIM_CONDITION)
        .expression_attribute_values(":now", number(push.accepted_at.seconds()))
        .expression_attribute_values(":deadline", number(push.deadline.seconds()))
        .expression_attribute_values(":hash", text(&push.content_hash))
        .return_values(ReturnValue::AllOld)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .customize()
        .interceptor(table.meter.attempts())
        .send()
        .await;
    match put {
        Ok(output) => {
            table.meter.count_write(output.consumed_capacity());
            let before = output.attributes().and_then(content_hash);
            Ok(if before == Some(&push.content_hash) { Claim::Repeated } else { Claim::New })
        }
        Err(error) => match stored_hash(&error) {
            Some(hash) if *hash == push.content_hash => Ok(Claim::Repeated),
            Some(_) => Ok(Claim::Taken),
            None => Err(StoreError::of(OPERATION)(error)),
        },
    }
}

/// The hash of the content that stands in the way, if it is a condition that failed.
fn stored_hash(error: &SdkError<PutItemError>) -> Option<&String> {
    match error.as_service_error()? {
        PutItemError::ConditionalCheckFailedException(failed) => content_hash(failed.item()?),
        _ => None,
    }
}

fn content_hash(item: &Item) -> Option<&String> {
    item.get("contentHash")?.as_s().ok()
}

/// Puts a delivery of the message into the inbox of each of `users`, and each of them among its recipients: durable for
/// all of them when this returns. One request for every 25 items, in parallel.
///
/// What a busy table leaves unprocessed is asked for again for as long as the caller waits: a deadline is the
/// caller's to set.
///
/// # Errors
/// [`StoreError`] if the table cannot be written; some deliveries may have been stored then, and a repeat of the call
/// completes them.
pub async fn deliver(table: &Table, push: &Push<'_>, users: &[UserId]) -> Result<(), StoreError> {
    let deliveries = users.iter().map(|user| delivery(push, user));
    let recipients = users.iter().map(|user| recipient(push, user));
    let requests = deliveries.chain(recipients).collect::<Result<Vec<_>, _>>()?;
    let batches = requests.chunks(BATCH_SIZE).map(|requests| write_all(table, requests.to_vec()));
    // Every batch is seen through, also when another failed: what is stored now a repeat need not store.
    join_all(batches).await.into_iter().collect()
}

fn delivery(push: &Push<'_>, user: &UserId) -> Result<WriteRequest, StoreError> {
    let record = DeliveryRecord {
        content_hash: push.content_hash.clone(),
        accepted_at: push.accepted_at,
        expire_at: push.deadline.seconds(),
    };
    put(inbox(user), push.key(), &record)
}

fn recipient(push: &Push<'_>, user: &UserId) -> Result<WriteRequest, StoreError> {
    let record = RecipientRecord {
        content_hash: push.content_hash.clone(),
        accepted_at: push.accepted_at,
        deadline: push.deadline.seconds(),
        expire_at: push.accepted_at.plus_hours(KNOWN_FOR_HOURS).seconds(),
    };
    put(push.key(), recipient_sort(user), &record)
}

/// Adds a recipient of a push that failed before it was stored, from the delivery that was; one that is there stays.
pub(crate) async fn add_recipient(
    table: &Table,
    push: String,
    user: &UserId,
    delivery: &DeliveryRecord,
) -> Result<(), StoreError> {
    let known_until = delivery.accepted_at.plus_hours(KNOWN_FOR_HOURS).seconds();
    let update = Expression::new(
        "SET contentHash = :hash, acceptedAt = :acceptedAt, deadline = :deadline, expireAt = :expireAt",
        [
            (":hash", text(&delivery.content_hash)),
            (":acceptedAt", number(delivery.accepted_at.millis())),
            (":deadline", number(delivery.expire_at)),
            (":expireAt", number(known_until)),
        ],
    );
    table.update_if(push, recipient_sort(user), update, "attribute_not_exists(pk)").await.map(|_| ())
}

fn put(partition: String, sort: String, record: &impl Serialize) -> Result<WriteRequest, StoreError> {
    let attributes = to_attributes(record, "BatchWriteItem")?;
    let put = PutRequest::builder()
        .set_item(Some(keyed(partition, sort, attributes)))
        .build()
        .map_err(|_| StoreError::unreadable("BatchWriteItem"))?;
    Ok(WriteRequest::builder().put_request(put).build())
}

async fn write_all(table: &Table, mut pending: Vec<WriteRequest>) -> Result<(), StoreError> {
    let mut backoff = Backoff::new();
    loop {
        let written = table
            .client
            .batch_write_item()
            .request_items(&table.name, pending.clone())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .interceptor(table.meter.attempts())
            .send()
            .await
            .map_err(StoreError::of("BatchWriteItem"));
        match written {
            Ok(output) => {
                table.meter.count_write(output.consumed_capacity());
                pending = output
                    .unprocessed_items
                    .and_then(|mut unprocessed| unprocessed.remove(&table.name))
                    .unwrap_or_default();
            }
            // A batch of which nothing could be processed is refused as a whole.
            Err(error) if error.is_throttling() => {}
            Err(error) => return Err(error),
        }
        if pending.is_empty() {
            return Ok(());
        }
        table.meter.count_retry();
        tracing::debug!(left = pending.len(), "the table is busy; asking again");
        tokio::time::sleep(backoff.next_delay()).await;
    }
}
