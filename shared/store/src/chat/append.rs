//! Appending a received message to its chat.

use model::customer_service::ReceivedMessage;

use super::record::{Acceptance, MessageRecord, UsedIdRecord};
use crate::{
    dynamodb::{
        error::StoreError,
        item::from_item,
        key::Key,
        operation::TRANSACT_WRITE_ITEMS,
        table::Table,
        transaction::{Transaction, TransactionOutcome},
        ttl::absent_or_expired,
    },
    record_id::RecordId,
};

/// For this time a `msgId` or a `messageId` makes a retry safe: the contract's 24 hours.
pub(super) const USED_ID_HOURS: u64 = 24;

/// The outcome of [`append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The message is stored.
    Stored,
    /// The same message was stored before under its `msgId`. Nothing was written.
    Repeated,
    /// The `msgId` was used for another message. Nothing was written.
    IdTaken,
}

/// Appends a message to its chat. It is durable when this returns.
///
/// One request. A message without `msgId` that is no event is one put. Otherwise it is a transaction of two or three items:
/// the message, the event's second copy, and the mark of the `msgId`.
///
/// # Errors
/// [`StoreError`] if the write fails, or the mark of the `msgId` is corrupt.
pub async fn append(
    table: &Table,
    message: &ReceivedMessage,
    acceptance: Acceptance<'_>,
) -> Result<Appended, StoreError> {
    let Acceptance { source, app, at, .. } = acceptance;
    let chat = &message.chat;
    let id = RecordId::new(at);
    let record = MessageRecord::new(message, &acceptance);
    let event = record.event();
    if message.id.is_none() && event.is_none() {
        table.put(Key::message(source, chat, id), &record).await?;
        return Ok(Appended::Stored);
    }
    let mut transaction = Transaction::on(table);
    let content_hash = record.hash()?;
    if let Some(message_id) = &message.id {
        let expire_at = at.plus_hours(USED_ID_HOURS).seconds();
        let used = UsedIdRecord { content_hash: content_hash.clone(), seq: None, expire_at };
        let key = Key::used_message_id(source, chat, app, message_id);
        transaction = transaction.put(key, &used, Some(absent_or_expired(at)))?;
    }
    transaction = transaction.put(Key::message(source, chat, id), &record, None)?;
    if let Some(event) = event {
        transaction = transaction.put(Key::event(source, chat, id), &event, None)?;
    }
    match transaction.commit().await? {
        TransactionOutcome::Committed => Ok(Appended::Stored),
        TransactionOutcome::ConditionFailed { item, .. } => {
            let used: UsedIdRecord = from_item(item, TRANSACT_WRITE_ITEMS)?;
            let is_same = used.content_hash == content_hash;
            Ok(if is_same { Appended::Repeated } else { Appended::IdTaken })
        }
    }
}
