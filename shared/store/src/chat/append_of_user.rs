//! Appending a user's message to its chat and to the feed of its source.
//!
//! Messages of users are numbered per chat without gaps: the counter, the message, its entry in the feed and the mark of its
//! `messageId` are one transaction. Within a chat, feed keys increase with the number even if clocks differ.

use model::{ClientId, ContentHash, Timestamp, platform::UserMessage};
use serde::{Deserialize, Serialize};

use super::{
    append::USED_ID_HOURS,
    record::{Acceptance, MessageRecord, UsedIdRecord},
    state::{ChatState, state},
};
use crate::{
    dynamodb::{
        error::StoreError,
        expression::{Expression, number},
        item::from_item,
        key::Key,
        operation::TRANSACT_WRITE_ITEMS,
        retry::RetryReason,
        table::{Consistency, Table},
        transaction::{Transaction, TransactionOutcome},
        ttl::absent_or_expired,
    },
    feed::FeedRecord,
    message_content::MessageContent,
    record_id::RecordId,
};

/// The outcome of [`append_of_user`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAppended {
    /// The message is stored.
    Stored {
        /// Its number.
        seq: u64,
    },
    /// The same message was stored before under its `messageId`. Nothing was written.
    Repeated {
        /// Its number.
        seq: u64,
    },
    /// The `messageId` was used for another message. Nothing was written.
    IdTaken,
}

/// The number of the last message, and its key in the feed. It has no TTL: a returning user goes on counting.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counter {
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_key: Option<RecordId>,
}

impl Counter {
    /// The counter after one more message, with a key that is later than the last one.
    fn next(self, at: Timestamp) -> (Self, RecordId) {
        let after_last = self.last_key.map(|key| Timestamp::from_millis(key.moment().millis() + 1));
        let key = RecordId::new(after_last.map_or(at, |after_last| after_last.max(at)));
        (Self { seq: self.seq + 1, last_key: Some(key) }, key)
    }

    fn is_unchanged(self) -> Expression {
        match self.seq {
            0 => Expression::new("attribute_not_exists(pk)", []),
            seq => Expression::new("seq = :read", [(":read", number(seq))]),
        }
    }
}

/// Appends a user's message, and reads the state of the chat. The message is durable when this returns.
///
/// One read of the counter, then one transaction of four items: 8 write units if each item has at most 1 KB. The state is read
/// meanwhile, with one to three queries. A transaction that loses a race is repeated with the counter that the failure
/// returned, until the time of the request is over.
///
/// # Errors
/// [`StoreError`] if a read or the write fails, or an item is corrupt.
pub async fn append_of_user(
    table: &Table,
    message: &UserMessage,
    acceptance: Acceptance<'_>,
) -> Result<(UserAppended, ChatState), StoreError> {
    let Acceptance { source, at, .. } = acceptance;
    tokio::try_join!(append(table, message, acceptance), state(table, source, &message.chat, at))
}

async fn append(
    table: &Table,
    message: &UserMessage,
    acceptance: Acceptance<'_>,
) -> Result<UserAppended, StoreError> {
    let key = Key::user_counter(acceptance.source, &message.chat);
    let mut counter = table.get::<Counter>(key, Consistency::Strong).await?.unwrap_or_default();
    let content_hash = hash(message)?;
    let mut attempts = table.attempts(TRANSACT_WRITE_ITEMS, u32::MAX);
    loop {
        let (next, key) = counter.next(acceptance.at);
        let transaction = transaction(table, message, acceptance, counter, next, key, content_hash.clone())?;
        match transaction.commit().await? {
            TransactionOutcome::Committed => return Ok(UserAppended::Stored { seq: next.seq }),
            // The mark is checked first: it is the first step.
            TransactionOutcome::ConditionFailed { step: 0, item } => {
                let used: UsedIdRecord = from_item(item, TRANSACT_WRITE_ITEMS)?;
                let seq = used.seq.ok_or_else(|| StoreError::corrupt_item(TRANSACT_WRITE_ITEMS))?;
                let is_same = used.content_hash == content_hash;
                return Ok(if is_same { UserAppended::Repeated { seq } } else { UserAppended::IdTaken });
            }
            TransactionOutcome::ConditionFailed { item, .. } => {
                counter = from_item(item, TRANSACT_WRITE_ITEMS)?;
                if !attempts.retry(RetryReason::Conflict).await {
                    return Err(StoreError::conflict(TRANSACT_WRITE_ITEMS));
                }
            }
        }
    }
}

fn transaction<'t>(
    table: &'t Table,
    message: &UserMessage,
    acceptance: Acceptance<'_>,
    counter: Counter,
    next: Counter,
    key: RecordId,
    content_hash: ContentHash,
) -> Result<Transaction<'t>, StoreError> {
    let Acceptance { source, at, .. } = acceptance;
    let chat = &message.chat;
    let expire_at = at.plus_hours(USED_ID_HOURS).seconds();
    let used = UsedIdRecord { content_hash, seq: Some(next.seq), expire_at };
    let record = MessageRecord::of_user(message, &acceptance, next.seq);
    let entry = FeedRecord::new(message, at, next.seq, counter.last_key);
    let used_id = Key::used_user_message_id(source, chat, &message.id);
    Transaction::on(table)
        .put(used_id, &used, Some(absent_or_expired(at)))?
        .put(Key::user_counter(source, chat), &next, Some(counter.is_unchanged()))?
        .put(Key::message(source, chat, key), &record, None)?
        .put(Key::feed_entry(source, key), &entry, None)
}

/// Equal for a retry of the message.
fn hash(message: &UserMessage) -> Result<ContentHash, StoreError> {
    let client = message.client.as_ref().map(ClientId::as_str);
    MessageContent::from(&message.body).hash(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_rise_with_the_number_whatever_the_clock_says() {
        let mut counter = Counter::default();
        let mut last = None;
        for (seq, millis) in [(1, 5_000), (2, 5_000), (3, 2_000), (4, 9_000), (5, 8_999)] {
            let (next, key) = counter.next(Timestamp::from_millis(millis));
            assert_eq!(next.seq, seq);
            assert!(last < Some(key.into_bytes()), "{seq}");
            (counter, last) = (next, Some(key.into_bytes()));
        }
        assert_eq!(counter.last_key.unwrap().moment().millis(), 9_001);
    }
}
