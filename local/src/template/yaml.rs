//! YAML as JSON values, with CloudFormation's tags in their long form.

use std::iter;

use saphyr::{LoadableYamlNode, Mapping, Scalar, ScanError, Tag, Yaml};
use serde_json::Value;
use thiserror::Error;

/// The text is not YAML, or has no form in JSON.
#[derive(Debug, Error)]
pub enum YamlError {
    /// It cannot be parsed, or its aliases expand to more than 100,000 nodes.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A key is not a string.
    #[error("a key is not text: {0}")]
    Key(String),
    /// A value is missing.
    #[error("a value cannot be read")]
    Value,
}

/// Reads a YAML document. An alias is a copy of its anchor's value.
///
/// # Errors
/// [`YamlError`] if it is not YAML, or a key is not a string.
pub fn plain_yaml(text: &str) -> Result<Value, YamlError> {
    let documents = Yaml::load_from_str(text)?;
    documents.first().map_or(Ok(Value::Null), json)
}

/// The members of a mapping, in the order of the text.
pub(super) type Members = Vec<(String, Value)>;

/// Reads a YAML document that is a mapping: its sections with their members, and `None` for a section that is not a mapping.
pub(super) fn sections(text: &str) -> Result<Vec<(String, Option<Members>)>, YamlError> {
    let documents = Yaml::load_from_str(text)?;
    let Some(mapping) = documents.first().and_then(Yaml::as_mapping) else { return Ok(Vec::new()) };
    entries(mapping)
        .map(|entry| {
            let (name, section) = entry?;
            let members = section.as_mapping().map(|members| {
                let members = entries(members).map(|entry| {
                    let (key, value) = entry?;
                    Ok((key.to_owned(), json(value)?))
                });
                members.collect::<Result<_, YamlError>>()
            });
            Ok((name.to_owned(), members.transpose()?))
        })
        .collect()
}

fn entries<'y>(mapping: &'y Mapping<'y>) -> impl Iterator<Item = Result<(&'y str, &'y Yaml<'y>), YamlError>> {
    mapping
        .iter()
        .map(|(key, value)| Ok((key.as_str().ok_or_else(|| YamlError::Key(format!("{key:?}")))?, value)))
}

fn json(yaml: &Yaml<'_>) -> Result<Value, YamlError> {
    match yaml {
        Yaml::Value(scalar) => Ok(scalar_json(scalar)),
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(mapping) => entries(mapping)
            .map(|entry| {
                let (key, value) = entry?;
                Ok((key.to_owned(), json(value)?))
            })
            .collect(),
        Yaml::Tagged(tag, node) => Ok(tagged(tag, json(node)?)),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => Err(YamlError::Value),
    }
}

fn scalar_json(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(boolean) => Value::from(*boolean),
        Scalar::Integer(integer) => Value::from(*integer),
        Scalar::FloatingPoint(float) => Value::from(float.into_inner()),
        Scalar::String(text) => Value::from(text.as_ref()),
    }
}

/// `!Ref X` as `{"Ref": "X"}`, `!GetAtt A.B` as `{"Fn::GetAtt": ["A", "B"]}`, and so on.
fn tagged(tag: &Tag, argument: Value) -> Value {
    let (name, argument) = match (tag.suffix.as_str(), argument) {
        (name @ ("Ref" | "Condition"), argument) => (name.to_owned(), argument),
        ("GetAtt", Value::String(path)) => {
            ("Fn::GetAtt".to_owned(), path.splitn(2, '.').map(Value::from).collect())
        }
        (name, argument) => (format!("Fn::{name}"), argument),
    };
    Value::Object(iter::once((name, argument)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_written_out() {
        let tags = "[!Ref A, !GetAtt A.B.C, !Sub '${A}', !If [C, 1, 2], !Condition C]";
        let expected = json!([
            {"Ref": "A"},
            {"Fn::GetAtt": ["A", "B.C"]},
            {"Fn::Sub": "${A}"},
            {"Fn::If": ["C", 1, 2]},
            {"Condition": "C"}
        ]);
        assert_eq!(plain_yaml(tags).unwrap(), expected);
    }

    #[test]
    fn an_alias_is_a_copy_of_its_anchor_tags_and_aliases_within_it_included() {
        let yaml = "a: &a !If [C, &b {d: !Ref E}, *b]\nb: *a\nc: [*b]\nd: &d !Ref E\ne: *d\n";
        let (b, reference) = (json!({"d": {"Ref": "E"}}), json!({"Ref": "E"}));
        let a = json!({"Fn::If": ["C", b, b]});
        assert_eq!(
            plain_yaml(yaml).unwrap(),
            json!({"a": a, "b": a, "c": [b], "d": reference, "e": reference})
        );
    }

    #[test]
    fn aliases_that_stand_for_too_much_are_refused() {
        let ten = |item: &str| [item; 10].join(", ");
        let levels =
            (1..10).map(|level| format!("a{level}: &a{level} [{}]\n", ten(&format!("*a{}", level - 1))));
        let yaml: String = std::iter::once(format!("a0: &a0 [{}]\n", ten("x"))).chain(levels).collect();
        assert!(matches!(plain_yaml(&yaml), Err(YamlError::Scan(_))));
    }

    #[test]
    fn a_key_that_is_not_text_or_stands_twice_is_refused() {
        assert!(matches!(plain_yaml("a: {1: b}"), Err(YamlError::Key(_))));
        assert!(matches!(plain_yaml("a: 1\na: 2"), Err(YamlError::Scan(_))));
        assert!(matches!(plain_yaml("a: *b"), Err(YamlError::Scan(_))));
    }
}
