//! The errors of the platform's API, which keeps the conventions of the push product.

use thiserror::Error;

use crate::{BodyError, ParameterError};

/// Why a request of the platform fails. The text is the message that the caller reads.
///
/// One variant per response, including those that API Gateway gives before a function is called: the template's literal
/// responses are tested against them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlatformError {
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
    /// A parameter breaks a rule.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// No such path or method.
    #[error("invalid url")]
    InvalidUrl,
    /// A throttle of the stage, or of the table.
    #[error("too many requests")]
    Throttled,
    /// An unforeseen fault, or the store is out of reach after retries.
    #[error("system error")]
    System,
}

impl PlatformError {
    /// The HTTP status, and the `code` of the body.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::TokenMissing | Self::TokenRefused | Self::InvalidJson | Self::Parameter(_) => 400,
            Self::InvalidUrl => 404,
            Self::BodyTooLarge => 413,
            Self::Throttled => 429,
            Self::System => 500,
        }
    }
}

impl From<BodyError> for PlatformError {
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
    fn every_error_has_the_status_and_text_of_the_push_product() {
        let table = [
            (PlatformError::TokenMissing, 400, "parse access_token from Authorization error"),
            (PlatformError::TokenRefused, 400, "check access_token error"),
            (BodyError::TooLarge.into(), 413, "body size exceeds the max value"),
            (BodyError::Empty.into(), 400, "body is not valid JSON"),
            (BodyError::Invalid.into(), 400, "body is not valid JSON"),
            (ParameterError::Missing("userId").into(), 400, "Required parameter 'userId' is not present"),
            (PlatformError::InvalidUrl, 404, "invalid url"),
            (PlatformError::Throttled, 429, "too many requests"),
            (PlatformError::System, 500, "system error"),
        ];
        for (error, status, message) in table {
            assert_eq!((error.status(), error.to_string().as_str()), (status, message));
        }
    }
}
