//! One poll of a chat: it misses no message and delivers none twice, although writes become visible late.
//!
//! The id of a message, a UUIDv7, begins with the moment of its acceptance. Its write becomes visible later, and behind
//! messages that were delivered before: a write is retried for as long as a function may run, and the clocks of two
//! functions differ. A poll handles this with
//!
//! - the **late-write window** ([`LATE_WRITE_WINDOW`]): messages accepted before it are visible;
//! - the **watermark**: all messages up to it were delivered, and none will become visible there. It never passes the start
//!   of the window, nor a message that was not examined;
//! - the **delivered ids** above the watermark. The cursor holds both, and a poll reads on from the watermark and skips
//!   these ids.

use std::{collections::BTreeSet, time::Duration};

use api::ResponseBudget;
use model::{ChatId, CursorCodec, PageSize, Parameter, ParameterError, Source, Timestamp};
use store::{
    RecordId, StoreError, Table,
    chat::{self, ChatMessage, MessageKey, ReadChat},
};

use crate::view::MessageView;

/// How long after the moment of its id a message may become visible: 10 seconds that a function may run, and 5 seconds
/// of clock skew between two functions.
const LATE_WRITE_WINDOW: Duration = Duration::from_secs(15);

/// The most queries of a poll, each of at most 1 MB. A poll that needs more ends with a cursor: with large messages, and
/// with expired messages that wait for TTL.
const MAX_QUERIES: usize = 3;

/// A poll of one chat.
pub(crate) struct PollRequest {
    pub(crate) source: Source,
    pub(crate) chat: ChatId,
    /// The cursor of the previous poll.
    pub(crate) after: Option<PollCursor>,
    pub(crate) limit: PageSize<100, 200>,
    /// Without `after`: start with the newest messages instead of the oldest.
    pub(crate) latest: bool,
}

/// The messages of a poll, in the order of their ids, and the cursor of the next one.
pub(crate) struct Poll {
    pub(crate) messages: Vec<MessageView>,
    pub(crate) cursor: PollCursor,
}

/// Reads the messages that were not delivered before; without a cursor the oldest ones, or the newest if `latest` is set.
/// At most [`MAX_QUERIES`] queries.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or an item is malformed.
pub(crate) async fn poll(table: &Table, request: &PollRequest, now: Timestamp) -> Result<Poll, StoreError> {
    let window = u64::try_from(LATE_WRITE_WINDOW.as_millis()).unwrap_or(u64::MAX);
    let poller = Poller {
        limit: request.limit.get(),
        window_start: Timestamp::from_millis(now.millis().saturating_sub(window)),
        budget: ResponseBudget::default(),
        messages: Vec::new(),
        cursor: request.after.clone().unwrap_or_default(),
        has_gap: false,
    };
    if request.latest && request.after.is_none() {
        poller.read_newest(table, request, now).await
    } else {
        poller.read_onwards(table, request, now).await
    }
}

/// The messages of a chat that were delivered: all up to the watermark, and above it these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PollCursor {
    watermark: MessageKey,
    delivered: BTreeSet<MessageKey>,
}

impl PollCursor {
    /// The most ids above the watermark. As text they are 5.5 KB; API Gateway takes 10,240 bytes of request line and headers.
    const CAPACITY: usize = 256;

    fn has_delivered(&self, id: &MessageKey) -> bool {
        *id <= self.watermark || self.delivered.contains(id)
    }

    /// Whether no more ids fit until the window has moved on.
    fn is_full(&self) -> bool {
        self.delivered.len() >= Self::CAPACITY
    }

    /// Moves the watermark up to a message, never back: it and all before it are delivered, and none will become visible
    /// there.
    fn advance_to(&mut self, id: MessageKey) {
        self.watermark = self.watermark.max(id);
        let watermark = self.watermark;
        self.delivered.retain(|id| *id > watermark);
    }

    /// Moves the watermark up to the first id of a moment.
    fn advance_to_moment(&mut self, moment: Timestamp) {
        let [_, _, millis @ ..] = moment.millis().to_be_bytes();
        let mut first = MessageKey::default();
        first.iter_mut().zip(millis).for_each(|(to, from)| *to = from);
        self.advance_to(first);
    }

    /// The text for a caller, valid for this chat of this source alone.
    pub(crate) fn issue(&self, source: Source, chat: &ChatId) -> String {
        let ids = self.watermark.iter().chain(self.delivered.iter().flatten());
        codec(&source.to_string(), chat).encode(ids.copied().collect::<Vec<_>>())
    }

    /// Reads the parameter `after` of a request for `chat` of `source`.
    ///
    /// # Errors
    /// [`ParameterError::InvalidCursor`] if it was altered or was issued for another chat or source.
    pub(crate) fn parse(
        parameter: &Parameter<'_>,
        source: Source,
        chat: &ChatId,
    ) -> Result<Option<Self>, ParameterError> {
        let Some(ids) = codec(&source.to_string(), chat).decode(parameter)? else { return Ok(None) };
        Self::from_bytes(&ids).map(Some).ok_or(ParameterError::InvalidCursor)
    }

    fn from_bytes(ids: &[u8]) -> Option<Self> {
        let (watermark, delivered) = ids.split_first_chunk()?;
        let (delivered, rest) = delivered.as_chunks();
        let is_whole = rest.is_empty() && delivered.len() <= Self::CAPACITY;
        is_whole.then(|| Self { watermark: *watermark, delivered: delivered.iter().copied().collect() })
    }
}

fn codec<'a>(source: &'a str, chat: &'a ChatId) -> CursorCodec<'a> {
    CursorCodec::new(["chat", source, chat.as_str()])
}

/// The state of a poll.
struct Poller {
    limit: usize,
    /// The start of the late-write window.
    window_start: Timestamp,
    budget: ResponseBudget,
    messages: Vec<(MessageKey, MessageView)>,
    cursor: PollCursor,
    /// Whether messages between the watermark and the current query were skipped.
    has_gap: bool,
}

impl Poller {
    /// Delivers the messages above the watermark, up to the limit, the size of a response and the capacity of the cursor.
    ///
    /// The first query finds late writes. If it ends among messages that were delivered before, the next one skips behind
    /// them, so that many large messages of the window do not hold up new ones. The watermark stays where the first query
    /// ended, and the next poll goes on from there.
    async fn read_onwards(
        mut self,
        table: &Table,
        request: &PollRequest,
        now: Timestamp,
    ) -> Result<Poll, StoreError> {
        let newest_delivered = self.cursor.delivered.last().copied();
        // The message at the watermark, the delivered ones above it, `limit` new ones, and one more that shows whether this is
        // the end. The later queries read 1 MB each: `limit` may be 1, and thousands of messages may have expired.
        let mut size = Some(1 + self.cursor.delivered.len() + self.limit + 1);
        let mut place = ReadChat::From(self.cursor.watermark);
        for _ in 0..MAX_QUERIES {
            let page = chat::read(table, request.source, &request.chat, place, size.take(), now).await?;
            let mut last = None;
            for (id, message) in page.messages {
                last = Some(id);
                if !self.deliver(id, message) {
                    return Ok(self.finish());
                }
            }
            if !page.has_more {
                self.advance_to_window();
                break;
            }
            let Some(last) = last else { break };
            place = match newest_delivered {
                Some(newest) if newest > last => {
                    self.has_gap = true;
                    ReadChat::After(newest)
                }
                _ => ReadChat::After(last),
            };
        }
        Ok(self.finish())
    }

    /// Delivers a message unless it was delivered before or has expired. `false` if there is no room for it.
    fn deliver(&mut self, id: MessageKey, message: Option<ChatMessage>) -> bool {
        // No message before this one will become visible, and none was skipped.
        let is_final = RecordId::from_bytes(id).moment() < self.window_start && !self.has_gap;
        if !is_final {
            self.advance_to_window();
        }
        if let Some(message) = message.filter(|_| !self.cursor.has_delivered(&id)) {
            let view = MessageView::from(message);
            let has_room = self.messages.len() < self.limit && (is_final || !self.cursor.is_full());
            if !has_room || !self.budget.take(&view) {
                return false;
            }
            self.messages.push((id, view));
            self.cursor.delivered.insert(id);
        }
        if is_final {
            self.cursor.advance_to(id);
        }
        true
    }

    /// Moves the watermark to the start of the window, unless messages before it were skipped.
    fn advance_to_window(&mut self) {
        if !self.has_gap {
            self.cursor.advance_to_moment(self.window_start);
        }
    }

    /// Delivers the newest messages. The watermark passes all older ones up to the window, whose other messages come with
    /// the next poll.
    async fn read_newest(
        mut self,
        table: &Table,
        request: &PollRequest,
        now: Timestamp,
    ) -> Result<Poll, StoreError> {
        let mut place = ReadChat::Newest;
        'reading: for _ in 0..MAX_QUERIES {
            let size = Some(self.limit - self.messages.len());
            let page = chat::read(table, request.source, &request.chat, place, size, now).await?;
            for (id, message) in page.messages {
                place = ReadChat::Before(id);
                let Some(message) = message else { break 'reading };
                let view = MessageView::from(message);
                if !self.budget.take(&view) {
                    break 'reading;
                }
                self.messages.push((id, view));
                self.cursor.delivered.insert(id);
            }
            if !page.has_more || self.messages.len() == self.limit {
                break;
            }
        }
        let before_window = self
            .messages
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| RecordId::from_bytes(*id).moment() < self.window_start);
        if let Some(newest) = before_window.max() {
            self.cursor.advance_to(newest);
        }
        self.advance_to_window();
        Ok(self.finish())
    }

    fn finish(mut self) -> Poll {
        self.messages.sort_unstable_by_key(|(id, _)| *id);
        Poll { messages: self.messages.into_iter().map(|(_, view)| view).collect(), cursor: self.cursor }
    }
}

#[cfg(test)]
mod tests {
    use model::BoundedText;

    use super::*;

    fn id(millis: u64, last: u8) -> MessageKey {
        let mut id = MessageKey::default();
        id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        id[15] = last;
        id
    }

    fn chat() -> ChatId {
        ChatId::parse("c").unwrap()
    }

    fn round_trip(cursor: &PollCursor) -> Result<Option<PollCursor>, ParameterError> {
        let text = cursor.issue(Source::DEFAULT, &chat());
        assert!(text.len() < 6_000, "{}", text.len());
        PollCursor::parse(&Parameter::from_query(Some(&text)), Source::DEFAULT, &chat())
    }

    #[test]
    fn a_cursor_remembers_what_it_gave_and_forgets_what_is_before_the_watermark() {
        let mut cursor = PollCursor::default();
        cursor.delivered.insert(id(1_000, 1));
        cursor.delivered.insert(id(2_000, 1));
        cursor.advance_to_moment(Timestamp::from_millis(1_500));
        assert!(cursor.has_delivered(&id(1_000, 1)) && cursor.has_delivered(&id(2_000, 1)));
        assert!(cursor.has_delivered(&id(1_499, 9)), "all before the watermark is given");
        assert!(!cursor.has_delivered(&id(1_500, 9)) && !cursor.has_delivered(&id(2_000, 2)));
        assert_eq!(cursor.delivered.len(), 1);
        cursor.advance_to_moment(Timestamp::from_millis(1_000));
        assert_eq!(cursor.watermark, id(1_500, 0), "never back");
        cursor.advance_to(id(1_700, 3));
        assert!(cursor.has_delivered(&id(1_700, 3)) && !cursor.has_delivered(&id(1_700, 4)));
        assert_eq!(round_trip(&cursor), Ok(Some(cursor)));
    }

    #[test]
    fn a_full_cursor_still_fits_a_url() {
        let mut cursor = PollCursor::default();
        (0..=255).for_each(|last| _ = cursor.delivered.insert(id(u64::from(last), 255 - last)));
        assert!(cursor.is_full());
        assert_eq!(round_trip(&cursor), Ok(Some(cursor)));
    }

    #[test]
    fn a_cursor_that_was_altered_or_is_another_chats_is_refused() {
        let text = PollCursor::default().issue(Source::DEFAULT, &chat());
        let parse = |text: &str, chat: &str| {
            PollCursor::parse(
                &Parameter::from_query(Some(text)),
                Source::DEFAULT,
                &ChatId::parse(chat).unwrap(),
            )
        };
        assert_eq!(parse(&text, "c"), Ok(Some(PollCursor::default())));
        assert_eq!(parse(&text, "d"), Err(ParameterError::InvalidCursor));
        assert_eq!(parse(&format!("{text}A"), "c"), Err(ParameterError::InvalidCursor));
        for length in [0, 15, 17, 31, 33, (1 + 257) * 16] {
            let forged = codec("1", &chat()).encode(vec![0; length]);
            assert_eq!(parse(&forged, "c"), Err(ParameterError::InvalidCursor), "{length}");
        }
    }
}
