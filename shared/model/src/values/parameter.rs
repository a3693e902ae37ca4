//! A parameter of a query or a body, and the rules that all parameters share.

use std::{borrow::Cow, ops::RangeInclusive};

use thiserror::Error;

use crate::JsonObject;

/// A parameter of a request.
///
/// Absent, `null`, `""` and all-blank are the same: [`Parameter::Absent`].
#[derive(Debug)]
pub enum Parameter<'a> {
    /// Not present, or blank.
    Absent,
    /// A string that is not blank.
    Text(Cow<'a, str>),
    /// A JSON integer of any length, as its digits.
    Integer(&'a str),
    /// A JSON object.
    Object(JsonObject<'a>),
    /// A JSON array, boolean, fraction or exponent, which no parameter of the contract accepts as a value.
    Other,
}

/// The parameter is neither a string nor an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a string")]
pub struct NotAString;

/// Why a parameter is not a valid integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IntegerError {
    /// Not an integer.
    #[error("must be an integer")]
    NotAnInteger,
    /// An integer outside the range.
    #[error("out of range")]
    OutOfRange,
}

impl<'a> Parameter<'a> {
    /// A decoded query parameter.
    #[must_use]
    pub fn from_query(value: Option<&'a str>) -> Self {
        value.map_or(Self::Absent, |text| Self::from_text(Cow::Borrowed(text)))
    }

    /// The text of one well-formed JSON value.
    pub(crate) fn from_json(json: &'a str) -> Self {
        match json.as_bytes().first() {
            Some(b'n') => Self::Absent,
            Some(b'"') => {
                serde_json::from_str(json).map_or(Self::Other, |text| Self::from_text(Cow::Owned(text)))
            }
            Some(b'{') => JsonObject::from_json(json).map_or(Self::Other, Self::Object),
            Some(b'-' | b'0'..=b'9') if !json.contains(['.', 'e', 'E']) => Self::Integer(json),
            _ => Self::Other,
        }
    }

    fn from_text(text: Cow<'a, str>) -> Self {
        if text.trim().is_empty() { Self::Absent } else { Self::Text(text) }
    }

    /// Whether it is present, with a value of any type.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The value as a string; an integer as its digits.
    ///
    /// # Errors
    /// [`NotAString`] for an object, an array, a boolean, a fraction or an exponent.
    pub fn text(&self) -> Result<Option<Cow<'_, str>>, NotAString> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => Ok(Some(Cow::Borrowed(text))),
            Self::Integer(digits) => Ok(Some(Cow::Borrowed(digits))),
            Self::Object(_) | Self::Other => Err(NotAString),
        }
    }

    /// The value as an integer within `range`; also a string of ASCII digits of any length, with or without a leading `-`.
    ///
    /// # Errors
    /// [`IntegerError::NotAnInteger`], then [`IntegerError::OutOfRange`].
    pub fn integer(&self, range: RangeInclusive<u32>) -> Result<Option<u32>, IntegerError> {
        let digits = match self {
            Self::Absent => return Ok(None),
            Self::Integer(digits) => digits,
            Self::Text(text) if is_integer(text) => text.as_ref(),
            Self::Text(_) | Self::Object(_) | Self::Other => return Err(IntegerError::NotAnInteger),
        };
        // All digits, after at most one minus: a value that does not fit an i64 is outside every range.
        digits
            .parse::<i64>()
            .ok()
            .and_then(|value| u32::try_from(value).ok())
            .filter(|value| range.contains(value))
            .map(Some)
            .ok_or(IntegerError::OutOfRange)
    }
}

/// Whether a text is ASCII digits, with or without a leading `-`.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Result<Option<String>, NotAString> {
        Parameter::from_json(json).text().map(|text| text.map(Cow::into_owned))
    }

    #[test]
    fn absent_null_empty_and_blank_are_the_same() {
        for json in ["null", r#""""#, r#"" \t\n""#, "\"\u{3000}\u{a0}\u{2029}\""] {
            assert!(!Parameter::from_json(json).is_present(), "{json}");
        }
        for query in [None, Some(""), Some(" \u{2003}")] {
            assert!(!Parameter::from_query(query).is_present(), "{query:?}");
        }
    }

    #[test]
    fn an_integer_is_taken_as_its_digits_exactly_and_of_any_length() {
        for digits in ["0", "-1", "-0", "9007199254740993", "18446744073709551617", &"9".repeat(100)] {
            assert_eq!(text(digits), Ok(Some(digits.to_owned())));
        }
    }

    #[test]
    fn arrays_objects_booleans_fractions_and_exponents_are_no_strings() {
        for json in ["[]", r#"["x"]"#, "{}", "true", "false", "1.0", "1e0", "1E2", "-0.0"] {
            assert_eq!(text(json), Err(NotAString), "{json}");
        }
    }

    #[test]
    fn a_string_of_ascii_digits_is_an_integer_and_nothing_else_is() {
        let integer = |json| Parameter::from_json(json).integer(1..=168);
        assert_eq!(integer("168"), Ok(Some(168)));
        assert_eq!(integer(r#""168""#), Ok(Some(168)));
        assert_eq!(integer(r#""0000000000000000000000168""#), Ok(Some(168)));
        assert_eq!(integer("null"), Ok(None));
        for json in [
            r#""1.0""#,
            r#""1e0""#,
            "1.0",
            "1e0",
            "true",
            "[1]",
            "{}",
            r#""+1""#,
            r#""-""#,
            r#""--1""#,
            r#""-1.0""#,
            r#""- 1""#,
            r#"" 1""#,
            r#""１""#,
        ] {
            assert_eq!(integer(json), Err(IntegerError::NotAnInteger), "{json}");
        }
        for json in [
            "0",
            "169",
            "-1",
            r#""-1""#,
            r#""-0""#,
            r#""-99999999999999999999999""#,
            "4294967297",
            r#""99999999999999999999999""#,
            "-99999999999999999999999",
        ] {
            assert_eq!(integer(json), Err(IntegerError::OutOfRange), "{json}");
        }
    }
}
