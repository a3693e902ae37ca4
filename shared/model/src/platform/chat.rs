//! What the chat window asks for, again and again.
//!
//! A message is stored under an id that begins with the moment of its acceptance, and becomes visible a little later: a
//! write may be tried again for as long as a function may run, and the clocks of two functions differ. So a message may
//! become visible *behind* one that was read before. A poll therefore reads again what is not older than that may be,
//! the *window*, and its cursor remembers what was given from the window.

use std::{collections::BTreeSet, ops::RangeInclusive};

use crate::{
    ChatId, Parameter, ParameterError, Source, Timestamp,
    cursor_codec::CursorCodec,
    parameter_error::{optional_integer, required},
};

/// What of which chat is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatQuery {
    /// The third-party system.
    pub source: Source,
    /// The chat, `chatId`.
    pub chat: ChatId,
    /// The messages that were given before, `after`.
    pub after: Option<ChatCursor>,
    /// The most messages to return, `limit`.
    pub limit: PollLimit,
    /// Whether to begin with the newest messages instead of the oldest where there is no `after`.
    pub latest: bool,
}

/// The most messages of one answer, `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollLimit(u32);

/// An id of a message, a UUIDv7: 48 bits of milliseconds, then what tells it from others. Ids are in the order of their
/// moments.
pub type MessageKey = [u8; 16];

/// The messages of a chat that were given: all up to the watermark, and of those above it, these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatCursor {
    watermark: MessageKey,
    given: BTreeSet<MessageKey>,
}

impl PollLimit {
    /// The numbers of messages that may be asked for.
    pub const RANGE: RangeInclusive<u32> = 1..=200;
    /// Asked for no number.
    const DEFAULT: Self = Self(100);

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

impl ChatQuery {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// The first that applies, of `source`, `chatId`, `after`, `limit` and `latest`.
    pub fn parse<'a>(parameter: impl Fn(&'static str) -> Parameter<'a>) -> Result<Self, ParameterError> {
        let source = Source::parse(&parameter("source"))?;
        let chat = required(&parameter("chatId"), "chatId")?;
        let after = ChatCursor::parse(&parameter("after"), source, &chat)?;
        let limit = optional_integer(&parameter("limit"), "limit", PollLimit::RANGE)?
            .map_or(PollLimit::DEFAULT, PollLimit);
        let latest = parameter("latest");
        let latest = latest.text().map_err(|_| ParameterError::NotAString("latest"))?;
        let latest = match latest.as_deref().map(str::trim) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(ParameterError::NotOneOf("latest", "true, false")),
        };
        Ok(Self { source, chat, after, limit, latest })
    }
}

impl ChatCursor {
    /// The most messages that a cursor remembers. As text they are 5.5 KB, which a URL has room for.
    pub const CAPACITY: usize = 256;

    /// From where on to read.
    #[must_use]
    pub const fn watermark(&self) -> MessageKey {
        self.watermark
    }

    /// Whether the message with this id was given.
    #[must_use]
    pub fn has_given(&self, id: &MessageKey) -> bool {
        *id <= self.watermark || self.given.contains(id)
    }

    /// The newest message above the watermark that was given.
    #[must_use]
    pub fn newest(&self) -> Option<MessageKey> {
        self.given.last().copied()
    }

    /// How many messages are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.given.len()
    }

    /// Whether no more can be remembered until the window has moved on.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.given.len() >= Self::CAPACITY
    }

    /// Remembers that a message is given, before which others may still become visible.
    pub fn remember(&mut self, id: MessageKey) {
        self.given.insert(id);
    }

    /// Moves the watermark up to a message: it and all before it are given, and no other will become visible there.
    pub fn advance_to(&mut self, id: MessageKey) {
        self.watermark = self.watermark.max(id);
        let watermark = self.watermark;
        self.given.retain(|id| *id > watermark);
    }

    /// Moves the watermark up to a moment: all messages accepted before it are given, and no other will become visible there.
    pub fn advance_to_moment(&mut self, moment: Timestamp) {
        let [_, _, millis @ ..] = moment.millis().to_be_bytes();
        let mut first = MessageKey::default();
        first.iter_mut().zip(millis).for_each(|(to, from)| *to = from);
        self.advance_to(first);
    }

    /// The text a caller gets, for this chat of this source alone.
    #[must_use]
    pub fn issue(&self, source: Source, chat: &ChatId) -> String {
        let place: Vec<u8> = self.watermark.iter().chain(self.given.iter().flatten()).copied().collect();
        of_chat(&source.to_string(), chat).issue(place)
    }

    fn parse(
        parameter: &Parameter<'_>,
        source: Source,
        chat: &ChatId,
    ) -> Result<Option<Self>, ParameterError> {
        let Some(place) = of_chat(&source.to_string(), chat).read(parameter)? else { return Ok(None) };
        Self::decode(&place).map(Some).ok_or(ParameterError::InvalidCursor)
    }

    fn decode(place: &[u8]) -> Option<Self> {
        let (watermark, given) = place.split_first_chunk()?;
        let (ids, rest) = given.as_chunks();
        let is_whole = rest.is_empty() && ids.len() <= Self::CAPACITY;
        is_whole.then(|| Self { watermark: *watermark, given: ids.iter().copied().collect() })
    }
}

fn of_chat<'a>(source: &'a str, chat: &'a ChatId) -> CursorCodec<'a> {
    CursorCodec::of(["chat", source, chat.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedText;

    fn id(millis: u64, last: u8) -> MessageKey {
        let mut id = MessageKey::default();
        id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        id[15] = last;
        id
    }

    fn chat() -> ChatId {
        ChatId::parse("c").unwrap()
    }

    fn round_trip(cursor: &ChatCursor) -> Result<Option<ChatCursor>, ParameterError> {
        let text = cursor.issue(Source::DEFAULT, &chat());
        assert!(text.len() < 6_000, "{}", text.len());
        ChatCursor::parse(&Parameter::from_query(Some(&text)), Source::DEFAULT, &chat())
    }

    #[test]
    fn a_cursor_remembers_what_it_gave_and_forgets_what_is_before_the_watermark() {
        let mut cursor = ChatCursor::default();
        cursor.remember(id(1_000, 1));
        cursor.remember(id(2_000, 1));
        cursor.advance_to_moment(Timestamp::from_millis(1_500));
        assert!(cursor.has_given(&id(1_000, 1)) && cursor.has_given(&id(2_000, 1)));
        assert!(cursor.has_given(&id(1_499, 9)), "all before the watermark is given");
        assert!(!cursor.has_given(&id(1_500, 9)) && !cursor.has_given(&id(2_000, 2)));
        assert_eq!(cursor.given.len(), 1);
        cursor.advance_to_moment(Timestamp::from_millis(1_000));
        assert_eq!(cursor.watermark(), id(1_500, 0), "never back");
        cursor.advance_to(id(1_700, 3));
        assert!(cursor.has_given(&id(1_700, 3)) && !cursor.has_given(&id(1_700, 4)));
        assert_eq!(round_trip(&cursor), Ok(Some(cursor)));
    }

    #[test]
    fn a_full_cursor_still_fits_a_url() {
        let mut cursor = ChatCursor::default();
        (0..=255).for_each(|last| cursor.remember(id(u64::from(last), 255 - last)));
        assert!(cursor.is_full());
        assert_eq!(round_trip(&cursor), Ok(Some(cursor)));
    }

    #[test]
    fn a_cursor_that_was_altered_or_is_another_chats_is_refused() {
        let text = ChatCursor::default().issue(Source::DEFAULT, &chat());
        let parse = |text: &str, chat: &str| {
            ChatCursor::parse(
                &Parameter::from_query(Some(text)),
                Source::DEFAULT,
                &ChatId::parse(chat).unwrap(),
            )
        };
        assert_eq!(parse(&text, "c"), Ok(Some(ChatCursor::default())));
        assert_eq!(parse(&text, "d"), Err(ParameterError::InvalidCursor));
        assert_eq!(parse(&format!("{text}A"), "c"), Err(ParameterError::InvalidCursor));
        for length in [0, 15, 17, 31, 33, (1 + 257) * 16] {
            let forged = of_chat("1", &chat()).issue(vec![0; length]);
            assert_eq!(parse(&forged, "c"), Err(ParameterError::InvalidCursor), "{length}");
        }
    }
}
