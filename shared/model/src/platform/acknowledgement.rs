//! A user has, or has read, what was pushed.

use crate::{AppId, JsonObject, MessageId, Parameter, ParameterError, UserId, parameter_error::required};

/// Messages that a user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The user.
    pub user: UserId,
    /// The messages, each once.
    pub messages: Vec<MessageRef>,
    /// What the user did.
    pub state: AckState,
}

/// A pushed message, by who pushed it and what identifies it there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageRef {
    /// The application.
    pub app: AppId,
    /// Its id of the message.
    pub message: MessageId,
}

/// What a user did with a message. Having read it includes having it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AckState {
    /// It was shown.
    Delivered,
    /// It was read.
    Read,
}

impl Acknowledgement {
    /// The most messages in one request, counted before duplicates are dropped.
    pub const MAX_MESSAGES: usize = 100;

    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first that applies, of `userId`, `messages` (present, a list of objects, its size, then each element's
    /// `appId` and `messageId`) and `state`.
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, ParameterError> {
        let user = required(&body.get("userId"), "userId")?;
        let messages = messages(body)?;
        let state = body.get("state");
        let state = state.text().map_err(|_| ParameterError::NotAString("state"))?;
        let state = match state.ok_or(ParameterError::Missing("state"))?.trim() {
            "delivered" => AckState::Delivered,
            "read" => AckState::Read,
            _ => return Err(ParameterError::NotOneOf("state", "delivered, read")),
        };
        Ok(Self { user, messages, state })
    }
}

fn messages(body: &JsonObject<'_>) -> Result<Vec<MessageRef>, ParameterError> {
    if !body.get("messages").is_present() {
        return Err(ParameterError::Missing("messages"));
    }
    let elements = body.list("messages").ok_or(ParameterError::NotAList("messages"))?;
    if elements.is_empty() {
        return Err(ParameterError::Missing("messages"));
    }
    if elements.len() > Acknowledgement::MAX_MESSAGES {
        return Err(ParameterError::TooMany("messages", Acknowledgement::MAX_MESSAGES));
    }
    let mut messages = elements.iter().map(message).collect::<Result<Vec<_>, _>>()?;
    messages.sort_unstable();
    messages.dedup();
    Ok(messages)
}

fn message(element: &Parameter<'_>) -> Result<MessageRef, ParameterError> {
    let Parameter::Object(object) = element else { return Err(ParameterError::NotAList("messages")) };
    Ok(MessageRef {
        app: required(&object.get("appId"), "messages.appId")?,
        message: required(&object.get("messageId"), "messages.messageId")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Acknowledgement, String> {
        Acknowledgement::parse(&JsonObject::from_body(body.as_bytes()).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_rule_that_is_broken_is_named() {
        let missing = |name: &str| Err(format!("Required parameter '{name}' is not present"));
        let of = |messages: &str| parse(&format!(r#"{{"userId":"u","messages":{messages},"state":"read"}}"#));
        assert_eq!(parse("{}"), missing("userId"));
        for messages in ["null", "[]", r#""""#] {
            assert_eq!(of(messages), missing("messages"), "{messages}");
        }
        for messages in ["{}", r#""x""#, "1", "[1]", "[[]]", r#"[{"appId":"a","messageId":"m"},null]"#] {
            assert_eq!(of(messages), Err("messages: must be a list of objects".into()), "{messages}");
        }
        assert_eq!(of("[{}]"), missing("messages.appId"));
        assert_eq!(of(r#"[{"appId":"a"}]"#), missing("messages.messageId"));
        assert_eq!(of(r#"[{"appId":[],"messageId":"m"}]"#), Err("messages.appId: must be a string".into()));
        let too_long = format!(r#"[{{"appId":"a","messageId":"{}"}}]"#, "m".repeat(65));
        assert_eq!(of(&too_long), Err("messages.messageId: length exceeds the max value [64]".into()));
        let body = |state: &str| {
            parse(&format!(r#"{{"userId":"u","messages":[{{"appId":"a","messageId":1}}],"state":{state}}}"#))
        };
        assert_eq!(body("null"), missing("state"));
        assert_eq!(body("[]"), Err("state: must be a string".into()));
        assert_eq!(body(r#""Read""#), Err("state: must be one of [delivered, read]".into()));
        assert_eq!(body(r#"" delivered ""#).unwrap().state, AckState::Delivered);
    }

    #[test]
    fn at_most_100_messages_are_counted_before_duplicates_are_dropped() {
        let of = |count: usize| {
            let messages = vec![r#"{"appId":"a","messageId":"m"}"#; count].join(",");
            parse(&format!(r#"{{"userId":"u","messages":[{messages}],"state":"read"}}"#))
        };
        assert_eq!(of(100).unwrap().messages.len(), 1);
        assert_eq!(of(101), Err("messages: size exceeds the max value [100]".into()));
    }
}
