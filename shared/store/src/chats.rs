//! What the chat window shows: the other end of [`messages`].

use model::{AgentName, AppId, ChatId, Source, Timestamp, platform::MessageKey};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    StoreError, Table, messages,
    record::{from_item, lives, sort_of},
    table::{Direction, Range},
};

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

/// Reads the messages of a chat from the id `from` on that live at `now`, in the order of their ids: at most
/// `limit`, consistently. One query for each megabyte.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or a message cannot be understood.
pub async fn read(
    table: &Table,
    source: Source,
    chat: &ChatId,
    from: MessageKey,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<ChatMessage>, StoreError> {
    let from = format!("MSG#{}", Uuid::from_bytes(from));
    let mut messages = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let partition = messages::partition(source, chat);
        let range = Range { from: &from, to: "MSG$" };
        let page = table.query_page(partition, range, Direction::Forward, after.take(), Some(limit)).await?;
        for item in page.items {
            let sort = sort_of(&item)?;
            let id = id_of(&sort, "MSG#")?;
            after = Some(sort);
            let record: MessageRecord = from_item(item, "Query")?;
            if lives(record.expire_at, now) {
                messages.push(ChatMessage { id, record });
            }
        }
        if !page.has_more || messages.len() >= limit {
            messages.truncate(limit);
            return Ok(messages);
        }
    }
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
    let page = table.query_page(partition, range, Direction::Backward, None, Some(1)).await?;
    let Some(item) = page.items.into_iter().next() else { return Ok(None) };
    let at = moment(id_of(&sort_of(&item)?, "EVT#")?);
    let EventRecord { event_type, fromuser, expire_at } = from_item(item, "Query")?;
    Ok(lives(expire_at, now).then_some(LastEvent { event_type, fromuser, at }))
}

/// Who spoke last in a chat since `since`, among its last few messages. One consistent query.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or a message cannot be understood.
pub async fn last_speaker(
    table: &Table,
    source: Source,
    chat: &ChatId,
    since: Timestamp,
) -> Result<Option<String>, StoreError> {
    /// A message in a row that names nobody is an evaluation, or an event.
    const LAST_FEW: usize = 5;
    let (partition, range) = (messages::partition(source, chat), Range { from: "MSG#", to: "MSG$" });
    let page = table.query_page(partition, range, Direction::Backward, None, Some(LAST_FEW)).await?;
    for item in page.items {
        let MessageRecord { msgtype, fromuser, received_at, .. } = from_item(item, "Query")?;
        if received_at < since {
            break;
        }
        if msgtype != "event" && fromuser.is_some() {
            return Ok(fromuser);
        }
    }
    Ok(None)
}

fn id_of(sort: &str, prefix: &str) -> Result<Uuid, StoreError> {
    let id = sort.strip_prefix(prefix).and_then(|id| Uuid::try_parse(id).ok());
    id.ok_or_else(|| StoreError::unreadable("Query"))
}

fn moment(id: Uuid) -> Timestamp {
    let (seconds, nanos) = id.get_timestamp().map(|at| at.to_unix()).unwrap_or_default();
    Timestamp::from_millis(seconds * 1000 + u64::from(nanos / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordId;

    #[test]
    fn an_id_tells_its_moment() {
        let at = Timestamp::from_millis(1_589_243_400_123);
        assert_eq!(moment(RecordId::new(at).to_string().parse().unwrap()), at);
    }
}
