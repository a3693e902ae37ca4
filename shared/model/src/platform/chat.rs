//! What the chat window asks for, again and again.
//!
//! A message is stored under an id that begins with the moment of its acceptance, and becomes visible a little later: a
//! write may be tried again for as long as a function may run, and the clocks of two functions differ. So a message may
//! become visible *behind* one that was read before. A poll therefore reads again what is not older than that may be,
//! the *window*, and its cursor remembers what was given from the window.

use std::{collections::BTreeSet, ops::RangeInclusive};

use crate::{
    ChatId, Parameter, ParameterError, Source, Timestamp,
    opaque::Opaque,
    parameter_error::{optional_integer, required},
};

/// What of which chat is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatQuery {
    /// The third-party system.
    pub source: Source,
    /// The chat, `chatId`.
    pub chat: ChatId,
    /// What was given before, `after`.
    pub after: ChatCursor,
    /// The most messages to return, `limit`.
    pub limit: PollLimit,
}

/// The most messages of one answer, `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollLimit(u32);

/// An id of a message, a UUIDv7: 48 bits of milliseconds, then what tells it from others. Ids are in the order of their
/// moments.
pub type MessageKey = [u8; 16];

/// What was given of a chat: everything up to the horizon, and of what is behind it, these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatCursor {
    horizon: MessageKey,
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
    /// The first that applies, of `source`, `chatId`, `after` and `limit`.
    pub fn parse<'a>(parameter: impl Fn(&'static str) -> Parameter<'a>) -> Result<Self, ParameterError> {
        let source = Source::parse(&parameter("source"))?;
        let chat = required(&parameter("chatId"), "chatId")?;
        let after = ChatCursor::parse(&parameter("after"), source, &chat)?.unwrap_or_default();
        let limit = optional_integer(&parameter("limit"), "limit", PollLimit::RANGE)?
            .map_or(PollLimit::DEFAULT, PollLimit);
        Ok(Self { source, chat, after, limit })
    }
}

impl ChatCursor {
    /// The most messages that a cursor remembers. As text they are 5.5 KB, which a URL has room for.
    pub const CAPACITY: usize = 256;

    /// From where on to read.
    #[must_use]
    pub const fn horizon(&self) -> MessageKey {
        self.horizon
    }

    /// Whether the message with this id was given.
    #[must_use]
    pub fn has_given(&self, id: &MessageKey) -> bool {
        *id <= self.horizon || self.given.contains(id)
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

    /// Moves the horizon on to a message: it and all that come before it are given, and no other will become visible there.
    pub fn pass(&mut self, id: MessageKey) {
        self.horizon = self.horizon.max(id);
        let horizon = self.horizon;
        self.given.retain(|id| *id > horizon);
    }

    /// Moves the horizon on to a moment: all that was accepted before it is given, and no other will become visible there.
    pub fn settle(&mut self, moment: Timestamp) {
        let [_, _, millis @ ..] = moment.millis().to_be_bytes();
        let mut first = MessageKey::default();
        first.iter_mut().zip(millis).for_each(|(to, from)| *to = from);
        self.pass(first);
    }

    /// The text a caller gets, for this chat of this source alone.
    #[must_use]
    pub fn issue(&self, source: Source, chat: &ChatId) -> String {
        let place: Vec<u8> = self.horizon.iter().chain(self.given.iter().flatten()).copied().collect();
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
        let (horizon, given) = place.split_first_chunk()?;
        let (ids, rest) = given.as_chunks();
        let is_whole = rest.is_empty() && ids.len() <= Self::CAPACITY;
        is_whole.then(|| Self { horizon: *horizon, given: ids.iter().copied().collect() })
    }
}

fn of_chat<'a>(source: &'a str, chat: &'a ChatId) -> Opaque<'a> {
    Opaque::of(["chat", source, chat.as_str()])
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
    fn a_cursor_remembers_what_it_gave_and_forgets_what_is_before_the_horizon() {
        let mut cursor = ChatCursor::default();
        cursor.remember(id(1_000, 1));
        cursor.remember(id(2_000, 1));
        cursor.settle(Timestamp::from_millis(1_500));
        assert!(cursor.has_given(&id(1_000, 1)) && cursor.has_given(&id(2_000, 1)));
        assert!(cursor.has_given(&id(1_499, 9)), "all before the horizon is given");
        assert!(!cursor.has_given(&id(1_500, 9)) && !cursor.has_given(&id(2_000, 2)));
        assert_eq!(cursor.given.len(), 1);
        cursor.settle(Timestamp::from_millis(1_000));
        assert_eq!(cursor.horizon(), id(1_500, 0), "never back");
        cursor.pass(id(1_700, 3));
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
