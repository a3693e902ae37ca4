//! The state of a chat: the last `begin` or `end`, and the agent who speaks.

use model::{AgentName, ChatId, Source, Timestamp};

use super::record::{EventRecord, EventType, MessageContent, MessageRecord};
use crate::{
    dynamodb::{
        error::StoreError,
        key::Partition,
        query::Query,
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::{EVENT, MESSAGE, record_id},
};

/// The messages that [`last_speaker`] reads, newest first, per query.
const SPEAKER_QUERIES: [usize; 2] = [5, 100];

/// The last `begin` or `end` of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastEvent {
    /// `begin` or `end`.
    pub event_type: EventType,
    /// The name of the sender.
    pub fromuser: Option<String>,
    /// When it was accepted.
    pub at: Timestamp,
}

impl LastEvent {
    /// Whether this is a `begin` from `系统消息`. As in the API document, the agent's name then comes with the first message.
    #[must_use]
    pub fn is_begin_of_system(&self) -> bool {
        self.event_type == EventType::Begin && self.fromuser.as_deref() == Some(AgentName::SYSTEM)
    }
}

/// Reads the last `begin` or `end` of a chat; `None` if there is none, or it has expired by `now`. One strongly consistent
/// query of one item.
///
/// # Errors
/// [`StoreError`] if the query fails, or the event is corrupt.
pub async fn last_event(
    table: &Table,
    source: Source,
    chat: &ChatId,
    now: Timestamp,
) -> Result<Option<LastEvent>, StoreError> {
    let query = Query::of_kind(Partition::chat(source, chat), EVENT).descending().limit(Some(1));
    let page = table.query(query, Consistency::Strong).await?;
    let Some(event) = page.into_records().next() else { return Ok(None) };
    let (sort_key, event): (String, EventRecord<'static>) = event?;
    let at = record_id(EVENT, &sort_key)?.moment();
    let EventRecord { event_type, fromuser, expire_at } = event;
    let fromuser = fromuser.map(String::from);
    Ok(is_live(expire_at, now).then_some(LastEvent { event_type, fromuser, at }))
}

/// Reads the name of the agent who spoke last since `since`. Ignores events and messages from `系统消息`.
///
/// One strongly consistent query of 5 messages. If they name no agent, a second query of 100 messages.
///
/// # Errors
/// [`StoreError`] if a query fails, or a message is corrupt.
pub async fn last_speaker(
    table: &Table,
    source: Source,
    chat: &ChatId,
    since: Timestamp,
) -> Result<Option<String>, StoreError> {
    let mut after = None;
    for limit in SPEAKER_QUERIES {
        let query = Query::of_kind(Partition::chat(source, chat), MESSAGE).descending();
        let page = table.query(query.after(after).limit(Some(limit)), Consistency::Strong).await?;
        let has_more = page.has_more;
        after = page.last_sort_key()?;
        for record in page.into_records() {
            let (_, MessageRecord { content, fromuser, received_at, .. }) = record?;
            if received_at < since {
                return Ok(None);
            }
            let is_event = matches!(content, MessageContent::Event { .. });
            if !is_event && let Some(name) = fromuser.filter(|name| name != AgentName::SYSTEM) {
                return Ok(Some(name.into_owned()));
            }
        }
        if !has_more {
            break;
        }
    }
    Ok(None)
}
