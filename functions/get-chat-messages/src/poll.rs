//! One poll of a chat: it misses no message and delivers none twice.

use api::ResponseBudget;
use model::{ChatId, PageSize, Source, Timestamp};
use store::{
    RecordId, StoreError, Table,
    chat::{self, MessageRecord},
    tail::{Log, LogPage, Place, RecordKey, Tail, TailCursor, window_start},
};

use crate::view::MessageView;

/// The most queries for the newest messages, each of at most 1 MB.
const MAX_QUERIES: usize = 3;

/// A poll of one chat.
pub(crate) struct PollRequest {
    pub(crate) source: Source,
    pub(crate) chat: ChatId,
    /// The cursor of the previous poll.
    pub(crate) after: Option<TailCursor>,
    pub(crate) limit: PageSize<100, 200>,
    /// Without `after`: start with the newest messages instead of the oldest.
    pub(crate) latest: bool,
}

/// The messages of a poll, in the order of their ids, and the cursor of the next one.
pub(crate) struct Poll {
    pub(crate) messages: Vec<MessageView>,
    pub(crate) cursor: TailCursor,
}

/// Reads the messages that were not delivered before; without a cursor the oldest ones, or the newest if `latest` is set.
/// At most three queries.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or an item is malformed.
pub(crate) async fn poll(table: &Table, request: &PollRequest, now: Timestamp) -> Result<Poll, StoreError> {
    let log = chat::log(table, request.source, &request.chat);
    let limit = request.limit.get();
    match &request.after {
        None if request.latest => read_newest(&log, limit, now).await,
        after => read_onwards(&log, after.clone().unwrap_or_default(), limit, now).await,
    }
}

async fn read_onwards(
    log: &Log<'_>,
    cursor: TailCursor,
    limit: usize,
    now: Timestamp,
) -> Result<Poll, StoreError> {
    let mut tail = Tail { cursor, capacity: TailCursor::URL_CAPACITY, limit };
    let mut budget = ResponseBudget::default();
    let mut messages = Vec::new();
    let give = |key, record: MessageRecord<'static>| {
        let view = MessageView::new(key, record);
        let fits = budget.take(&view);
        if fits {
            messages.push((key, view));
        }
        fits
    };
    tail.read(log, now, give).await?;
    Ok(in_order(messages, tail.cursor))
}

/// Delivers the newest messages. The watermark passes all older ones up to the window, whose other messages come with the
/// next poll.
async fn read_newest(log: &Log<'_>, limit: usize, now: Timestamp) -> Result<Poll, StoreError> {
    let mut budget = ResponseBudget::default();
    let mut messages = Vec::new();
    let mut cursor = TailCursor::default();
    let mut place = Place::Newest;
    'reading: for _ in 0..MAX_QUERIES {
        let page: LogPage<MessageRecord<'static>> =
            log.query(place, Some(limit - messages.len()), now).await?;
        for (key, record) in page.records {
            place = Place::Before(key);
            let Some(record) = record else { break 'reading };
            let view = MessageView::new(key, record);
            if !budget.take(&view) {
                break 'reading;
            }
            messages.push((key, view));
            cursor.give(key);
        }
        if !page.has_more || messages.len() == limit {
            break;
        }
    }
    let window_start = window_start(now);
    let before_window =
        messages.iter().map(|(key, _)| *key).filter(|key| RecordId::from_bytes(*key).moment() < window_start);
    if let Some(newest) = before_window.max() {
        cursor.advance_to(newest);
    }
    cursor.advance_to_moment(window_start);
    Ok(in_order(messages, cursor))
}

fn in_order(mut messages: Vec<(RecordKey, MessageView)>, cursor: TailCursor) -> Poll {
    messages.sort_unstable_by_key(|(key, _)| *key);
    Poll { messages: messages.into_iter().map(|(_, view)| view).collect(), cursor }
}
