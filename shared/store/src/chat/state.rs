//! The state of a chat: the last `begin` or `end`, and the agent who speaks.

use model::{AgentName, ChatId, Source, Timestamp};

use super::record::{EventRecord, MessageRecord};
use crate::{
    dynamodb::{
        error::StoreError,
        key::Partition,
        query::Query,
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::{EVENT, MESSAGE, record_id},
    message_content::{EventType, MessageContent},
};

/// The messages that [`last_speaker`] reads, newest first, per query.
const SPEAKER_QUERIES: [usize; 2] = [5, 100];

/// The last `begin` or `end` of a chat.
struct LastEvent {
    event_type: EventType,
    fromuser: Option<String>,
    at: Timestamp,
}

/// The side that answers the user since the last `begin` or `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatState {
    /// Whether a human answers; otherwise the robot does.
    pub is_human: bool,
    /// The agent's name: the sender of the `begin`, or of the last message since if the system sent the `begin`. Empty if no
    /// agent has sent a message yet, and for the robot.
    pub agent: String,
    /// When the event was accepted; `None` before the first one.
    pub since: Option<Timestamp>,
}

/// Reads the state of a chat. Events that have expired by `now` do not count.
///
/// One strongly consistent query of one item. If the system sent the `begin`, one or two more for the agent's name.
///
/// # Errors
/// [`StoreError`] if a query fails, or an item is corrupt.
pub async fn state(
    table: &Table,
    source: Source,
    chat: &ChatId,
    now: Timestamp,
) -> Result<ChatState, StoreError> {
    let Some(event) = last_event(table, source, chat, now).await? else {
        return Ok(ChatState { is_human: false, agent: String::new(), since: None });
    };
    let is_human = event.event_type == EventType::Begin;
    let agent = match event.fromuser {
        _ if !is_human => None,
        Some(system) if system == AgentName::SYSTEM => last_speaker(table, source, chat, event.at).await?,
        agent => agent,
    };
    Ok(ChatState { is_human, agent: agent.unwrap_or_default(), since: Some(event.at) })
}

/// `None` if there is none, or it has expired by `now`. One query of one item.
async fn last_event(
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

/// The name of the agent who spoke last since `since`. Ignores events, users and messages from `系统消息`. One query of 5
/// messages. If they name no agent, a second query of 100 messages.
async fn last_speaker(
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
