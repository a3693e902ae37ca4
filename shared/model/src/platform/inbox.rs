//! What waits for a user.

use crate::{Parameter, ParameterError, Timestamp, UserId, opaque::Opaque, parameter_error::required};

/// Whose messages are asked for, and from where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxQuery {
    /// The user.
    pub user: UserId,
    /// After which message to go on.
    pub after: Option<InboxCursor>,
}

/// The place after a message in an inbox, which is ordered by acceptance and, of one millisecond, by key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InboxCursor {
    /// When the message was accepted.
    pub accepted_at: Timestamp,
    /// What identifies it in the inbox.
    pub key: String,
}

impl InboxQuery {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// The first that applies, of `userId` and `cursor`.
    pub fn parse<'a>(parameter: impl Fn(&'static str) -> Parameter<'a>) -> Result<Self, ParameterError> {
        let user = required(&parameter("userId"), "userId")?;
        let after = InboxCursor::parse(&parameter("cursor"), &user)?;
        Ok(Self { user, after })
    }
}

impl InboxCursor {
    /// The text a caller gets, for this user's inbox alone.
    #[must_use]
    pub fn issue(&self, user: &UserId) -> String {
        of_inbox(user).issue(format!("{} {}", self.accepted_at.millis(), self.key))
    }

    fn parse(parameter: &Parameter<'_>, user: &UserId) -> Result<Option<Self>, ParameterError> {
        let Some(place) = of_inbox(user).read_text(parameter)? else { return Ok(None) };
        let (millis, key) = place.split_once(' ').ok_or(ParameterError::InvalidCursor)?;
        let millis = millis.parse().map_err(|_| ParameterError::InvalidCursor)?;
        Ok(Some(Self { accepted_at: Timestamp::from_millis(millis), key: key.to_owned() }))
    }
}

fn of_inbox(user: &UserId) -> Opaque<'_> {
    Opaque::of(["inbox", "", user.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedText;

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    #[test]
    fn a_cursor_comes_back_for_its_own_inbox_alone() {
        let cursor = InboxCursor { accepted_at: Timestamp::from_millis(7), key: "PUSH#a b#c".to_owned() };
        let text = cursor.issue(&user("u"));
        let parse = |text: &str, id: &str| InboxCursor::parse(&Parameter::from_query(Some(text)), &user(id));
        assert_eq!(parse(&text, "u"), Ok(Some(cursor)));
        assert_eq!(parse(&text, "v"), Err(ParameterError::InvalidCursor));
        assert_eq!(parse(&format!("{text}A"), "u"), Err(ParameterError::InvalidCursor));
        assert_eq!(parse("", "u"), Ok(None));
        for place in ["", " ", "x y", "1"] {
            assert_eq!(parse(&of_inbox(&user("u")).issue(place), "u"), Err(ParameterError::InvalidCursor));
        }
    }
}
