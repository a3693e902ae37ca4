//! References to deliveries: the cursor of an inbox, and the id of an acknowledgement.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{AppId, ContentHash, CursorCodec, MessageId, Parameter, ParameterError, Timestamp, UserId};

/// A delivery within an inbox. Deliveries are in the order of the first acceptance of their content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRef {
    /// The first acceptance of the content, for any user.
    pub first_accepted_at: Timestamp,
    /// The application that pushed it.
    pub app: AppId,
    /// `messageId`.
    pub message: MessageId,
}

/// A page of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxQuery {
    /// `userId`.
    pub user: UserId,
    /// `cursor`.
    pub from: InboxCursor,
}

/// A position in an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboxCursor {
    /// Before the first delivery.
    Start,
    /// After this delivery.
    After(DeliveryRef),
}

/// The id of an acknowledgement: the content that a user was shown, and its acceptance.
///
/// It proves that the content was shown, so that an acknowledgement reads nothing. It includes the acceptance, since an
/// acknowledgement holds for 30 days: a repeat of the push after that is shown and acknowledged anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckId {
    /// The delivery.
    pub delivery: DeliveryRef,
    /// The content.
    pub content_hash: ContentHash,
    /// The acceptance for this user.
    pub accepted_at: Timestamp,
}

impl InboxQuery {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// The first that applies, of `userId` and `cursor`.
    pub fn parse<'a>(parameter: impl Fn(&'static str) -> Parameter<'a>) -> Result<Self, ParameterError> {
        let user = parameter("userId").required("userId")?;
        let from = InboxCursor::parse(&parameter("cursor"), &user)?.unwrap_or(InboxCursor::Start);
        Ok(Self { user, from })
    }
}

impl InboxCursor {
    /// The text for a caller, valid for this user's inbox alone.
    #[must_use]
    pub fn issue(&self, user: &UserId) -> String {
        encode(&inbox_codec(user), self)
    }

    fn parse(parameter: &Parameter<'_>, user: &UserId) -> Result<Option<Self>, ParameterError> {
        let position = inbox_codec(user).decode(parameter)?;
        position.map(|position| decode(&position).ok_or(ParameterError::InvalidCursor)).transpose()
    }
}

impl AckId {
    /// The text for a caller, valid for this user alone.
    #[must_use]
    pub fn issue(&self, user: &UserId) -> String {
        encode(&ack_id_codec(user), self)
    }

    /// Reads a text that [`Self::issue`] made; `None` if it was altered or is another user's.
    #[must_use]
    pub fn parse(text: &str, user: &UserId) -> Option<Self> {
        decode(&ack_id_codec(user).decode_text(text)?)
    }
}

fn encode(codec: &CursorCodec<'_>, value: &impl Serialize) -> String {
    // Strings and numbers always serialize.
    codec.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn decode<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

fn inbox_codec(user: &UserId) -> CursorCodec<'_> {
    CursorCodec::new(["inbox", "", user.as_str()])
}

fn ack_id_codec(user: &UserId) -> CursorCodec<'_> {
    CursorCodec::new(["acknowledgement", "", user.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedText;

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    fn delivery(message: &str) -> DeliveryRef {
        DeliveryRef {
            first_accepted_at: Timestamp::from_millis(7),
            app: AppId::parse("a b#c").unwrap(),
            message: MessageId::parse(message).unwrap(),
        }
    }

    #[test]
    fn a_cursor_is_valid_for_its_own_inbox_alone() {
        let parse = |text: &str, id: &str| InboxCursor::parse(&Parameter::from_query(Some(text)), &user(id));
        for cursor in [InboxCursor::Start, InboxCursor::After(delivery("m \u{0}\"😀"))] {
            let text = cursor.issue(&user("u"));
            assert_eq!(parse(&text, "u"), Ok(Some(cursor)));
            assert_eq!(parse(&text, "v"), Err(ParameterError::InvalidCursor));
            assert_eq!(parse(&format!("{text}A"), "u"), Err(ParameterError::InvalidCursor));
        }
        assert_eq!(parse("", "u"), Ok(None));
        for place in ["", " ", "{}", "1", r#"{"After":{}}"#] {
            assert_eq!(
                parse(&inbox_codec(&user("u")).encode(place), "u"),
                Err(ParameterError::InvalidCursor)
            );
        }
    }

    #[test]
    fn an_ack_id_is_valid_for_its_own_user_alone_and_is_no_cursor() {
        for message in ["m", &"\u{1}".repeat(64), &"好".repeat(64)] {
            let id = AckId {
                delivery: delivery(message),
                content_hash: ContentHash::of("x"),
                accepted_at: Timestamp::from_millis(8),
            };
            let text = id.issue(&user("u"));
            assert!(text.len() <= 1_200, "{}", text.len());
            assert_eq!(AckId::parse(&text, &user("u")), Some(id));
            assert_eq!(AckId::parse(&text, &user("v")), None);
            assert_eq!(AckId::parse(text.split_at(1).1, &user("u")), None);
            let forged = format!(
                r#"{{"delivery":{{"first_accepted_at":1,"app":"a","message":"m"}},"content_hash":"{}","accepted_at":1}}"#,
                "0".repeat(2_000)
            );
            assert_eq!(AckId::parse(&ack_id_codec(&user("u")).encode(forged), &user("u")), None);
            assert_eq!(AckId::parse(&InboxCursor::Start.issue(&user("u")), &user("u")), None);
        }
    }
}
