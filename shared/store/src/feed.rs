//! The feed of a source: the messages of all of its users, in the order in which they were accepted.
//!
//! Keys of one chat rise with the number of the message, and an entry names the key before it, so that a
//! [`Tail`](crate::tail::Tail) gives each chat in order. An entry holds all that a partner reads: reading is one query.

use std::borrow::Cow;

use model::{
    ChatId, ClientId, Source, Timestamp, UserMessageId, customer_service::FeedEntry, platform::UserMessage,
};
use serde::{Deserialize, Serialize};

use crate::{
    dynamodb::{
        error::StoreError,
        key::{Key, Partition},
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::source_of_feed,
    message_content::MessageContent,
    record_id::RecordId,
    tail::{Log, RecordKey, TailRecord},
};

/// How long an entry is kept: 8 days, one more than the outage of a partner that loses nothing.
pub const RETENTION_HOURS: u64 = 8 * 24;

/// A message of a user as the feed stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedRecord<'a> {
    open_id: Cow<'a, ChatId>,
    seq: u64,
    message_id: Cow<'a, UserMessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<Cow<'a, ClientId>>,
    #[serde(flatten)]
    content: MessageContent<'a>,
    accepted_at: Timestamp,
    /// The key of the entry before it of the same chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<RecordId>,
    /// In epoch seconds.
    expire_at: u64,
}

impl<'a> FeedRecord<'a> {
    pub(crate) fn new(
        message: &'a UserMessage,
        accepted_at: Timestamp,
        seq: u64,
        prev: Option<RecordId>,
    ) -> Self {
        Self {
            open_id: Cow::Borrowed(&message.chat),
            seq,
            message_id: Cow::Borrowed(&message.id),
            client_id: message.client.as_ref().map(Cow::Borrowed),
            content: MessageContent::from(&message.body),
            accepted_at,
            prev,
            expire_at: accepted_at.plus_hours(RETENTION_HOURS).seconds(),
        }
    }

    /// The entry as partners read it.
    #[must_use]
    pub fn into_entry(self) -> FeedEntry {
        FeedEntry {
            open_id: self.open_id.into_owned().into(),
            seq: self.seq,
            message_id: self.message_id.into_owned().into(),
            client_id: self.client_id.map(|client| client.into_owned().into()).unwrap_or_default(),
            time: self.accepted_at.date_time(),
            msgtype: self.content.msgtype(),
            fields: self.content.into(),
        }
    }
}

impl TailRecord for FeedRecord<'static> {
    fn expire_at(&self) -> u64 {
        self.expire_at
    }

    fn predecessor(&self) -> Option<RecordKey> {
        self.prev.map(RecordId::into_bytes)
    }
}

/// The feed of a source, to be read with a [`Tail`](crate::tail::Tail).
#[must_use]
pub fn log(table: &Table, source: Source) -> Log<'_> {
    Log::new(table, Partition::feed(source))
}

/// Reads the entries with these keys, in their order, without those that have expired. One strongly consistent batch per 100
/// keys.
///
/// # Errors
/// [`StoreError`] if the read fails, or an entry is corrupt.
pub async fn entries(
    table: &Table,
    source: Source,
    keys: &[RecordKey],
    now: Timestamp,
) -> Result<Vec<(RecordKey, FeedEntry)>, StoreError> {
    let item = |key: &RecordKey| Key::feed_entry(source, RecordId::from_bytes(*key));
    let found = table.batch_get(keys.iter().map(item).collect(), Consistency::Strong).await?;
    let mut entries = Vec::with_capacity(keys.len());
    for key in keys {
        let record: Option<FeedRecord<'static>> = found.record(&item(key))?;
        let live = record.filter(|record| is_live(record.expire_at, now));
        entries.extend(live.map(|record| (*key, record.into_entry())));
    }
    Ok(entries)
}

/// The source whose feed has this partition key; `None` for another partition. For records of the table's stream.
#[must_use]
pub fn source_of(partition_key: &str) -> Option<Source> {
    source_of_feed(partition_key)
}
