//! As much of a chat log as one answer holds.

use api::AnswerBudget;
use model::{ChatLogEntry, Cursor, Limit};

/// Collects entries, oldest first, until the limit is reached or the answer is full.
#[derive(Debug)]
pub(crate) struct Transcript {
    limit: Option<usize>,
    entries: Vec<ChatLogEntry>,
    budget: AnswerBudget,
    /// The place after the last entry taken.
    end: Option<Cursor>,
    /// Whether an entry had to be left for the next answer.
    has_more: bool,
}

impl Transcript {
    pub(crate) fn new(limit: Option<Limit>) -> Self {
        let limit = limit.and_then(|limit| usize::try_from(limit.number()).ok());
        Self { limit, entries: Vec::new(), budget: AnswerBudget::default(), end: None, has_more: false }
    }

    /// How many entries to ask for at first: those wanted, and one more that tells whether there is a next answer.
    ///
    /// That is enough unless some have expired; then it is better to read on by the megabyte than to count on meeting
    /// as many again: what has expired stands at the beginning of a log, and TTL may be days behind.
    pub(crate) fn to_read_first(&self) -> Option<u32> {
        self.limit.and_then(|limit| u32::try_from(limit + 1).ok())
    }

    /// Takes entries until one does not go into this answer.
    pub(crate) fn extend(&mut self, entries: impl IntoIterator<Item = (Cursor, ChatLogEntry)>) {
        for (place, entry) in entries {
            if self.limit == Some(self.entries.len()) || !self.budget.take(&entry) {
                self.has_more = true;
                return;
            }
            self.entries.push(entry);
            self.end = Some(place);
        }
    }

    /// Whether an entry had to be left for the next answer.
    pub(crate) const fn is_full(&self) -> bool {
        self.has_more
    }

    /// The entries, and the place to go on from if this is not the end: after the last entry taken, or at `unread` where
    /// the log was not read further.
    pub(crate) fn finish(self, unread: Option<Cursor>) -> (Vec<ChatLogEntry>, Option<Cursor>) {
        let next = if self.has_more { self.end } else { unread };
        (self.entries, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> ChatLogEntry {
        ChatLogEntry {
            question: text.to_owned(),
            reply: String::new(),
            date_time: "2020-05-12 08:30:00".to_owned(),
            reply_mode: String::new(),
        }
    }

    #[test]
    fn an_answer_that_is_full_is_the_end_only_if_nothing_follows() {
        let one = entry(&"x".repeat(5_499_000));
        let mut transcript = Transcript::new(None);
        transcript.extend([(Cursor::after("1"), one)]);
        assert!(!transcript.is_full());
        transcript.extend([(Cursor::after("2"), entry(&"x".repeat(1_000)))]);
        assert!(transcript.is_full());
        let (entries, cursor) = transcript.finish(None);
        assert_eq!((entries.len(), cursor), (1, Some(Cursor::after("1"))));
    }
}
