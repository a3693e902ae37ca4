//! A page of a chat log.

use api::ResponseBudget;
use model::customer_service::{ChatLogCursor, ChatLogEntry, ChatLogPageSize};

/// Collects entries, oldest first, up to the limit or the size of a response.
#[derive(Debug)]
pub(crate) struct PageBuilder {
    limit: Option<usize>,
    entries: Vec<ChatLogEntry>,
    budget: ResponseBudget,
    /// The position of the last entry.
    end: Option<ChatLogCursor>,
    /// Whether an entry did not fit.
    has_more: bool,
}

impl PageBuilder {
    pub(crate) fn new(limit: Option<ChatLogPageSize>) -> Self {
        let limit = limit.map(ChatLogPageSize::get);
        Self { limit, entries: Vec::new(), budget: ResponseBudget::default(), end: None, has_more: false }
    }

    /// The limit of the first query: the entries of the page, and one more that shows whether there is a next one.
    ///
    /// The later queries have no limit and read 1 MB each: they are needed only if entries have expired, and thousands of
    /// those may stand at the start of a log, since TTL lags by days.
    pub(crate) fn first_query_size(&self) -> Option<u32> {
        self.limit.and_then(|limit| u32::try_from(limit + 1).ok())
    }

    /// Takes entries until one does not fit.
    pub(crate) fn extend(&mut self, entries: impl IntoIterator<Item = (ChatLogCursor, ChatLogEntry)>) {
        for (position, entry) in entries {
            if self.limit == Some(self.entries.len()) || !self.budget.take(&entry) {
                self.has_more = true;
                return;
            }
            self.entries.push(entry);
            self.end = Some(position);
        }
    }

    /// Whether an entry did not fit.
    pub(crate) const fn is_full(&self) -> bool {
        self.has_more
    }

    /// The entries, and the cursor of the next page unless this is the last one: after the last entry, or `unread` if all
    /// entries that were read fit.
    pub(crate) fn finish(self, unread: Option<ChatLogCursor>) -> (Vec<ChatLogEntry>, Option<ChatLogCursor>) {
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
        let mut page = PageBuilder::new(None);
        page.extend([(ChatLogCursor::after("1"), one)]);
        assert!(!page.is_full());
        page.extend([(ChatLogCursor::after("2"), entry(&"x".repeat(1_000)))]);
        assert!(page.is_full());
        let (entries, cursor) = page.finish(None);
        assert_eq!((entries.len(), cursor), (1, Some(ChatLogCursor::after("1"))));
    }
}
