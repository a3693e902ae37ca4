//! Reading the messages of a chat.

use model::{ChatId, Source, Timestamp};

use super::record::MessageRecord;
use crate::{
    dynamodb::{
        error::StoreError,
        key::Partition,
        query::Query,
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::{MESSAGE, message_sort_key, record_id},
    record_id::RecordId,
};

/// The bytes of a message's [`RecordId`]. They sort by time.
pub type MessageKey = [u8; 16];

/// A message with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// A UUIDv7 with the millisecond of acceptance.
    pub id: RecordId,
    /// The stored attributes.
    pub record: MessageRecord<'static>,
}

/// The messages that one query read.
#[derive(Debug)]
pub struct ChatPage {
    /// In the order of the query. `None` is an expired message that TTL has not deleted yet.
    pub messages: Vec<(MessageKey, Option<ChatMessage>)>,
    /// Whether the query has more messages.
    pub has_more: bool,
}

/// The start and the order of a query of a chat.
#[derive(Debug, Clone, Copy)]
pub enum ReadChat {
    /// Oldest first, starting with this id.
    From(MessageKey),
    /// Oldest first, starting after this id.
    After(MessageKey),
    /// Newest first.
    Newest,
    /// Newest first, starting before this id.
    Before(MessageKey),
}

/// Reads messages of a chat: one strongly consistent query of at most `limit` messages and one megabyte. Expired messages
/// count towards both.
///
/// # Errors
/// [`StoreError`] if the query fails, or a message is corrupt.
pub async fn read(
    table: &Table,
    source: Source,
    chat: &ChatId,
    start: ReadChat,
    limit: Option<usize>,
    now: Timestamp,
) -> Result<ChatPage, StoreError> {
    let partition = Partition::chat(source, chat);
    let sort_key = |id: MessageKey| message_sort_key(RecordId::from_bytes(id));
    let query = match start {
        ReadChat::From(id) => Query::from(partition, MESSAGE, sort_key(id)),
        ReadChat::After(id) => Query::of_kind(partition, MESSAGE).after(Some(sort_key(id))),
        ReadChat::Newest => Query::of_kind(partition, MESSAGE).descending(),
        ReadChat::Before(id) => Query::of_kind(partition, MESSAGE).descending().after(Some(sort_key(id))),
    };
    let page = table.query(query.limit(limit), Consistency::Strong).await?;
    let has_more = page.has_more;
    let messages = page.into_records().map(|record| {
        let (sort_key, record): (String, MessageRecord<'static>) = record?;
        let id = record_id(MESSAGE, &sort_key)?;
        let message = is_live(record.expire_at, now).then_some(ChatMessage { id, record });
        Ok((id.into_bytes(), message))
    });
    Ok(ChatPage { messages: messages.collect::<Result<_, StoreError>>()?, has_more })
}
