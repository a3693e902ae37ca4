//! Tickets for the socket API, and the subscription that a ticket grants.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::{ChatId, JsonObject, Parameter, ParameterError, Source, UserId, sha256_hex};

/// A ticket: 64 hexadecimal digits with 244 random bits. A browser opens one connection with it. It is never logged and never
/// stored, so it has neither `Debug` nor `Display` nor `Serialize`.
pub struct Ticket(String);

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a ticket is 64 digits of 0-9 and a-f")]
pub struct MalformedTicket;

impl Ticket {
    /// The time in which a ticket must be used, in seconds.
    pub const LIFETIME: u64 = 60;

    const LENGTH: usize = 64;

    /// A new ticket of two random UUIDs, which have 122 random bits each.
    #[must_use]
    pub fn of_uuids(first: u128, second: u128) -> Self {
        Self(format!("{first:032x}{second:032x}"))
    }

    /// Reads the ticket that a client sent.
    ///
    /// # Errors
    /// [`MalformedTicket`].
    pub fn parse(text: &str) -> Result<Self, MalformedTicket> {
        let is_ticket =
            text.len() == Self::LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_ticket { Ok(Self(text.to_owned())) } else { Err(MalformedTicket) }
    }

    /// The text, for the user's browser.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the ticket in hexadecimal, by which it is stored.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_hex(&self.0)
    }
}

/// The topics of a connection: the inbox of a user, and chats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The user, whose inbox is a topic.
    pub user: UserId,
    /// The chats.
    pub chats: BTreeSet<(Source, ChatId)>,
}

impl Subscription {
    /// The most chats of a connection, counted before duplicates are dropped.
    pub const MAX_CHATS: usize = 10;

    /// Reads the body of a request for a ticket.
    ///
    /// # Errors
    /// The first that applies, of `userId` and `chats` (a list, its size, then `chatId` and `source` of each element).
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, ParameterError> {
        const CHATS: &str = "chats";
        let user = body.get("userId").required("userId")?;
        let mut elements = Vec::new();
        if body.get(CHATS).is_present() {
            elements = body.list(CHATS).ok_or(ParameterError::NotAListOfObjects(CHATS))?;
            elements.retain(Parameter::is_present);
        }
        if elements.len() > Self::MAX_CHATS {
            return Err(ParameterError::TooMany(CHATS, Self::MAX_CHATS));
        }
        let chats = elements.into_iter().map(|element| match element {
            Parameter::Object(chat) => {
                let id = chat.get("chatId").required("chats.chatId")?;
                Ok((Source::parse_as("chats.source", &chat.get("source"))?, id))
            }
            _ => Err(ParameterError::NotAListOfObjects(CHATS)),
        });
        Ok(Self { user, chats: chats.collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BoundedText, TextError};

    fn parse(json: &str) -> Result<Subscription, ParameterError> {
        Subscription::parse(&JsonObject::from_body(json.as_bytes()).unwrap())
    }

    fn chat(source: u32, id: &str) -> (Source, ChatId) {
        (Source::try_from(source).unwrap(), ChatId::parse(id).unwrap())
    }

    #[test]
    fn a_subscription_has_each_chat_once_with_its_source() {
        let user = UserId::parse("张三").unwrap();
        let json = r#"{"userId":" 张三 ","chats":[{"chatId":"b","source":"2"},null,{"chatId":"a"},{"chatId":" a ","source":1},""]}"#;
        let chats = BTreeSet::from([chat(1, "a"), chat(2, "b")]);
        assert_eq!(parse(json), Ok(Subscription { user: user.clone(), chats }));
        for json in [
            r#"{"userId":"张三"}"#,
            r#"{"userId":"张三","chats":null}"#,
            r#"{"userId":"张三","chats":""}"#,
            r#"{"userId":"张三","chats":[]}"#,
        ] {
            assert_eq!(
                parse(json),
                Ok(Subscription { user: user.clone(), chats: BTreeSet::new() }),
                "{json}"
            );
        }
    }

    #[test]
    fn its_fields_are_checked_in_order() {
        let chats = |count: usize| {
            format!(r#"{{"userId":"u","chats":[{}]}}"#, vec![r#"{"chatId":"c"}"#; count].join(","))
        };
        assert_eq!(parse(&chats(10)).unwrap().chats, BTreeSet::from([chat(1, "c")]));
        for (json, error) in [
            (r#"{"chats":7}"#.to_owned(), ParameterError::Missing("userId")),
            (r#"{"userId":"u","chats":7}"#.to_owned(), ParameterError::NotAListOfObjects("chats")),
            (r#"{"userId":"u","chats":{}}"#.to_owned(), ParameterError::NotAListOfObjects("chats")),
            (r#"{"userId":"u","chats":["c"]}"#.to_owned(), ParameterError::NotAListOfObjects("chats")),
            (chats(11), ParameterError::TooMany("chats", 10)),
            (r#"{"userId":"u","chats":[{}]}"#.to_owned(), ParameterError::Missing("chats.chatId")),
            (
                r#"{"userId":"u","chats":[{"source":0,"chatId":[]}]}"#.to_owned(),
                ParameterError::NotAString("chats.chatId"),
            ),
            (
                format!(r#"{{"userId":"u","chats":[{{"chatId":"{}"}}]}}"#, "x".repeat(65)),
                ParameterError::Text("chats.chatId", TextError::TooLong { max: 64 }),
            ),
            (
                r#"{"userId":"u","chats":[{"chatId":"c","source":"x"}]}"#.to_owned(),
                ParameterError::NotAnInteger("chats.source"),
            ),
            (
                r#"{"userId":"u","chats":[{"chatId":"c","source":0}]}"#.to_owned(),
                ParameterError::OutOfRange("chats.source", Source::RANGE),
            ),
        ] {
            assert_eq!(parse(&json), Err(error), "{json}");
        }
    }

    #[test]
    fn a_ticket_is_two_uuids_and_stored_by_its_sha_256() {
        let ticket = Ticket::of_uuids(0x0123_4567_89ab_cdef, u128::MAX);
        let text = format!("00000000000000000123456789abcdef{}", "f".repeat(32));
        assert_eq!((ticket.reveal(), ticket.hash()), (text.as_str(), sha256_hex(&text)));
        assert!(Ticket::parse(&text).is_ok_and(|read| read.reveal() == text));
    }

    #[test]
    fn any_other_text_is_no_ticket() {
        for text in ["", &"0".repeat(63), &"0".repeat(65), &"A".repeat(64), &"g".repeat(64), &"好".repeat(64)]
        {
            assert!(Ticket::parse(text).is_err(), "{text}");
        }
    }
}
