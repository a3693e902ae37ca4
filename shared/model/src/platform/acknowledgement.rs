//! The acknowledgement of pushed messages.

use crate::{JsonObject, Parameter, ParameterError, UserId};

use super::AckId;

/// An acknowledgement of messages that a user got, or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// `userId`.
    pub user: UserId,
    /// The valid ids, without duplicates.
    pub ack_ids: Vec<AckId>,
    /// Texts that are not an acknowledgement id of this user, without duplicates.
    pub invalid: Vec<String>,
    /// `state`.
    pub state: AckState,
}

/// The state of a message for a user. `Read` implies `Delivered`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AckState {
    /// The user got it.
    Delivered,
    /// The user read it.
    Read,
}

impl Acknowledgement {
    /// The most ids in one request, counted after blank ones and before duplicates are dropped.
    pub const MAX_IDS: usize = 100;

    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first that applies, of `userId`, `ackIds` (present, a list of strings, its size) and `state`.
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, ParameterError> {
        let user = body.get("userId").required("userId")?;
        let texts = texts(body)?;
        let state = body.get("state");
        let state = state.text().map_err(|_| ParameterError::NotAString("state"))?;
        let state = match state.ok_or(ParameterError::Missing("state"))?.trim() {
            "delivered" => AckState::Delivered,
            "read" => AckState::Read,
            _ => return Err(ParameterError::NotOneOf("state", "delivered, read")),
        };
        let (mut ack_ids, mut invalid) = (Vec::new(), Vec::new());
        for text in texts {
            match AckId::parse(&text, &user) {
                Some(id) => ack_ids.push(id),
                None => invalid.push(text),
            }
        }
        Ok(Self { user, ack_ids, invalid, state })
    }
}

/// The elements of `ackIds`, without duplicates.
fn texts(body: &JsonObject<'_>) -> Result<Vec<String>, ParameterError> {
    const NAME: &str = "ackIds";
    if !body.get(NAME).is_present() {
        return Err(ParameterError::Missing(NAME));
    }
    let mut elements = body.list(NAME).ok_or(ParameterError::NotAListOfStrings(NAME))?;
    elements.retain(Parameter::is_present);
    if elements.is_empty() {
        return Err(ParameterError::Missing(NAME));
    }
    if elements.len() > Acknowledgement::MAX_IDS {
        return Err(ParameterError::TooMany(NAME, Acknowledgement::MAX_IDS));
    }
    let texts = elements.iter().map(|element| match element.text() {
        Ok(Some(text)) => Ok(text.trim().to_owned()),
        Ok(None) | Err(_) => Err(ParameterError::NotAListOfStrings(NAME)),
    });
    let mut texts = texts.collect::<Result<Vec<_>, _>>()?;
    texts.sort_unstable();
    texts.dedup();
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AppId, BoundedText, ContentHash, MessageId, Timestamp, platform::DeliveryRef};

    fn parse(json: &str) -> Result<Acknowledgement, ParameterError> {
        Acknowledgement::parse(&JsonObject::from_body(json.as_bytes()).unwrap())
    }

    #[test]
    fn an_acknowledgement_tells_valid_ids_from_invalid_ones_and_takes_each_once() {
        let user = UserId::parse("u").unwrap();
        let id = AckId {
            delivery: DeliveryRef {
                first_accepted_at: Timestamp::from_millis(1),
                app: AppId::parse("a").unwrap(),
                message: MessageId::parse("m").unwrap(),
            },
            content_hash: ContentHash::of("x"),
            accepted_at: Timestamp::from_millis(2),
        };
        let text = id.issue(&user);
        let json =
            format!(r#"{{"userId":"u","state":"read","ackIds":["{text}","y",7," {text}\n"," ",null,"y"]}}"#);
        let invalid = vec!["7".to_owned(), "y".to_owned()];
        assert_eq!(
            parse(&json),
            Ok(Acknowledgement { user, ack_ids: vec![id], invalid, state: AckState::Read })
        );
    }

    #[test]
    fn a_state_is_delivered_or_read_with_white_space_around() {
        for (text, state) in [("delivered", AckState::Delivered), (" read\\n", AckState::Read)] {
            let json = format!(r#"{{"userId":"u","state":"{text}","ackIds":["x"]}}"#);
            assert_eq!(parse(&json).map(|acknowledgement| acknowledgement.state), Ok(state), "{text}");
        }
    }

    #[test]
    fn its_fields_are_checked_in_order() {
        let ids = |count: usize| format!(r#""ackIds":[{}" "]"#, r#""x","#.repeat(count));
        for (json, error) in [
            ("{}".to_owned(), ParameterError::Missing("userId")),
            (r#"{"userId":"u"}"#.to_owned(), ParameterError::Missing("ackIds")),
            (r#"{"userId":"u","ackIds":[]}"#.to_owned(), ParameterError::Missing("ackIds")),
            (r#"{"userId":"u","ackIds":["",null]}"#.to_owned(), ParameterError::Missing("ackIds")),
            (r#"{"userId":"u","ackIds":"x"}"#.to_owned(), ParameterError::NotAListOfStrings("ackIds")),
            (r#"{"userId":"u","ackIds":{}}"#.to_owned(), ParameterError::NotAListOfStrings("ackIds")),
            (r#"{"userId":"u","ackIds":["x",{}]}"#.to_owned(), ParameterError::NotAListOfStrings("ackIds")),
            (format!(r#"{{"userId":"u",{}}}"#, ids(101)), ParameterError::TooMany("ackIds", 100)),
            (format!(r#"{{"userId":"u",{}}}"#, ids(100)), ParameterError::Missing("state")),
            (
                format!(r#"{{"userId":"u",{},"state":"seen"}}"#, ids(1)),
                ParameterError::NotOneOf("state", "delivered, read"),
            ),
        ] {
            assert_eq!(parse(&json), Err(error), "{json}");
        }
    }
}
