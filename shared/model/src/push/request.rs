//! A push and its recall: contract, "POST /chatbot/api/front/thirdParty/message/push".

use std::{borrow::Cow, collections::HashSet, ops::RangeInclusive};

use super::PushError;
use crate::{BoundedText, Content, JsonObject, MessageId, Parameter, Timestamp, UserId};

/// A push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// `userIds`.
    pub users: UserIds,
    /// `content`, as sent.
    pub content: Content,
    /// `expireTime`.
    pub expire_hours: ExpireHours,
    /// `messageId`.
    pub message: MessageId,
}

impl PushRequest {
    /// Reads the body of a push.
    ///
    /// # Errors
    /// The first in the contract's order: all missing parameters, then the limits of `userIds`, `content`,
    /// `expireTime` and `messageId`.
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, PushError> {
        let users = required(body, "userIds")?;
        let content = required(body, "content")?;
        let expire_time = required(body, "expireTime")?;
        let message = required(body, "messageId")?;
        Ok(Self {
            users: UserIds::parse(&text(&users, "userIds")?)?,
            content: Content::parse(&text(&content, "content")?).map_err(|_| PushError::ContentTooLong)?,
            expire_hours: ExpireHours::parse(&expire_time)?,
            message: message_id(&message)?,
        })
    }
}

/// A recall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallRequest {
    /// `messageId`.
    pub message: MessageId,
}

impl RecallRequest {
    /// Reads the body of a recall.
    ///
    /// # Errors
    /// `messageId` is not present, not a string, or too long.
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, PushError> {
        Ok(Self { message: message_id(&body.get("messageId"))? })
    }
}

/// The parameter `messageId`.
pub(crate) fn message_id(parameter: &Parameter<'_>) -> Result<MessageId, PushError> {
    const NAME: &str = "messageId";
    let id = parameter.text().map_err(|_| PushError::NotAString(NAME))?.ok_or(PushError::Missing(NAME))?;
    MessageId::parse(&id).map_err(|_| PushError::MessageIdTooLong)
}

/// The parameter `name`, which must be present. A list of commas only is not.
fn required<'a>(body: &JsonObject<'a>, name: &'static str) -> Result<Parameter<'a>, PushError> {
    let parameter = body.get(name);
    let is_present = match &parameter {
        Parameter::Text(list) if name == "userIds" => elements(list).next().is_some(),
        other => other.is_present(),
    };
    if is_present { Ok(parameter) } else { Err(PushError::Missing(name)) }
}

fn text<'p>(parameter: &'p Parameter<'_>, name: &'static str) -> Result<Cow<'p, str>, PushError> {
    parameter.text().map_err(|_| PushError::NotAString(name))?.ok_or(PushError::Missing(name))
}

/// The elements of a comma-separated list, trimmed, the empty ones dropped.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|element| !element.is_empty())
}

/// The users of a push, without duplicates, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserIds(Vec<UserId>);

impl UserIds {
    /// The most users of one call, counted before duplicates are dropped.
    pub const MAX_SIZE: usize = 100;

    fn parse(list: &str) -> Result<Self, PushError> {
        if elements(list).count() > Self::MAX_SIZE {
            return Err(PushError::TooManyUsers);
        }
        let mut seen = HashSet::new();
        elements(list)
            .filter(|element| seen.insert(*element))
            .map(|element| UserId::parse(element).map_err(|_| PushError::UserIdTooLong))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The users without duplicates.
    #[must_use]
    pub fn as_slice(&self) -> &[UserId] {
        &self.0
    }
}

/// `expireTime`: hours from acceptance until an undelivered message expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpireHours(u32);

impl ExpireHours {
    /// One hour to seven days.
    pub const RANGE: RangeInclusive<u32> = 1..=168;

    fn parse(parameter: &Parameter<'_>) -> Result<Self, PushError> {
        match parameter.integer(Self::RANGE) {
            Ok(Some(hours)) => Ok(Self(hours)),
            Ok(None) => Err(PushError::Missing("expireTime")),
            Err(_) => Err(PushError::ExpireTimeOutOfRange),
        }
    }

    /// The deadline of a message accepted at `accepted`: from then on it is not delivered.
    #[must_use]
    pub fn deadline(self, accepted: Timestamp) -> Timestamp {
        accepted.plus_hours(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<PushRequest, PushError> {
        PushRequest::parse(&JsonObject::from_body(body.as_bytes()).unwrap())
    }

    fn users(list: &str) -> Result<Vec<String>, PushError> {
        UserIds::parse(list).map(|users| users.0.iter().map(UserId::to_string).collect())
    }

    #[test]
    fn the_documents_own_example_is_read() {
        let push = parse(
            r#"{"userIds":"6557578274821898321,6557192726348112377","content":"您好,您有一条新消息",
                "messageId":"EQFEQ234TFQRFV54GHTE4HG4","expireTime":1}"#,
        )
        .unwrap();
        assert_eq!(push.users.as_slice().len(), 2);
        assert_eq!(push.content.as_str(), "您好,您有一条新消息");
        assert_eq!(push.message.as_str(), "EQFEQ234TFQRFV54GHTE4HG4");
        assert_eq!(push.expire_hours.deadline(Timestamp::from_millis(0)).seconds(), 3600);
    }

    #[test]
    fn what_is_missing_comes_first_in_the_order_of_the_document() {
        assert_eq!(parse("{}"), Err(PushError::Missing("userIds")));
        assert_eq!(parse(r#"{"userIds":" , ,","content":"x"}"#), Err(PushError::Missing("userIds")));
        assert_eq!(parse(r#"{"userIds":[],"content":" "}"#), Err(PushError::Missing("content")));
        assert_eq!(parse(r#"{"userIds":[],"content":[]}"#), Err(PushError::Missing("expireTime")));
        assert_eq!(
            parse(r#"{"userIds":[],"content":[],"expireTime":0}"#),
            Err(PushError::Missing("messageId"))
        );
    }

    #[test]
    fn commas_are_no_users_and_any_other_text() {
        let push = parse(r#"{"userIds":",u,","content":",","expireTime":1,"messageId":" , "}"#).unwrap();
        assert_eq!((push.content.as_str(), push.message.as_str()), (",", ","));
    }

    #[test]
    fn a_wrong_type_stands_where_the_parameters_first_limit_stands() {
        let body = |users: &str, content: &str, expire: &str, message: &str| {
            parse(&format!(
                r#"{{"userIds":{users},"content":{content},"expireTime":{expire},"messageId":{message}}}"#
            ))
        };
        assert_eq!(body("[]", "[]", "[]", "[]"), Err(PushError::NotAString("userIds")));
        assert_eq!(body("1", "{}", "{}", "{}"), Err(PushError::NotAString("content")));
        assert_eq!(body("1", "1", "1.0", "1.0"), Err(PushError::ExpireTimeOutOfRange));
        assert_eq!(body("1", "1", "1", "true"), Err(PushError::NotAString("messageId")));
        assert!(body("1", "1", "1", "1").is_ok());
    }

    #[test]
    fn users_are_trimmed_counted_and_only_then_made_unique() {
        assert_eq!(users(" a ,,b, a").unwrap(), ["a", "b"]);
        assert_eq!(users(&vec!["same"; 100].join(",")).unwrap(), ["same"]);
        assert_eq!(users(&vec!["same"; 101].join(",")), Err(PushError::TooManyUsers));
        assert_eq!(users(&format!("{},,, ,", vec!["same"; 100].join(","))).unwrap(), ["same"]);
    }

    #[test]
    fn a_user_is_at_most_60_long() {
        assert!(users(&"😀".repeat(30)).is_ok());
        assert_eq!(users(&format!("a,{}x", "😀".repeat(30))), Err(PushError::UserIdTooLong));
        let too_many_and_too_long = vec!["x".repeat(61); 101].join(",");
        assert_eq!(users(&too_many_and_too_long), Err(PushError::TooManyUsers));
    }
}
