//! The errors of the customer-service product: contract, "Error numbers of the customer-service product".

use thiserror::Error;

use crate::{BodyError, ParameterError};

/// Why a customer-service request fails. The text is the message that the caller reads.
///
/// One variant per row of the contract's table, including those that API Gateway answers before a function is called: the
/// template's literal responses are tested against them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CustomerServiceError {
    /// An unforeseen fault, or the store is out of reach after retries.
    #[error("system error")]
    System,
    /// `msgtype` is none of the five.
    #[error("invalid msgtype")]
    InvalidMsgtype,
    /// The token is unknown, expired or revoked, or lacks the scope.
    #[error("token is wrong")]
    TokenRefused,
    /// A parameter breaks a rule.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// No such path or method.
    #[error("invalid url")]
    InvalidUrl,
    /// The token is missing or malformed.
    #[error("token is wrong")]
    TokenMissing,
    /// The body is empty, too large or not a JSON object.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// A throttle of the stage.
    #[error("too many requests")]
    Throttled,
    /// No such user.
    #[error("user does not exist")]
    UnknownUser,
    /// The application may not use this `source`.
    #[error("source is not permitted")]
    SourceNotPermitted,
}

impl CustomerServiceError {
    /// `errcode`, on which partners branch.
    #[must_use]
    pub const fn errcode(&self) -> i32 {
        match self {
            Self::System => -1,
            Self::InvalidMsgtype => 40008,
            Self::TokenRefused => 40014,
            Self::Parameter(_) => 40035,
            Self::InvalidUrl => 40066,
            Self::TokenMissing => 41001,
            Self::Body(BodyError::Empty) => 44002,
            Self::Body(BodyError::TooLarge) => 45002,
            Self::Throttled => 45009,
            Self::UnknownUser => 46004,
            Self::Body(BodyError::Invalid) => 47001,
            Self::SourceNotPermitted => 48001,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::System => 500,
            Self::InvalidMsgtype | Self::Parameter(_) | Self::Body(BodyError::Empty | BodyError::Invalid) => {
                400
            }
            Self::TokenRefused | Self::TokenMissing => 401,
            Self::SourceNotPermitted => 403,
            Self::InvalidUrl | Self::UnknownUser => 404,
            Self::Body(BodyError::TooLarge) => 413,
            Self::Throttled => 429,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_contracts_table() {
        let missing = ParameterError::Missing("touser");
        let table = [
            (CustomerServiceError::System, -1, 500, "system error"),
            (CustomerServiceError::InvalidMsgtype, 40008, 400, "invalid msgtype"),
            (CustomerServiceError::TokenRefused, 40014, 401, "token is wrong"),
            (missing.into(), 40035, 400, "Required parameter 'touser' is not present"),
            (CustomerServiceError::InvalidUrl, 40066, 404, "invalid url"),
            (CustomerServiceError::TokenMissing, 41001, 401, "token is wrong"),
            (BodyError::Empty.into(), 44002, 400, "empty body"),
            (BodyError::TooLarge.into(), 45002, 413, "body size exceeds the max value"),
            (CustomerServiceError::Throttled, 45009, 429, "too many requests"),
            (CustomerServiceError::UnknownUser, 46004, 404, "user does not exist"),
            (BodyError::Invalid.into(), 47001, 400, "body is not valid JSON"),
            (CustomerServiceError::SourceNotPermitted, 48001, 403, "source is not permitted"),
        ];
        for (error, errcode, status, message) in table {
            assert_eq!(
                (error.errcode(), error.status(), error.to_string().as_str()),
                (errcode, status, message)
            );
        }
    }
}
