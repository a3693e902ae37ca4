//! One look at a chat that misses nothing and gives nothing twice.
//!
//! The cursor is a watermark and the ids that were given above it. A message may become visible up to [`WINDOW`] after the
//! moment of its id, behind messages that were given before. A poll therefore reads on from the watermark, and the watermark
//! never passes the beginning of the window, nor a message that was not looked at.

use std::time::Duration;

use api::AnswerBudget;
use model::{
    Timestamp,
    platform::{ChatCursor, ChatQuery, MessageKey},
};
use store::{
    StoreError, Table,
    chats::{self, ChatMessage, ReadChat},
};

use crate::shown::ShownMessage;

/// How long after the moment of its id a message may become visible: the 10 seconds a function may run, and what the
/// clocks of two functions may differ by.
const WINDOW: Duration = Duration::from_secs(15);

/// The most queries of a poll, each of a megabyte at most. A poll that needs more gives what it has and goes on with the
/// next one: with large messages, and with messages that wait for TTL.
const QUERIES: usize = 3;

/// The messages of a poll, in the order of their ids, and the cursor that remembers them.
pub(crate) struct Poll {
    pub(crate) messages: Vec<ShownMessage>,
    pub(crate) cursor: ChatCursor,
}

/// Reads the messages that the cursor of `query` does not know; without a cursor the oldest ones, or the newest if the
/// query says so.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or a message is not what the store writes.
pub(crate) async fn poll(table: &Table, query: &ChatQuery, now: Timestamp) -> Result<Poll, StoreError> {
    let window = u64::try_from(WINDOW.as_millis()).unwrap_or(u64::MAX);
    let look = Look {
        limit: query.limit.number(),
        window_start: Timestamp::from_millis(now.millis().saturating_sub(window)),
        budget: AnswerBudget::default(),
        given: Vec::new(),
        cursor: query.after.clone().unwrap_or_default(),
        has_jumped: false,
    };
    if query.latest && query.after.is_none() {
        look.at_newest(table, query, now).await
    } else {
        look.onwards(table, query, now).await
    }
}

/// A poll under way.
struct Look {
    limit: usize,
    /// All messages of earlier moments are visible.
    window_start: Timestamp,
    budget: AnswerBudget,
    given: Vec<(MessageKey, ShownMessage)>,
    cursor: ChatCursor,
    /// Whether messages were left out between the watermark and those that are read now.
    has_jumped: bool,
}

impl Look {
    /// Gives the messages above the watermark, as far as the limit, the answer and the cursor have room.
    ///
    /// The first query looks for messages that became visible late. If it ends among messages that were given before, the
    /// next one jumps behind them: many large messages of the window must not hold up new ones. The watermark stays where
    /// the first query ended, from where the next poll goes on to look.
    async fn onwards(mut self, table: &Table, query: &ChatQuery, now: Timestamp) -> Result<Poll, StoreError> {
        let newest_given = self.cursor.newest();
        // The messages that were given already, at the watermark and above; those that may be given now; and one more, by
        // which the end is known. Expired messages are passed by the megabyte: a size that the limit sets may be one item.
        let mut size = Some(1 + self.cursor.remembered() + self.limit + 1);
        let mut place = ReadChat::From(self.cursor.watermark());
        for _ in 0..QUERIES {
            let page = chats::read(table, query.source, &query.chat, place, size.take(), now).await?;
            let mut last = None;
            for (id, message) in page.messages {
                last = Some(id);
                if !self.give(id, message) {
                    return Ok(self.finish());
                }
            }
            if !page.has_more {
                self.advance_to_window();
                break;
            }
            let Some(last) = last else { break };
            place = match newest_given {
                Some(newest) if newest > last => {
                    self.has_jumped = true;
                    ReadChat::After(newest)
                }
                _ => ReadChat::After(last),
            };
        }
        Ok(self.finish())
    }

    /// Gives a message unless it was given before or has expired. `false` if there is no room for it.
    fn give(&mut self, id: MessageKey, message: Option<ChatMessage>) -> bool {
        let is_settled = chats::moment(id) < self.window_start && !self.has_jumped;
        if !is_settled {
            self.advance_to_window();
        }
        if let Some(message) = message.filter(|_| !self.cursor.has_given(&id)) {
            let shown = ShownMessage::from(message);
            let has_room = self.given.len() < self.limit && (is_settled || !self.cursor.is_full());
            if !has_room || !self.budget.take(&shown) {
                return false;
            }
            self.given.push((id, shown));
            self.cursor.remember(id);
        }
        if is_settled {
            self.cursor.advance_to(id);
        }
        true
    }

    /// Moves the watermark to the beginning of the window, if all messages before it were looked at.
    fn advance_to_window(&mut self) {
        if !self.has_jumped {
            self.cursor.advance_to_moment(self.window_start);
        }
    }

    /// Gives the newest messages, and passes all before them but those of the window: there others may become visible, and
    /// what is left out comes with the next poll.
    async fn at_newest(
        mut self,
        table: &Table,
        query: &ChatQuery,
        now: Timestamp,
    ) -> Result<Poll, StoreError> {
        let mut place = ReadChat::Newest;
        'reading: for _ in 0..QUERIES {
            let size = Some(self.limit - self.given.len());
            let page = chats::read(table, query.source, &query.chat, place, size, now).await?;
            for (id, message) in page.messages {
                place = ReadChat::Before(id);
                let Some(message) = message else { break 'reading };
                let shown = ShownMessage::from(message);
                if !self.budget.take(&shown) {
                    break 'reading;
                }
                self.given.push((id, shown));
                self.cursor.remember(id);
            }
            if !page.has_more || self.given.len() == self.limit {
                break;
            }
        }
        let settled =
            self.given.iter().map(|(id, _)| *id).filter(|id| chats::moment(*id) < self.window_start);
        if let Some(newest_settled) = settled.max() {
            self.cursor.advance_to(newest_settled);
        }
        self.advance_to_window();
        Ok(self.finish())
    }

    fn finish(mut self) -> Poll {
        self.given.sort_unstable_by_key(|(id, _)| *id);
        Poll { messages: self.given.into_iter().map(|(_, shown)| shown).collect(), cursor: self.cursor }
    }
}
