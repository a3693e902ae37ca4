//! What an application asks of a message it pushed. The API document does not know it; the limits are ours.

use std::ops::RangeInclusive;

use crate::{
    AppId, BoundedText, MessageId, Parameter, ParameterError, PushError, UserId, opaque::Opaque,
    parameter_error::optional_integer,
};

/// Which message is asked about, and which of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusQuery {
    /// The message, `messageId`.
    pub message: MessageId,
    /// The most users of one answer, `limit`.
    pub limit: StatusLimit,
    /// After which user to go on, `cursor`.
    pub after: Option<UserId>,
}

/// The most users of one answer, `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusLimit(u32);

impl StatusLimit {
    /// The numbers of users that may be asked for.
    pub const RANGE: RangeInclusive<u32> = 1..=1000;
    /// Asked for no number.
    const DEFAULT: Self = Self(1000);

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

impl StatusQuery {
    /// Reads the parameters of a request of `app`.
    ///
    /// # Errors
    /// The first that applies, of `messageId` (in the words of a push), `limit` and `cursor`.
    pub fn parse<'a>(
        app: &AppId,
        parameter: impl Fn(&'static str) -> Parameter<'a>,
    ) -> Result<Self, PushError> {
        let message = parameter("messageId");
        let message = message.text().map_err(|_| PushError::NotAString("messageId"))?;
        let message = message.ok_or(PushError::Missing("messageId"))?;
        let message = MessageId::parse(&message).map_err(|_| PushError::MessageIdTooLong)?;
        let limit = optional_integer(&parameter("limit"), "limit", StatusLimit::RANGE)?;
        let after = of_recipients(app, &message)
            .read_text(&parameter("cursor"))?
            .map(|user| UserId::parse(&user).map_err(|_| ParameterError::InvalidCursor))
            .transpose()?;
        Ok(Self { message, limit: limit.map_or(StatusLimit::DEFAULT, StatusLimit), after })
    }

    /// The text with which `app` goes on after `user`.
    #[must_use]
    pub fn cursor_after(app: &AppId, message: &MessageId, user: &UserId) -> String {
        of_recipients(app, message).issue(user.as_str())
    }
}

fn of_recipients<'a>(app: &'a AppId, message: &'a MessageId) -> Opaque<'a> {
    Opaque::of(["recipients", app.as_str(), message.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(parse("m", "1000", "").unwrap().limit.number(), 1000);
        assert_eq!(parse("m", "", "").unwrap().limit.number(), 1000);
    }

    #[test]
    fn a_cursor_is_for_its_application_and_message_alone() {
        let (app, other) = (AppId::parse("a").unwrap(), AppId::parse("b").unwrap());
        let message = MessageId::parse("m").unwrap();
        let user = UserId::parse("u").unwrap();
        let cursor = StatusQuery::cursor_after(&app, &message, &user);
        assert_eq!(parse("m", "", &cursor).unwrap().after, Some(user.clone()));
        assert_eq!(parse("n", "", &cursor), Err("cursor: is not valid".into()));
        let foreign = StatusQuery::cursor_after(&other, &message, &user);
        assert_eq!(parse("m", "", &foreign), Err("cursor: is not valid".into()));
    }
}
