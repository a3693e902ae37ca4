//! The errors of a parameter, and reading one with them: contract, "Rules for all parameters".

use std::ops::RangeInclusive;

use thiserror::Error;

use crate::{BoundedText, IntegerError, Parameter, TextError};

/// A parameter that breaks a rule; errcode 40035 of the customer-service product. Nested names are dotted.
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
    /// The value is not one of those listed.
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
    /// Not a list of objects.
    #[error("{0}: must be a list of objects")]
    NotAListOfObjects(&'static str),
    /// A list with too many elements.
    #[error("{0}: size exceeds the max value [{1}]")]
    TooMany(&'static str, usize),
    /// Not a date and time of the form the contract shows them in.
    #[error("{0}: must be yyyy-MM-dd HH:mm:ss")]
    NotADateTime(&'static str),
    /// The id was used for different content.
    #[error("{0}: already used for different content")]
    Taken(&'static str),
    /// A cursor that was altered, or was issued for another list.
    #[error("cursor: is not valid")]
    InvalidCursor,
}

impl Parameter<'_> {
    /// The value of a parameter that must be present.
    ///
    /// # Errors
    /// It is not present, not a string, or breaks a rule of its type.
    pub fn required<T: BoundedText>(&self, name: &'static str) -> Result<T, ParameterError> {
        self.optional(name)?.ok_or(ParameterError::Missing(name))
    }

    /// The value of a parameter that may be absent.
    ///
    /// # Errors
    /// It is not a string, or breaks a rule of its type.
    pub fn optional<T: BoundedText>(&self, name: &'static str) -> Result<Option<T>, ParameterError> {
        self.text()
            .map_err(|_| ParameterError::NotAString(name))?
            .map(|text| T::parse(&text).map_err(|error| ParameterError::Text(name, error)))
            .transpose()
    }

    /// The text of a required parameter with an enumerated value, without white space around it.
    ///
    /// # Errors
    /// It is not present, or not a string.
    pub fn word(&self, name: &'static str) -> Result<String, ParameterError> {
        let text = self.text().map_err(|_| ParameterError::NotAString(name))?;
        text.map(|text| text.trim().to_owned()).ok_or(ParameterError::Missing(name))
    }

    /// The value of an integer that may be absent.
    ///
    /// # Errors
    /// It is not an integer, or not within `range`.
    pub fn optional_integer(
        &self,
        name: &'static str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, ParameterError> {
        self.integer(range.clone()).map_err(|error| match error {
            IntegerError::NotAnInteger => ParameterError::NotAnInteger(name),
            IntegerError::OutOfRange => ParameterError::OutOfRange(name, range),
        })
    }
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
            (ParameterError::NotAListOfObjects("chats"), "chats: must be a list of objects"),
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
