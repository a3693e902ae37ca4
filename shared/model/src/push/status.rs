//! The status of a pushed message. Beyond the API document: the limits are ours.

use serde::{Deserialize, Serialize};

use super::{PushError, request::message_id};
use crate::{AppId, CursorCodec, MessageId, PageSize, Parameter, ParameterError, is_sha256_hex};

/// The most users of one response.
pub type StatusPageSize = PageSize<1000, 1000>;

/// A page of the status of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusQuery {
    /// `messageId`.
    pub message: MessageId,
    /// `limit`.
    pub limit: StatusPageSize,
    /// `cursor`.
    pub from: Option<StatusCursor>,
}

/// A position among the recipients of a message: a call, and the number of its users to skip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCursor {
    /// The call, by the hash of its users: 64 hexadecimal digits.
    pub call: String,
    /// The number of its users to skip.
    pub index: usize,
}

impl StatusQuery {
    /// Reads the parameters of a request of `app`.
    ///
    /// # Errors
    /// The first that applies, of `messageId` (with the texts of a push), `limit` and `cursor`.
    pub fn parse<'a>(
        app: &AppId,
        parameter: impl Fn(&'static str) -> Parameter<'a>,
    ) -> Result<Self, PushError> {
        let message = message_id(&parameter("messageId"))?;
        let limit = StatusPageSize::parse(&parameter("limit"))?;
        let from = StatusCursor::parse(&parameter("cursor"), app, &message)?;
        Ok(Self { message, limit, from })
    }
}

impl StatusCursor {
    /// The text for a caller, valid for this message of this application alone.
    #[must_use]
    pub fn issue(&self, app: &AppId, message: &MessageId) -> String {
        // Strings and numbers always serialize.
        codec(app, message).encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn parse(
        parameter: &Parameter<'_>,
        app: &AppId,
        message: &MessageId,
    ) -> Result<Option<Self>, ParameterError> {
        let Some(position) = codec(app, message).decode(parameter)? else { return Ok(None) };
        let cursor: Self = serde_json::from_slice(&position).map_err(|_| ParameterError::InvalidCursor)?;
        if is_sha256_hex(&cursor.call) { Ok(Some(cursor)) } else { Err(ParameterError::InvalidCursor) }
    }
}

fn codec<'a>(app: &'a AppId, message: &'a MessageId) -> CursorCodec<'a> {
    CursorCodec::new(["recipients", app.as_str(), message.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedText;

    fn parse(message: &str, limit: &str, cursor: &str) -> Result<StatusQuery, String> {
        let app = AppId::parse("a").unwrap();
        StatusQuery::parse(&app, |name| {
            Parameter::from_query(Some(match name {
                "messageId" => message,
                "limit" => limit,
                _ => cursor,
            }))
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_rule_that_is_broken_is_named() {
        assert_eq!(parse("", "x", "x"), Err("Required parameter 'messageId' is not present".into()));
        let too_long = Err("messsagePush.messageId: Length exceeds the max value [64]".into());
        assert_eq!(parse(&"m".repeat(65), "x", "x"), too_long);
        assert_eq!(parse("m", "x", "x"), Err("limit: must be an integer".into()));
        for limit in ["0", "1001"] {
            assert_eq!(parse("m", limit, "x"), Err("limit: value must be between 1 and 1000".into()));
        }
        assert_eq!(parse("m", "1", "x"), Err("cursor: is not valid".into()));
        assert_eq!(parse("m", "1000", "").unwrap().limit.get(), 1000);
        assert_eq!(parse("m", "", "").unwrap().limit.get(), 1000);
    }

    #[test]
    fn a_cursor_is_valid_for_its_application_and_message_alone() {
        let (app, other) = (AppId::parse("a").unwrap(), AppId::parse("b").unwrap());
        let message = MessageId::parse("m").unwrap();
        let cursor = StatusCursor { call: "0".repeat(64), index: 7 };
        let text = cursor.issue(&app, &message);
        assert_eq!(parse("m", "", &text).unwrap().from, Some(cursor.clone()));
        let invalid = Err("cursor: is not valid".into());
        assert_eq!(parse("n", "", &text), invalid);
        assert_eq!(parse("m", "", &cursor.issue(&other, &message)), invalid);
        for call in [String::new(), "0".repeat(63), "g".repeat(64)] {
            assert_eq!(parse("m", "", &StatusCursor { call, index: 7 }.issue(&app, &message)), invalid);
        }
    }
}
