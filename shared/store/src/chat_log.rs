//! Chat logs: the turns of users with the robot. Readers of a log find them oldest first, because a sort key starts with
//! the time of the turn.

use model::{
    ChatId, ContentHash, EntryId, Source, Timestamp,
    customer_service::{ChatLogCursor, ChatLogEntry},
};
use serde::{Deserialize, Serialize};

use crate::{
    dynamodb::{
        error::StoreError,
        item::from_item,
        key::{Key, Partition},
        operation::TRANSACT_WRITE_ITEMS,
        query::Query,
        table::{Consistency, Table},
        transaction::{Transaction, TransactionOutcome},
        ttl::{absent_or_expired, is_live},
    },
    keys::turn_moment,
    record_id::RecordId,
};

/// A turn to store.
#[derive(Debug, Clone)]
pub struct Turn {
    /// When it happened.
    pub at: Timestamp,
    /// Distinguishes turns of the same millisecond.
    pub id: RecordId,
    /// The stored attributes.
    pub record: TurnRecord,
}

/// The attributes of a turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnRecord {
    /// The user's question.
    #[serde(default)]
    pub question: String,
    /// The robot's reply.
    #[serde(default)]
    pub reply: String,
    /// How the robot found its reply, if the platform said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_mode: Option<String>,
    /// In epoch seconds.
    pub expire_at: u64,
}

/// The turns that one query read.
#[derive(Debug)]
pub struct ChatLogPage {
    /// Each with the cursor after it, oldest first.
    pub entries: Vec<(ChatLogCursor, ChatLogEntry)>,
    /// Where the next page starts; `None` at the end of the log.
    pub next: Option<ChatLogCursor>,
}

/// Reads turns that have not expired by `now`: one eventually consistent query of at most `limit` turns and one megabyte.
/// Expired turns count towards both.
///
/// # Errors
/// [`StoreError`] if the query fails, or a turn is corrupt.
pub async fn read(
    table: &Table,
    source: Source,
    chat: &ChatId,
    after: Option<&ChatLogCursor>,
    limit: Option<u32>,
    now: Timestamp,
) -> Result<ChatLogPage, StoreError> {
    // The partition holds turns only. An item with another sort key is reported as corrupt and not skipped.
    let query = Query::all(Partition::chat_log(source, chat))
        .after(after.map(|cursor| cursor.position().to_owned()))
        .limit(limit.and_then(|limit| usize::try_from(limit).ok()));
    let page = table.query(query, Consistency::Eventual).await?;
    let has_more = page.has_more;
    let mut next = None;
    let mut entries = Vec::new();
    for record in page.into_records() {
        let (sort_key, TurnRecord { question, reply, reply_mode, expire_at }) = record?;
        let cursor = ChatLogCursor::after(&sort_key);
        next = Some(cursor.clone()).filter(|_| has_more);
        if is_live(expire_at, now) {
            let date_time = turn_moment(&sort_key)?.date_time();
            let reply_mode = reply_mode.unwrap_or_default();
            entries.push((cursor, ChatLogEntry { date_time, question, reply, reply_mode }));
        }
    }
    Ok(ChatLogPage { entries, next })
}

/// Stores a turn. One put; a repeat with the same time and id overwrites it.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn put(table: &Table, source: Source, chat: &ChatId, turn: &Turn) -> Result<(), StoreError> {
    table.put(Key::turn(source, chat, turn.at, turn.id), &turn.record).await
}

/// The outcome of [`put_once`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOnce {
    /// The turn is stored, by this call or an earlier one.
    Stored,
    /// The entry id was used for another question or reply. Nothing was written.
    IdTaken,
}

/// Stores a turn idempotently: while it is kept, a repeat with the same `entry` writes nothing. One transaction of two
/// items.
///
/// The entry id is an item of its own, because the sort key of the turn holds a time that may differ in a repeat.
///
/// # Errors
/// [`StoreError`] if the write fails, or the mark of the entry id is corrupt.
pub async fn put_once(
    table: &Table,
    source: Source,
    chat: &ChatId,
    entry: &EntryId,
    turn: &Turn,
    now: Timestamp,
) -> Result<PutOnce, StoreError> {
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct UsedIdRecord {
        content_hash: ContentHash,
        expire_at: u64,
    }
    let content_hash = turn.record.hash()?;
    let used = UsedIdRecord { content_hash: content_hash.clone(), expire_at: turn.record.expire_at };
    let outcome = Transaction::on(table)
        .put(Key::used_entry_id(source, chat, entry), &used, Some(absent_or_expired(now)))?
        .put(Key::turn(source, chat, turn.at, turn.id), &turn.record, None)?
        .commit()
        .await?;
    match outcome {
        TransactionOutcome::Committed => Ok(PutOnce::Stored),
        TransactionOutcome::ConditionFailed { item, .. } => {
            let used: UsedIdRecord = from_item(item, TRANSACT_WRITE_ITEMS)?;
            Ok(if used.content_hash == content_hash { PutOnce::Stored } else { PutOnce::IdTaken })
        }
    }
}

impl TurnRecord {
    /// The SHA-256 of the JSON array `[question, reply]`.
    fn hash(&self) -> Result<ContentHash, StoreError> {
        let hashed = serde_json::to_vec(&(&self.question, &self.reply));
        hashed.map(ContentHash::of).map_err(|_| StoreError::invalid_request(TRANSACT_WRITE_ITEMS))
    }
}
