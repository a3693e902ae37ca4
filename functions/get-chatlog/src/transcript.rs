//! As much of a chat log as one answer holds.

use model::{ChatLogEntry, Cursor, Limit};

/// The most bytes of entries in one answer, counted as Lambda counts them.
///
/// Lambda takes an answer of 6 MB, in which the body is a JSON string: every quote and backslash of the body takes a
/// byte more. What is left up to 6 MB is more than everything around the entries takes.
const ANSWER_BUDGET: usize = 5_500_000;

/// Collects entries, oldest first, until the limit is reached or the answer is full.
#[derive(Debug)]
pub(crate) struct Transcript {
    limit: Option<usize>,
    entries: Vec<ChatLogEntry>,
    size: usize,
    /// The place after the last entry taken.
    end: Option<Cursor>,
    /// Whether an entry had to be left for the next answer.
    has_more: bool,
}

impl Transcript {
    pub(crate) fn new(limit: Option<Limit>) -> Self {
        let limit = limit.and_then(|limit| usize::try_from(limit.number()).ok());
        Self { limit, entries: Vec::new(), size: 0, end: None, has_more: false }
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
            let size = self.size + size_in_answer(&entry);
            if self.limit == Some(self.entries.len()) || size > ANSWER_BUDGET {
                self.has_more = true;
                return;
            }
            self.entries.push(entry);
            self.size = size;
            self.end = Some(place);
        }
    }

    /// Whether an entry had to be left for the next answer.
    pub(crate) const fn is_full(&self) -> bool {
        self.has_more
    }

    /// The entries, and the place to go on from if this is not the end.
    pub(crate) fn finish(self) -> (Vec<ChatLogEntry>, Option<Cursor>) {
        (self.entries, self.end.filter(|_| self.has_more))
    }
}

/// The bytes of `entry` in the answer: its JSON within a JSON string, and a comma.
fn size_in_answer(entry: &ChatLogEntry) -> usize {
    let json = serde_json::to_string(entry).unwrap_or_default();
    let escaped = json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    json.len() + escaped + 1
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
    fn an_entry_is_measured_as_it_stands_in_lambdas_answer() {
        for text in ["", "plain", "\"quoted\" \\ and back", "line\nbreak\u{1}", "好😀", "\\\\\"\""] {
            let body = serde_json::to_string(&entry(text)).unwrap();
            let in_answer = serde_json::to_string(&body).unwrap();
            // The quotes around the string belong to the body as a whole.
            assert_eq!(size_in_answer(&entry(text)), in_answer.len() - 2 + 1, "{text}");
        }
    }

    #[test]
    fn an_answer_that_is_exactly_full_is_the_end_only_if_nothing_follows() {
        let one = entry(&"x".repeat(ANSWER_BUDGET - size_in_answer(&entry(""))));
        let mut transcript = Transcript::new(None);
        transcript.extend([(Cursor::after("1"), one)]);
        assert!(!transcript.is_full());
        transcript.extend([(Cursor::after("2"), entry(""))]);
        assert!(transcript.is_full());
        let (entries, cursor) = transcript.finish();
        assert_eq!((entries.len(), cursor), (1, Some(Cursor::after("1"))));
    }
}
