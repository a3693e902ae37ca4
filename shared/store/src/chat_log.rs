//! The conversations of users with the robot: `LOG#<source>#<openId>`, one item for each turn.
//!
//! The sort key is the moment of the turn in 13 digits of milliseconds, then an id: turns come back oldest first.

use model::{
    ChatId, ContentHash, EntryId, Source, Timestamp,
    customer_service::{ChatLogCursor, ChatLogEntry},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordId, StoreError, Table,
    keys::key,
    record::{from_item, is_absent, lives, sort_of, to_attributes},
    table::{Direction, Range, Read},
    transaction::{Outcome, TRANSACTION, Transaction},
};

/// Every sort key, so that one of another form is an error and not left out.
const TURNS: Range<'_> = Range { from: " ", to: "\u{10ffff}" };

/// One turn of a conversation, to be stored.
#[derive(Debug, Clone)]
pub struct Turn {
    /// When it was.
    pub at: Timestamp,
    /// What tells it from another turn of the same millisecond.
    pub id: RecordId,
    /// What was said.
    pub said: TurnRecord,
}

/// What is stored of a turn beside its key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnRecord {
    /// What the user asked.
    #[serde(default)]
    pub question: String,
    /// What the robot answered.
    #[serde(default)]
    pub reply: String,
    /// How the robot came to its answer, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_mode: Option<String>,
    /// When this record ends, in epoch seconds.
    pub expire_at: u64,
}

/// What one read of a chat log brought.
#[derive(Debug)]
pub struct Page {
    /// The turns, each with the place after it, oldest first.
    pub entries: Vec<(ChatLogCursor, ChatLogEntry)>,
    /// Where the next read goes on; `None` at the end of the log.
    pub next: Option<ChatLogCursor>,
}

/// Reads on in a chat log: at most `limit` turns, at most a megabyte, without what has expired by `now`. One query,
/// eventually consistent.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or a turn cannot be understood.
pub async fn read(
    table: &Table,
    source: Source,
    chat: &ChatId,
    after: Option<&ChatLogCursor>,
    limit: Option<u32>,
    now: Timestamp,
) -> Result<Page, StoreError> {
    let after = after.map(|cursor| cursor.position().to_owned());
    let (partition, limit) = (partition(source, chat), limit.and_then(|limit| usize::try_from(limit).ok()));
    let page = table.query_page(partition, TURNS, Direction::Forward, after, limit, Read::Eventual).await?;
    let mut next = None;
    let mut entries = Vec::new();
    for item in page.items {
        let place = sort_of(&item).map(ChatLogCursor::after)?;
        next = Some(place.clone()).filter(|_| page.has_more);
        let said: TurnRecord = from_item(item, "Query")?;
        if lives(said.expire_at, now) {
            let entry = ChatLogEntry {
                date_time: moment(&place)?.date_time(),
                question: said.question,
                reply: said.reply,
                reply_mode: said.reply_mode.unwrap_or_default(),
            };
            entries.push((place, entry));
        }
    }
    Ok(Page { entries, next })
}

/// Stores a turn.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn put(table: &Table, source: Source, chat: &ChatId, turn: &Turn) -> Result<(), StoreError> {
    let attributes = to_attributes(&turn.said, "PutItem")?;
    table.put(partition(source, chat), sort(turn), attributes).await
}

/// The outcome of storing a turn under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Once {
    /// The turn is stored, by this call or an earlier one.
    Stored,
    /// The id stands for another question or reply; nothing was stored.
    Taken,
}

/// Stores a turn once, however often it is sent with this `entry` id, for as long as it is kept. One request.
///
/// The log's own key holds the moment of the turn, which another call may tell differently; so the id is an item of its
/// own, in another partition, where a reader of the log does not meet it.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn put_once(
    table: &Table,
    source: Source,
    chat: &ChatId,
    entry: &EntryId,
    turn: &Turn,
    now: Timestamp,
) -> Result<Once, StoreError> {
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct EntryRecord {
        content_hash: ContentHash,
        expire_at: u64,
    }
    let content_hash = turn.said.hash()?;
    let mark = EntryRecord { content_hash: content_hash.clone(), expire_at: turn.said.expire_at };
    let marks = key("ENTRY", &[&source.to_string(), chat.as_str()]);
    let (mark, said) = (to_attributes(&mark, TRANSACTION)?, to_attributes(&turn.said, TRANSACTION)?);
    let outcome = Transaction::on(table)
        .put(marks, key("ID", &[entry.as_str()]), mark, Some(is_absent(now)))?
        .put(partition(source, chat), sort(turn), said, None)?
        .commit()
        .await?;
    match outcome {
        Outcome::Written => Ok(Once::Stored),
        Outcome::Refused { item, .. } => {
            let mark: EntryRecord = from_item(item, TRANSACTION)?;
            Ok(if mark.content_hash == content_hash { Once::Stored } else { Once::Taken })
        }
    }
}

impl TurnRecord {
    /// Tells a question and a reply from others.
    fn hash(&self) -> Result<ContentHash, StoreError> {
        let said = serde_json::to_vec(&(&self.question, &self.reply));
        said.map(ContentHash::of).map_err(|_| StoreError::unreadable(TRANSACTION))
    }
}

fn sort(turn: &Turn) -> String {
    format!("{:013}#{}", turn.at.millis(), turn.id)
}

fn partition(source: Source, chat: &ChatId) -> String {
    key("LOG", &[&source.to_string(), chat.as_str()])
}

/// The moment of the turn after which `place` is.
fn moment(place: &ChatLogCursor) -> Result<Timestamp, StoreError> {
    place
        .position()
        .split_once('#')
        .and_then(|(millis, _)| millis.parse().ok())
        .map(Timestamp::from_millis)
        .ok_or_else(|| StoreError::unreadable("Query"))
}
