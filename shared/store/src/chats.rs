//! What the chat window shows: the other end of [`messages`].

use model::{AgentName, AppId, ChatId, Source, Timestamp};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    StoreError, Table, messages,
    record::{from_item, lives, sort_of},
    table::{Direction, Range, Read},
};

/// The id of a message, a UUIDv7: 48 bits of milliseconds, then random bits. Ids sort by their moments.
pub type MessageKey = [u8; 16];

/// A message of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// What identifies it, a UUIDv7 of the moment it was accepted.
    pub id: Uuid,
    /// What is stored of it.
    pub record: MessageRecord,
}

/// What is stored of a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageRecord {
    /// The application that brought it.
    pub app_id: AppId,
    /// `event`, `evaluate`, `text`, `image` or `file`.
    pub msgtype: String,
    /// Who speaks.
    pub fromuser: Option<String>,
    /// What it says, in the fields of its type.
    pub payload: Payload,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// When this record ends, in epoch seconds.
    expire_at: u64,
}

/// The fields of a message that only some types have, named as the contract names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Payload {
    /// Of an event: `begin` or `end`.
    #[serde(rename = "eventType")]
    pub event_type: Option<String>,
    /// Of an evaluation.
    pub url: Option<String>,
    /// Of a text.
    pub content: Option<String>,
    /// Of an image.
    pub image_url: Option<String>,
    /// Of a file.
    pub file_name: Option<String>,
    /// Of a file.
    pub file_url: Option<String>,
}

/// The last `begin` or `end` of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastEvent {
    /// `begin` or `end`.
    pub event_type: String,
    /// Who said so.
    pub fromuser: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl LastEvent {
    /// Whether the system says that a human takes over, as the API document has it, and not the human.
    #[must_use]
    pub fn is_by_the_system(&self) -> bool {
        self.event_type == "begin" && self.fromuser.as_deref() == Some(AgentName::SYSTEM)
    }
}

/// Messages of a chat that one query read, and whether there are more.
#[derive(Debug)]
pub struct ChatPage {
    /// Each with its id, in the order of the query. `None` is a message that has expired and waits for TTL.
    pub messages: Vec<(MessageKey, Option<ChatMessage>)>,
    /// Whether there are more after these.
    pub has_more: bool,
}

/// Where a query of a chat begins, and in which direction it reads.
#[derive(Debug, Clone, Copy)]
pub enum ReadChat {
    /// Oldest first, from this id on.
    From(MessageKey),
    /// Oldest first, after the message with this id.
    After(MessageKey),
    /// Newest first, from the newest one on.
    Newest,
    /// Newest first, before the message with this id.
    Before(MessageKey),
}

/// Reads messages of a chat, at most `limit` and a megabyte; messages that have expired by `now` count too. One strongly
/// consistent query.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or a message is not what this crate writes.
pub async fn read(
    table: &Table,
    source: Source,
    chat: &ChatId,
    place: ReadChat,
    limit: Option<usize>,
    now: Timestamp,
) -> Result<ChatPage, StoreError> {
    let sort = |id: MessageKey| format!("MSG#{}", Uuid::from_bytes(id));
    let (first, direction, after) = match place {
        ReadChat::From(id) => (sort(id), Direction::Forward, None),
        ReadChat::After(id) => (sort(id), Direction::Forward, Some(sort(id))),
        ReadChat::Newest => ("MSG#".to_owned(), Direction::Backward, None),
        ReadChat::Before(id) => ("MSG#".to_owned(), Direction::Backward, Some(sort(id))),
    };
    let (partition, range) = (messages::partition(source, chat), Range { from: &first, to: "MSG$" });
    let page = table.query_page(partition, range, direction, after, limit, Read::Consistent).await?;
    let messages = page.items.into_iter().map(|item| {
        let id = id_of(&sort_of(&item)?, "MSG#")?;
        let record: MessageRecord = from_item(item, "Query")?;
        Ok((id.into_bytes(), lives(record.expire_at, now).then_some(ChatMessage { id, record })))
    });
    Ok(ChatPage { messages: messages.collect::<Result<_, StoreError>>()?, has_more: page.has_more })
}

/// Reads the last `begin` or `end` of a chat, if it lives at `now`. One consistent query.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or the event cannot be understood.
pub async fn last_event(
    table: &Table,
    source: Source,
    chat: &ChatId,
    now: Timestamp,
) -> Result<Option<LastEvent>, StoreError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct EventRecord {
        event_type: String,
        fromuser: Option<String>,
        expire_at: u64,
    }
    let (partition, range) = (messages::partition(source, chat), Range { from: "EVT#", to: "EVT$" });
    let (limit, read) = (Some(1), Read::Consistent);
    let page = table.query_page(partition, range, Direction::Backward, None, limit, read).await?;
    let Some(item) = page.items.into_iter().next() else { return Ok(None) };
    let at = moment(id_of(&sort_of(&item)?, "EVT#")?.into_bytes());
    let EventRecord { event_type, fromuser, expire_at } = from_item(item, "Query")?;
    Ok(lives(expire_at, now).then_some(LastEvent { event_type, fromuser, at }))
}

/// The agent who spoke last in a chat since `since`, by name, among its last 105 messages. One strongly consistent query
/// of 5 messages; a second one of 100 where those name nobody: evaluations, or messages of the system.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or a message is not what this crate writes.
pub async fn last_speaker(
    table: &Table,
    source: Source,
    chat: &ChatId,
    since: Timestamp,
) -> Result<Option<String>, StoreError> {
    let mut after = None;
    for limit in [5, 100] {
        let (partition, range) = (messages::partition(source, chat), Range { from: "MSG#", to: "MSG$" });
        let (limit, read) = (Some(limit), Read::Consistent);
        let page = table.query_page(partition, range, Direction::Backward, after, limit, read).await?;
        after = page.items.last().map(sort_of).transpose()?;
        for item in page.items {
            let MessageRecord { msgtype, fromuser, received_at, .. } = from_item(item, "Query")?;
            if received_at < since {
                return Ok(None);
            }
            if msgtype != "event" && fromuser.as_ref().is_some_and(|name| name != AgentName::SYSTEM) {
                return Ok(fromuser);
            }
        }
        if !page.has_more {
            break;
        }
    }
    Ok(None)
}

fn id_of(sort: &str, prefix: &str) -> Result<Uuid, StoreError> {
    let id = sort.strip_prefix(prefix).and_then(|id| Uuid::try_parse(id).ok());
    id.ok_or_else(|| StoreError::unreadable("Query"))
}

/// The moment of a message: the 48 bits of milliseconds that its id begins with.
#[must_use]
pub fn moment(id: MessageKey) -> Timestamp {
    let (seconds, nanos) = Uuid::from_bytes(id).get_timestamp().map(|at| at.to_unix()).unwrap_or_default();
    Timestamp::from_millis(seconds * 1000 + u64::from(nanos / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordId;

    #[test]
    fn an_id_tells_its_moment() {
        let at = Timestamp::from_millis(1_589_243_400_123);
        let id: Uuid = RecordId::new(at).to_string().parse().unwrap();
        assert_eq!(moment(id.into_bytes()), at);
    }
}
