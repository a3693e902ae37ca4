//! Patterns of EventBridge, which filter the records of a stream.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::TemplateError;

/// A pattern: an event matches if it has each field of the pattern, with one of the values there.
///
/// Of EventBridge's comparisons this process knows equality of texts and `prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(BTreeMap<String, Field>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Field {
    Nested(Pattern),
    /// At least one must match.
    OneOf(Vec<Comparison>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Comparison {
    Equals(String),
    Prefix(String),
}

impl Pattern {
    /// Reads a pattern in JSON.
    pub(crate) fn parse(json: &str) -> Result<Self, TemplateError> {
        let pattern = serde_json::from_str(json).map_err(|error| TemplateError(error.to_string()))?;
        Self::read(&pattern).map_err(|error| error.within(json))
    }

    fn read(pattern: &Map<String, Value>) -> Result<Self, TemplateError> {
        if pattern.is_empty() {
            return Err(TemplateError("a pattern names a field at least".to_owned()));
        }
        let fields = pattern.iter().map(|(name, field)| {
            let field = match field {
                Value::Object(nested) => Field::Nested(Self::read(nested)?),
                Value::Array(values) if !values.is_empty() => {
                    Field::OneOf(values.iter().map(Comparison::read).collect::<Result<_, _>>()?)
                }
                other => return Err(TemplateError(format!("{name}: {other} is not known here"))),
            };
            Ok((name.clone(), field))
        });
        fields.collect::<Result<_, _>>().map(Self)
    }

    /// Whether `event` matches.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.0.iter().all(|(name, field)| {
            event.get(name).is_some_and(|value| match field {
                Field::Nested(pattern) => pattern.matches(value),
                Field::OneOf(comparisons) => comparisons.iter().any(|comparison| comparison.matches(value)),
            })
        })
    }
}

impl Comparison {
    fn read(value: &Value) -> Result<Self, TemplateError> {
        match value {
            Value::String(text) => return Ok(Self::Equals(text.clone())),
            Value::Object(comparison) if comparison.len() == 1 => {
                if let Some(Value::String(prefix)) = comparison.get("prefix") {
                    return Ok(Self::Prefix(prefix.clone()));
                }
            }
            _ => {}
        }
        Err(TemplateError(format!("the comparison {value} is not known here")))
    }

    fn matches(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|value| match self {
            Self::Equals(text) => value == text,
            Self::Prefix(prefix) => value.starts_with(prefix),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_matches_if_each_field_has_one_of_the_values() {
        let pattern = Pattern::parse(r#"{"a":["x","y"],"b":{"c":["z",{"prefix":"P#"}]}}"#).unwrap();
        for event in [
            json!({"a": "x", "b": {"c": "z"}}),
            json!({"a": "y", "b": {"c": "P#1", "d": 1}, "e": null}),
            json!({"a": "x", "b": {"c": "P#"}}),
        ] {
            assert!(pattern.matches(&event), "{event}");
        }
        for event in [
            json!({"a": "x"}),
            json!({"a": "X", "b": {"c": "z"}}),
            json!({"a": "xx", "b": {"c": "z"}}),
            json!({"a": "x", "b": {"c": "p#1"}}),
            json!({"a": "x", "b": {"c": {"P#": 1}}}),
            json!({"a": "x", "b": "z"}),
            json!(null),
        ] {
            assert!(!pattern.matches(&event), "{event}");
        }
    }

    #[test]
    fn a_comparison_that_is_not_known_is_an_error() {
        for pattern in [
            "",
            "[]",
            "{}",
            r#"{"a":{}}"#,
            r#"{"a":[]}"#,
            r#"{"a":"x"}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[null]}"#,
            r#"{"a":[{"suffix":"x"}]}"#,
            r#"{"a":[{"prefix":{"equals-ignore-case":"x"}}]}"#,
            r#"{"a":[{"prefix":"x","suffix":"y"}]}"#,
            r#"{"a":[{"exists":true}]}"#,
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
