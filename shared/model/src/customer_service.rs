//! The errors of the customer-service product: contract, "Error numbers of the customer-service product".

use std::ops::RangeInclusive;

use thiserror::Error;

use crate::{BodyError, BoundedText, Parameter, TextError};

/// Why a customer-service request is not done. The text is what the caller reads.
///
/// One variant for each row of the contract's table, those included that API Gateway answers before a function is
/// called: the template's literal answers are tested against them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CustomerServiceError {
    /// Anything unforeseen, or the store is out of reach after retries.
    #[error("system error")]
    System,
    /// `msgtype` is none of the five.
    #[error("invalid msgtype")]
    InvalidMsgtype,
    /// The token is unknown, expired or revoked, or lacks the scope.
    #[error("token is wrong")]
    TokenRefused,
    /// A parameter is missing, blank, of the wrong type or over its limit.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// No such path or method.
    #[error("invalid url")]
    InvalidUrl,
    /// The token is missing or malformed.
    #[error("token is wrong")]
    TokenMissing,
    /// The body is empty, too large or no JSON object.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// More requests than are allowed.
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
    /// The number partners branch on, `errcode`.
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

    /// The HTTP status that goes with it.
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

/// What is wrong with a parameter; errcode 40035. Nested names are dotted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParameterError {
    /// Absent, `null`, empty or blank.
    #[error("Required parameter '{0}' is not present")]
    Missing(&'static str),
    /// A string that is too long or not of its form.
    #[error("{0}: {1}")]
    Text(&'static str, TextError),
    /// Not an integer.
    #[error("{0}: must be an integer")]
    NotAnInteger(&'static str),
    /// An integer outside its range.
    #[error("{0}: value must be between {min} and {max}", min = .1.start(), max = .1.end())]
    OutOfRange(&'static str, RangeInclusive<u32>),
    /// An event that is neither `begin` nor `end`.
    #[error("{0}: must be one of [begin, end]")]
    NotAnEvent(&'static str),
    /// Neither a string nor an integer that could stand for one.
    #[error("{0}: must be a string")]
    NotAString(&'static str),
    /// Not an object.
    #[error("{0}: must be an object")]
    NotAnObject(&'static str),
    /// A cursor that was altered, or is for another chat or source.
    #[error("cursor: is not valid")]
    InvalidCursor,
}

/// A parameter that must be there.
pub(crate) fn required<T: BoundedText>(
    parameter: &Parameter<'_>,
    name: &'static str,
) -> Result<T, ParameterError> {
    optional(parameter, name)?.ok_or(ParameterError::Missing(name))
}

/// A parameter that may be there, and keeps its rules if it is.
pub(crate) fn optional<T: BoundedText>(
    parameter: &Parameter<'_>,
    name: &'static str,
) -> Result<Option<T>, ParameterError> {
    parameter
        .text()
        .map_err(|_| ParameterError::NotAString(name))?
        .map(|text| T::parse(&text).map_err(|error| ParameterError::Text(name, error)))
        .transpose()
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

    #[test]
    fn every_text_of_errcode_40035() {
        let table = [
            (ParameterError::Missing("text.content"), "Required parameter 'text.content' is not present"),
            (
                ParameterError::Text("touser", TextError::TooLong { max: 64 }),
                "touser: length exceeds the max value [64]",
            ),
            (ParameterError::NotAnInteger("source"), "source: must be an integer"),
            (ParameterError::OutOfRange("limit", 1..=1000), "limit: value must be between 1 and 1000"),
            (ParameterError::Text("url", TextError::NotAnHttpUrl), "url: must be an http or https URL"),
            (ParameterError::NotAnEvent("eventType"), "eventType: must be one of [begin, end]"),
            (ParameterError::NotAString("touser"), "touser: must be a string"),
            (ParameterError::NotAnObject("text"), "text: must be an object"),
            (ParameterError::InvalidCursor, "cursor: is not valid"),
        ];
        for (error, message) in table {
            assert_eq!(error.to_string(), message);
        }
    }
}
