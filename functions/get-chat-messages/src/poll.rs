//! One look at a chat that misses nothing and gives nothing twice.

use std::time::Duration;

use api::AnswerBudget;
use model::{
    Timestamp,
    platform::{ChatCursor, MessageKey, PollLimit},
};
use store::chats::ChatMessage;

use crate::shown::ShownMessage;

/// How long after the moment of its id a message may become visible: the 10 seconds a function may run, and what the
/// clocks of two functions may differ by.
const WINDOW: Duration = Duration::from_secs(15);

/// What is to be given of a chat.
pub(crate) struct Poll {
    cursor: ChatCursor,
    limit: usize,
    /// What was accepted before is visible by now.
    settled: Timestamp,
}

impl Poll {
    pub(crate) fn new(cursor: ChatCursor, limit: PollLimit, now: Timestamp) -> Self {
        let window = u64::try_from(WINDOW.as_millis()).unwrap_or(u64::MAX);
        let settled = Timestamp::from_millis(now.millis().saturating_sub(window));
        Self { cursor, limit: limit.number(), settled }
    }

    /// From where on to read.
    pub(crate) const fn from(&self) -> MessageKey {
        self.cursor.horizon()
    }

    /// How many messages to read: those that were given already, which are the one at the horizon and those that are
    /// remembered; those that may be given now; and one that tells whether there are more.
    pub(crate) fn to_read(&self) -> usize {
        1 + self.cursor.remembered() + self.limit + 1
    }

    /// The messages that were not given yet, and the cursor that remembers all that were.
    ///
    /// What is settled is given in order and passed. What is not is given and remembered, as long as there is room.
    pub(crate) fn finish(mut self, stored: Vec<ChatMessage>) -> (Vec<ShownMessage>, ChatCursor) {
        let is_end = stored.len() < self.to_read();
        let mut messages = Vec::new();
        let mut budget = AnswerBudget::default();
        for message in stored {
            let id = message.id.into_bytes();
            let is_settled = message.record.received_at < self.settled;
            if !is_settled {
                self.cursor.settle(self.settled);
            }
            if !self.cursor.has_given(&id) {
                let shown = ShownMessage::from(message);
                let has_room = messages.len() < self.limit && (is_settled || !self.cursor.is_full());
                if !has_room || !budget.take(&shown) {
                    return (messages, self.cursor);
                }
                messages.push(shown);
                self.cursor.remember(id);
            }
            if is_settled {
                self.cursor.pass(id);
            }
        }
        if is_end {
            self.cursor.settle(self.settled);
        }
        (messages, self.cursor)
    }
}
