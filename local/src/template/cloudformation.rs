//! CloudFormation's YAML: its tags, its parameters and its references.

use saphyr::{LoadableYamlNode, Mapping, Scalar, ScanError, Tag, Yaml};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::TemplateError;

/// A template with the defaults of its parameters filled in.
///
/// A `Ref` to a parameter is the parameter's default and a `Ref` to a resource its logical id. Other intrinsic
/// functions stay what they are, in their long form: `{"Fn::GetAtt": ["Table", "Arn"]}`.
#[derive(Debug)]
pub struct Stack {
    parameters: Value,
    globals: Value,
    resources: Vec<Resource>,
}

/// One resource of a template.
#[derive(Debug)]
pub struct Resource {
    /// Its logical id.
    pub id: String,
    /// Its type.
    pub kind: String,
    body: Value,
}

impl Stack {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] if it is not a YAML mapping.
    pub fn parse(yaml: &str) -> Result<Self, TemplateError> {
        let documents = Yaml::load_from_str(yaml).map_err(|error| TemplateError(error.to_string()))?;
        let template =
            documents.first().and_then(Yaml::as_mapping).ok_or_else(|| TemplateError("empty".into()))?;
        let parameters = section(template, "Parameters");
        let defaults = defaults(parameters);
        let parameters = parameters.map_or(Value::Null, |parameters| json_map(parameters, &defaults));
        let globals =
            section(template, "Globals").map_or(Value::Null, |globals| json_map(globals, &defaults));
        // The order of resources matters, and a map of JSON values does not keep it.
        let resources = section(template, "Resources")
            .into_iter()
            .flatten()
            .filter_map(|(id, body)| {
                let body = json(body, &defaults);
                Some(Resource {
                    id: id.as_str()?.to_owned(),
                    kind: body.get("Type")?.as_str()?.to_owned(),
                    body,
                })
            })
            .collect();
        Ok(Self { parameters, globals, resources })
    }

    /// What the template says of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.get(name)
    }

    /// The resources of type `kind`, in the order of the template.
    pub fn resources<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// What the template says of all resources of a kind under `Globals`.
    pub(super) fn globals<T: DeserializeOwned + Default>(&self, kind: &str) -> Result<T, TemplateError> {
        self.globals.get(kind).map_or_else(|| Ok(T::default()), |value| read(kind, value))
    }
}

impl Resource {
    /// Its properties.
    ///
    /// # Errors
    /// [`TemplateError`] if they are not a `T`.
    pub fn properties<T: DeserializeOwned>(&self) -> Result<T, TemplateError> {
        self.read("Properties")
    }

    /// One of its parts: `Properties`, `Metadata`, `DeletionPolicy` and so on.
    ///
    /// # Errors
    /// [`TemplateError`] if it is not a `T`.
    pub fn read<T: DeserializeOwned>(&self, part: &str) -> Result<T, TemplateError> {
        read(&format!("{}.{part}", self.id), self.body.get(part).unwrap_or(&Value::Null))
    }
}

fn read<T: DeserializeOwned>(what: &str, value: &Value) -> Result<T, TemplateError> {
    T::deserialize(value).map_err(|error| TemplateError(format!("{what}: {error}")))
}

fn section<'y>(mapping: &'y Mapping<'y>, name: &str) -> Option<&'y Mapping<'y>> {
    mapping.iter().find(|(key, _)| key.as_str() == Some(name)).and_then(|(_, value)| value.as_mapping())
}

fn defaults(parameters: Option<&Mapping<'_>>) -> Map<String, Value> {
    parameters
        .into_iter()
        .flatten()
        .filter_map(|(name, parameter)| {
            let default = json(parameter, &Map::new()).get("Default")?.clone();
            Some((name.as_str()?.to_owned(), default))
        })
        .collect()
}

/// Reads a YAML document that is not CloudFormation's.
///
/// # Errors
/// [`ScanError`] if it is not YAML.
pub fn plain_yaml(text: &str) -> Result<Value, ScanError> {
    let documents = Yaml::load_from_str(text)?;
    Ok(documents.first().map_or(Value::Null, |document| json(document, &Map::new())))
}

fn json(yaml: &Yaml<'_>, defaults: &Map<String, Value>) -> Value {
    match yaml {
        Yaml::Value(scalar) => scalar_json(scalar),
        Yaml::Sequence(items) => items.iter().map(|item| json(item, defaults)).collect(),
        Yaml::Mapping(mapping) => json_map(mapping, defaults),
        Yaml::Tagged(tag, node) => intrinsic(tag, json(node, defaults), defaults),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => Value::Null,
    }
}

fn json_map(mapping: &Mapping<'_>, defaults: &Map<String, Value>) -> Value {
    mapping
        .iter()
        .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), json(value, defaults))))
        .collect()
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

/// `!Ref X` is what X is, `!Ref AWS::NoValue` nothing; `!GetAtt A.B` and the others are written out.
fn intrinsic(tag: &Tag, argument: Value, defaults: &Map<String, Value>) -> Value {
    match (tag.suffix.as_str(), &argument) {
        ("Ref", Value::String(name)) if name == "AWS::NoValue" => Value::Null,
        ("Ref", Value::String(name)) => defaults.get(name).cloned().unwrap_or(argument),
        ("GetAtt", Value::String(path)) => {
            let path: Vec<_> = path.splitn(2, '.').collect();
            Value::from_iter([("Fn::GetAtt".to_owned(), Value::from(path))])
        }
        (name, _) => Value::from_iter([(format!("Fn::{name}"), argument)]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_resolved_and_other_intrinsics_written_out() {
        let stack = Stack::parse(
            "Parameters: {Days: {Type: Number, Default: 7}}\n\
             Resources:\n  B: {Type: X, Properties: {Days: !Ref Days, Table: !Ref T, Arn: !GetAtt T.Arn}}\n  \
             A: {Type: X, Properties: {Url: !Sub 'https://${B}', If: !If [C, 1, 2]}}\n",
        )
        .unwrap();
        let resources: Vec<_> = stack.resources("X").collect();
        assert_eq!(resources.iter().map(|resource| resource.id.as_str()).collect::<Vec<_>>(), ["B", "A"]);
        assert_eq!(
            resources[0].properties::<Value>().unwrap(),
            json!({"Days": 7, "Table": "T", "Arn": {"Fn::GetAtt": ["T", "Arn"]}})
        );
        assert_eq!(
            resources[1].properties::<Value>().unwrap(),
            json!({"Url": {"Fn::Sub": "https://${B}"}, "If": {"Fn::If": ["C", 1, 2]}})
        );
    }

    #[test]
    fn what_is_no_template_is_an_error() {
        for yaml in ["", "- a", "a: [", "text"] {
            assert!(Stack::parse(yaml).is_err(), "{yaml}");
        }
    }
}
