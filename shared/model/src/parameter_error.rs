//! What can be wrong with a parameter, and the ways to read one: contract, "Rules for all parameters".

use std::ops::RangeInclusive;

use thiserror::Error;

use crate::{BoundedText, IntegerError, Parameter, TextError};

/// What is wrong with a parameter; errcode 40035 of the customer-service product. Nested names are dotted.
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
    /// Another word than those there are, which stand in the text.
    #[error("{0}: must be one of [{1}]")]
    NotOneOf(&'static str, &'static str),
    /// Neither a string nor an integer that could stand for one.
    #[error("{0}: must be a string")]
    NotAString(&'static str),
    /// Not an object.
    #[error("{0}: must be an object")]
    NotAnObject(&'static str),
    /// Not a list of strings.
    #[error("{0}: must be a list of strings")]
    NotAListOfStrings(&'static str),
    /// A list with too many elements.
    #[error("{0}: size exceeds the max value [{1}]")]
    TooMany(&'static str, usize),
    /// Not a date and time of the form the contract shows them in.
    #[error("{0}: must be yyyy-MM-dd HH:mm:ss")]
    NotADateTime(&'static str),
    /// An id that stands for other content already.
    #[error("{0}: already used for different content")]
    Taken(&'static str),
    /// A cursor that was altered, or is for something else than what is asked for.
    #[error("cursor: is not valid")]
    InvalidCursor,
}

/// A parameter that must be there.
///
/// # Errors
/// That it is not present, not a string, or breaks a rule of its type.
pub(crate) fn required<T: BoundedText>(
    parameter: &Parameter<'_>,
    name: &'static str,
) -> Result<T, ParameterError> {
    optional(parameter, name)?.ok_or(ParameterError::Missing(name))
}

/// A parameter that may be there, and keeps its rules if it is.
///
/// # Errors
/// That it is not a string, or breaks a rule of its type.
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

/// A parameter that may be there, and is an integer within `range` if it is.
///
/// # Errors
/// That it is no integer, or out of range.
pub(crate) fn optional_integer(
    parameter: &Parameter<'_>,
    name: &'static str,
    range: RangeInclusive<u32>,
) -> Result<Option<u32>, ParameterError> {
    parameter.integer(range.clone()).map_err(|error| match error {
        IntegerError::NotAnInteger => ParameterError::NotAnInteger(name),
        IntegerError::OutOfRange => ParameterError::OutOfRange(name, range),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text() {
        let table = [
            (ParameterError::Missing("text.content"), "Required parameter 'text.content' is not present"),
            (
                ParameterError::Text("touser", TextError::TooLong { max: 64 }),
                "touser: length exceeds the max value [64]",
            ),
            (ParameterError::NotAnInteger("source"), "source: must be an integer"),
            (ParameterError::OutOfRange("limit", 1..=1000), "limit: value must be between 1 and 1000"),
            (ParameterError::Text("url", TextError::NotAnHttpUrl), "url: must be an http or https URL"),
            (ParameterError::NotOneOf("eventType", "begin, end"), "eventType: must be one of [begin, end]"),
            (ParameterError::NotAListOfStrings("ackIds"), "ackIds: must be a list of strings"),
            (ParameterError::TooMany("ackIds", 100), "ackIds: size exceeds the max value [100]"),
            (ParameterError::Taken("msgId"), "msgId: already used for different content"),
            (ParameterError::NotADateTime("dateTime"), "dateTime: must be yyyy-MM-dd HH:mm:ss"),
            (ParameterError::NotAString("touser"), "touser: must be a string"),
            (ParameterError::NotAnObject("text"), "text: must be an object"),
            (ParameterError::InvalidCursor, "cursor: is not valid"),
        ];
        for (error, message) in table {
            assert_eq!(error.to_string(), message);
        }
    }
}
