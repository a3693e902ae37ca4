//! The errors of the push product: contract, "POST /chatbot/api/front/thirdParty/message/push" and "Tokens".

use thiserror::Error;

use crate::{BodyError, ParameterError};

/// Why a push request fails. The text is the message that the caller reads, in the spelling of the API document.
///
/// One variant per response of the contract, including those that API Gateway gives before a function is called: the
/// template's literal responses are tested against them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PushError {
    /// The token is missing or malformed.
    #[error("parse access_token from Authorization error")]
    TokenMissing,
    /// The token is unknown, expired or revoked, or lacks the scope.
    #[error("check access_token error")]
    TokenRefused,
    /// The body is more than [`crate::BODY_LIMIT`] bytes.
    #[error("body size exceeds the max value")]
    BodyTooLarge,
    /// The body is empty, or no JSON object.
    #[error("body is not valid JSON")]
    InvalidJson,
    /// A parameter is absent, `null`, empty or blank.
    #[error("Required parameter '{0}' is not present")]
    Missing(&'static str),
    /// A parameter is neither a string nor an integer.
    #[error("messsagePush.{0}: must be a string")]
    NotAString(&'static str),
    /// More than 100 users, counted before duplicates are dropped.
    #[error("messsagePush.userIds: size exceeds the max value [100]")]
    TooManyUsers,
    /// A user id of more than 60 UTF-16 code units.
    #[error("messsagePush.userIds: element length exceeds the max value [60]")]
    UserIdTooLong,
    /// Content of more than 32,768 UTF-16 code units.
    #[error("messsagePush.content: length exceeds the max value [32768]")]
    ContentTooLong,
    /// `expireTime` is not an integer between 1 and 168.
    #[error("messsagePush.expireTime: value must be between 1 and 168")]
    ExpireTimeOutOfRange,
    /// A message id of more than 64 UTF-16 code units.
    #[error("messsagePush.messageId: Length exceeds the max value [64]")]
    MessageIdTooLong,
    /// The message id is taken by different content until its latest deadline.
    #[error("messsagePush.messageId: already used for different content")]
    MessageIdTaken,
    /// The content of the message id was recalled, and its deadline is not over.
    #[error("messsagePush.messageId: already recalled")]
    MessageRecalled,
    /// The message does not exist, or has expired.
    #[error("message does not exist")]
    UnknownMessage,
    /// A parameter of ours, beyond the API document, breaks a rule.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// No such path or method.
    #[error("invalid url")]
    InvalidUrl,
    /// A throttle of the stage.
    #[error("too many requests")]
    Throttled,
    /// An unforeseen fault, or the store is out of reach after retries.
    #[error("system error")]
    System,
}

impl PushError {
    /// The HTTP status, and the `code` of the body.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::TokenMissing
            | Self::TokenRefused
            | Self::InvalidJson
            | Self::Missing(_)
            | Self::Parameter(_)
            | Self::NotAString(_)
            | Self::TooManyUsers
            | Self::UserIdTooLong
            | Self::ContentTooLong
            | Self::ExpireTimeOutOfRange
            | Self::MessageIdTooLong
            | Self::MessageIdTaken
            | Self::MessageRecalled => 400,
            Self::InvalidUrl | Self::UnknownMessage => 404,
            Self::BodyTooLarge => 413,
            Self::Throttled => 429,
            Self::System => 500,
        }
    }
}

impl From<BodyError> for PushError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::BodyTooLarge,
            BodyError::Empty | BodyError::Invalid => Self::InvalidJson,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_of_the_contract() {
        let table = [
            (PushError::TokenMissing, 400, "parse access_token from Authorization error"),
            (PushError::TokenRefused, 400, "check access_token error"),
            (BodyError::TooLarge.into(), 413, "body size exceeds the max value"),
            (BodyError::Empty.into(), 400, "body is not valid JSON"),
            (BodyError::Invalid.into(), 400, "body is not valid JSON"),
            (PushError::Missing("userIds"), 400, "Required parameter 'userIds' is not present"),
            (PushError::NotAString("content"), 400, "messsagePush.content: must be a string"),
            (PushError::TooManyUsers, 400, "messsagePush.userIds: size exceeds the max value [100]"),
            (
                PushError::UserIdTooLong,
                400,
                "messsagePush.userIds: element length exceeds the max value [60]",
            ),
            (PushError::ContentTooLong, 400, "messsagePush.content: length exceeds the max value [32768]"),
            (
                PushError::ExpireTimeOutOfRange,
                400,
                "messsagePush.expireTime: value must be between 1 and 168",
            ),
            (PushError::MessageIdTooLong, 400, "messsagePush.messageId: Length exceeds the max value [64]"),
            (PushError::MessageIdTaken, 400, "messsagePush.messageId: already used for different content"),
            (PushError::InvalidUrl, 404, "invalid url"),
            (PushError::Throttled, 429, "too many requests"),
            (PushError::System, 500, "system error"),
        ];
        for (error, status, message) in table {
            assert_eq!((error.status(), error.to_string().as_str()), (status, message));
        }
    }
}
