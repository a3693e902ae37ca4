//! The cursor of a chat log: the position after its last entry.

use crate::{ChatId, CursorCodec, Parameter, ParameterError, Source};

/// The position after an entry of a chat log.
///
/// It says only where in a chat to go on; which chat that is comes from the request, checked like any other parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLogCursor(String);

impl ChatLogCursor {
    /// The position after the entry at `position`.
    #[must_use]
    pub fn after(position: impl Into<String>) -> Self {
        Self(position.into())
    }

    /// The position of the entry after which to go on.
    #[must_use]
    pub fn position(&self) -> &str {
        &self.0
    }

    /// The text for a caller, valid for this chat of this source alone.
    #[must_use]
    pub fn issue(&self, source: Source, chat: &ChatId) -> String {
        codec(&source.to_string(), chat).encode(&self.0)
    }

    /// Reads the parameter `cursor` of a request for `chat` of `source`.
    ///
    /// # Errors
    /// [`ParameterError::InvalidCursor`] if it was altered or was issued for another chat or source.
    pub(crate) fn parse(
        parameter: &Parameter<'_>,
        source: Source,
        chat: &ChatId,
    ) -> Result<Option<Self>, ParameterError> {
        let Some(position) = codec(&source.to_string(), chat).decode(parameter)? else { return Ok(None) };
        let position = String::from_utf8(position).ok().filter(|position| is_position(position));
        position.map(|position| Some(Self(position))).ok_or(ParameterError::InvalidCursor)
    }
}

fn codec<'a>(source: &'a str, chat: &'a ChatId) -> CursorCodec<'a> {
    CursorCodec::new(["chat log", source, chat.as_str()])
}

/// Whether a text has the form of an entry's position: 13 digits of milliseconds, `#` and an id.
fn is_position(text: &str) -> bool {
    text.split_once('#').is_some_and(|(millis, id)| {
        millis.len() == 13 && millis.bytes().all(|byte| byte.is_ascii_digit()) && (1..=64).contains(&id.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedText;

    fn parse(text: &str, source: u32, chat: &str) -> Result<Option<ChatLogCursor>, ParameterError> {
        let chat = ChatId::parse(chat).unwrap();
        ChatLogCursor::parse(&Parameter::from_query(Some(text)), Source::try_from(source).unwrap(), &chat)
    }

    fn issued() -> String {
        ChatLogCursor::after("1589243400000#x").issue(Source::DEFAULT, &ChatId::parse("chat").unwrap())
    }

    #[test]
    fn a_cursor_comes_back_as_the_place_it_was_issued_for() {
        assert_eq!(parse(&issued(), 1, "chat"), Ok(Some(ChatLogCursor::after("1589243400000#x"))));
        assert_eq!(ChatLogCursor::after("1589243400000#x").position(), "1589243400000#x");
        assert_eq!(parse(" ", 1, "chat"), Ok(None));
    }

    #[test]
    fn a_checksum_does_not_make_a_position() {
        let chat = ChatId::parse("chat").unwrap();
        for position in ["", "#", "1#x", "158924340000x#x", "1589243400000", "1589243400000#"] {
            let forged = ChatLogCursor::after(position).issue(Source::DEFAULT, &chat);
            assert_eq!(parse(&forged, 1, "chat"), Err(ParameterError::InvalidCursor), "{position}");
        }
    }

    #[test]
    fn a_cursor_is_for_its_chat_and_source_alone() {
        assert_eq!(parse(&issued(), 2, "chat"), Err(ParameterError::InvalidCursor));
        assert_eq!(parse(&issued(), 1, "chat2"), Err(ParameterError::InvalidCursor));
    }

    #[test]
    fn a_cursor_with_any_character_changed_added_or_dropped_is_noticed() {
        let cursor = issued();
        for at in 0..cursor.len() {
            for other in ['A', 'z', '0', '-', '_', '=', '!', ' ', '好'] {
                let altered: String =
                    cursor.chars().enumerate().map(|(i, c)| if i == at { other } else { c }).collect();
                if altered != cursor {
                    assert_eq!(parse(&altered, 1, "chat"), Err(ParameterError::InvalidCursor), "{altered}");
                }
            }
            assert_eq!(parse(cursor.get(..at).unwrap(), 1, "chat").is_ok(), at == 0);
        }
        assert_eq!(parse(&format!("{cursor}A"), 1, "chat"), Err(ParameterError::InvalidCursor));
    }
}
