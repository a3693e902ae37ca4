//! The body of a POST request as raw JSON values.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::value::RawValue;
use thiserror::Error;

use crate::{Parameter, ParameterError};

/// The largest valid body, in bytes.
pub const BODY_LIMIT: usize = 262_144;

/// Some partners' serializers put it before the JSON.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a body is not valid. Each product has its own error for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BodyError {
    /// More than [`BODY_LIMIT`] bytes.
    #[error("body size exceeds the max value")]
    TooLarge,
    /// No bytes, or nothing but white space and a byte order mark.
    #[error("empty body")]
    Empty,
    /// Not UTF-8, not JSON, not an object, or with a string that is not valid Unicode.
    #[error("body is not valid JSON")]
    Invalid,
}

/// A JSON object with raw values.
///
/// An id may be an integer of any length and must never pass through a float. Of duplicate keys, the last one counts.
#[derive(Debug, Default)]
pub struct JsonObject<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> JsonObject<'a> {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// The first that applies: [`BodyError::TooLarge`], [`BodyError::Empty`], [`BodyError::Invalid`].
    pub fn from_body(body: &'a [u8]) -> Result<Self, BodyError> {
        if body.len() > BODY_LIMIT {
            return Err(BodyError::TooLarge);
        }
        let text = std::str::from_utf8(body).map_err(|_| BodyError::Invalid)?;
        if text.chars().all(|c| c.is_whitespace() || c == BYTE_ORDER_MARK) {
            return Err(BodyError::Empty);
        }
        let json = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let object = Self::from_json(json).ok_or(BodyError::Invalid)?;
        if every_string_is_text(json) { Ok(object) } else { Err(BodyError::Invalid) }
    }

    /// `None` if the text is not one JSON object.
    pub(crate) fn from_json(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// The member `name`, as a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Parameter<'a> {
        self.0.get(name).map_or(Parameter::Absent, |raw| Parameter::from_json(raw.get()))
    }

    /// The member `name` as an object. An absent one is empty, so that its first field is reported as missing.
    ///
    /// # Errors
    /// [`ParameterError::NotAnObject`].
    pub fn object(&self, name: &'static str) -> Result<Self, ParameterError> {
        match self.get(name) {
            Parameter::Absent => Ok(Self::default()),
            Parameter::Object(object) => Ok(object),
            Parameter::Text(_) | Parameter::Integer(_) | Parameter::Other => {
                Err(ParameterError::NotAnObject(name))
            }
        }
    }

    /// The elements of the list `name`; `None` if it is not a list.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<Parameter<'a>>> {
        let elements: Vec<&'a RawValue> = serde_json::from_str(self.0.get(name)?.get()).ok()?;
        Some(elements.into_iter().map(|raw| Parameter::from_json(raw.get())).collect())
    }
}

/// Whether every string of well-formed JSON is valid Unicode.
///
/// Parsing raw values checks the grammar of a string but not its escapes: `"\ud800"` is well-formed, and a lone surrogate.
/// One pass over the text, from quote to quote, whatever the nesting.
fn every_string_is_text(json: &str) -> bool {
    let mut rest = json;
    while let Some((_, from_quote)) = rest.find('"').and_then(|quote| rest.split_at_checked(quote)) {
        let mut strings = serde_json::Deserializer::from_str(from_quote).into_iter::<Cow<'_, str>>();
        if !matches!(strings.next(), Some(Ok(_))) {
            return false;
        }
        rest = from_quote.get(strings.byte_offset()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(body: &[u8]) -> Result<(), BodyError> {
        JsonObject::from_body(body).map(|_| ())
    }

    #[test]
    fn the_size_limit_itself_is_valid() {
        let body = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
        assert_eq!(outcome(body(BODY_LIMIT).as_bytes()), Ok(()));
        assert_eq!(outcome(body(BODY_LIMIT + 1).as_bytes()), Err(BodyError::TooLarge));
        assert_eq!(outcome(" ".repeat(BODY_LIMIT + 1).as_bytes()), Err(BodyError::TooLarge));
    }

    #[test]
    fn nothing_but_white_space_or_a_byte_order_mark_is_empty() {
        for body in ["", " ", "\r\n\t", "\u{feff}", " \u{feff}\n", "\u{3000}\u{a0}"] {
            assert_eq!(outcome(body.as_bytes()), Err(BodyError::Empty), "{body:?}");
        }
    }

    #[test]
    fn what_is_no_json_object_is_invalid() {
        for body in [
            "null",
            "[]",
            "\"text\"",
            "1",
            "true",
            "{",
            "}",
            "{}{}",
            "{} x",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":+1}",
            "{\"a\":NaN}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":tru}",
            "// c\n{}",
            "{\"a\":1}\u{feff}",
            "[{}]",
            "{\"a\":[1,]}",
        ] {
            assert_eq!(outcome(body.as_bytes()), Err(BodyError::Invalid), "{body}");
        }
        assert_eq!(outcome(b"{\"a\":\"\xff\"}"), Err(BodyError::Invalid));
        assert_eq!(outcome(b"\xff\xfe{\0}\0"), Err(BodyError::Invalid));
    }

    #[test]
    fn a_byte_order_mark_and_white_space_around_are_skipped() {
        assert_eq!(outcome("\u{feff} \n{} \t".as_bytes()), Ok(()));
    }

    #[test]
    fn a_lone_surrogate_anywhere_makes_the_body_invalid() {
        for body in [
            r#"{"a":"\ud800"}"#,
            r#"{"a":"x\udc00y"}"#,
            r#"{"\ud800":1}"#,
            r#"{"a":{"b":["\ud83d\u0041"]}}"#,
            r#"{"a":"\ud800","a":"ok"}"#,
        ] {
            assert_eq!(outcome(body.as_bytes()), Err(BodyError::Invalid), "{body}");
        }
        assert_eq!(outcome(r#"{"a":"\ud83d\ude00","b\"":"\\ud800"}"#.as_bytes()), Ok(()));
    }

    #[test]
    fn numbers_that_no_float_can_hold_are_still_json() {
        assert_eq!(outcome(br#"{"a":1e999,"b":123456789012345678901234567890}"#), Ok(()));
    }

    #[test]
    fn of_a_duplicate_key_the_last_value_counts() {
        let object = JsonObject::from_body(br#"{"a":"first","\u0061":"last"}"#).unwrap();
        assert_eq!(object.get("a").text(), Ok(Some("last".into())));
    }
}
