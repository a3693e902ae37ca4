//! CloudFormation's template: parameters, and resources with loops expanded and SAM's `Globals` filled in.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    TemplateError,
    language_extensions::{Known, function},
    yaml,
};

/// A template whose parameters have their defaults.
///
/// A `Ref` to a parameter is the parameter's default and a `Ref` to a resource its logical id. Functions whose
/// value is not known before the deployment stay in their long form: `{"Fn::GetAtt": ["Table", "Arn"]}`.
#[derive(Debug)]
pub struct Stack {
    parameters: Map<String, Value>,
    resources: Vec<Resource>,
}

#[derive(Debug)]
pub struct Resource {
    /// Its logical id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// `Type`, `Properties`, `Condition` and so on.
    pub body: Value,
}

impl Stack {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] if it is not a YAML mapping, or a resource cannot be read.
    pub fn parse(yaml: &str) -> Result<Self, TemplateError> {
        let mut parameters = Map::new();
        let mut mappings = Map::new();
        let mut globals = Map::new();
        let mut resources = Vec::new();
        for (name, members) in yaml::sections(yaml).map_err(|error| TemplateError(error.to_string()))? {
            match (name.as_str(), members) {
                ("Parameters", Some(members)) => parameters.extend(members),
                ("Mappings", Some(members)) => mappings.extend(members),
                ("Globals", Some(members)) => globals.extend(members),
                ("Resources", Some(members)) => resources = members,
                ("Parameters" | "Mappings" | "Globals" | "Resources", None) => {
                    return Err(TemplateError(format!("{name}: not a mapping")));
                }
                _ => {}
            }
        }
        let known = Known { parameters: defaults(&parameters), mappings: Value::Object(mappings) };
        let mut expanded_globals = Map::new();
        for (kind, properties) in &globals {
            expanded_globals.extend(known.members(kind, properties)?);
        }
        // The order of resources matters, and a map of JSON values does not keep it.
        let mut read: Vec<Resource> = Vec::new();
        for (key, body) in &resources {
            for (id, body) in known.members(key, body)? {
                if read.iter().any(|resource| resource.id == id) {
                    return Err(TemplateError(format!("{id}: there are two resources of this name")));
                }
                read.push(resource(id, body, &expanded_globals)?);
            }
        }
        if read.is_empty() {
            return Err(TemplateError("there are no resources".to_owned()));
        }
        Ok(Self { parameters, resources: read })
    }

    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.get(name)
    }

    /// The resources, in the order of the template.
    #[must_use]
    pub fn all_resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The resources of type `kind`, in the order of the template.
    pub fn resources<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }
}

impl Resource {
    /// The resource's properties, merged with those of `Globals`.
    ///
    /// # Errors
    /// [`TemplateError`] if they are not a `T`.
    pub fn properties<T: DeserializeOwned>(&self) -> Result<T, TemplateError> {
        self.read("Properties")
    }

    /// `Properties`, `Metadata`, `DeletionPolicy` or another part.
    ///
    /// # Errors
    /// [`TemplateError`] if it is not a `T`.
    pub fn read<T: DeserializeOwned>(&self, part: &str) -> Result<T, TemplateError> {
        let value = self.body.get(part).unwrap_or(&Value::Null);
        T::deserialize(value).map_err(|error| TemplateError(format!("{}.{part}: {error}", self.id)))
    }
}

fn defaults(parameters: &Map<String, Value>) -> Map<String, Value> {
    let defaults = parameters.iter().filter_map(|(name, parameter)| Some((name, parameter.get("Default")?)));
    defaults.map(|(name, default)| (name.clone(), default.clone())).collect()
}

fn resource(id: String, mut body: Value, globals: &Map<String, Value>) -> Result<Resource, TemplateError> {
    if !id.chars().all(|character| character.is_ascii_alphanumeric()) {
        return Err(TemplateError(format!("{id}: not a logical id")));
    }
    let Some(kind) = body.get("Type").and_then(Value::as_str).map(str::to_owned) else {
        return Err(TemplateError(format!("{id}: a resource without a type")));
    };
    let shared = kind.strip_prefix("AWS::Serverless::").and_then(|kind| globals.get(kind));
    if let (Some(shared), Some(parts)) = (shared, body.as_object_mut()) {
        let own = parts.remove("Properties").unwrap_or_else(|| Value::Object(Map::new()));
        parts.insert("Properties".to_owned(), merged(shared, own));
    }
    Ok(Resource { id, kind, body })
}

/// Merges like SAM: mappings are merged, lists are concatenated, and of other values the resource's own is used.
fn merged(shared: &Value, own: Value) -> Value {
    match (shared, own) {
        (Value::Object(shared), Value::Object(mut own))
            if function(shared).is_none() && function(&own).is_none() =>
        {
            for (key, shared) in shared {
                let value =
                    own.remove(key).map_or_else(|| shared.clone(), |own_value| merged(shared, own_value));
                own.insert(key.clone(), value);
            }
            Value::Object(own)
        }
        (Value::Array(shared), Value::Array(own)) => shared.iter().cloned().chain(own).collect(),
        (_, own) => own,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(stack: &Stack, id: &str) -> Value {
        stack.all_resources().iter().find(|resource| resource.id == id).unwrap().body.clone()
    }

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
    fn a_loop_is_a_resource_for_each_item() {
        let stack = Stack::parse(
            "Mappings: {M: {One: {Name: first}, Two: {Name: second}}}\n\
             Resources:\n  First: {Type: X}\n  \
             Fn::ForEach::L:\n  - I\n  - &items [One, Two]\n  - \
             ${I}Thing:\n      Type: X\n      Properties:\n        \
             Item: !Ref I\n        Of: {Ref: !Sub '${I}Function'}\n        \
             Text: !Sub 'of ${I}, ${AWS::Region}'\n        \
             Name: !Sub ['the ${Name}', {Name: !FindInMap [M, !Ref I, Name]}]\n        \
             Joined: !Join ['-', [!Ref AWS::StackName, !FindInMap [M, !Ref I, Name]]]\n        \
             Plain: 'keeps ${I}'\n    Fn::ForEach::Inner:\n    - J\n    - *items\n    - ${I}${J}: {Type: X}\n",
        )
        .unwrap();
        let ids: Vec<_> = stack.resources("X").map(|resource| resource.id.as_str()).collect();
        assert_eq!(ids, ["First", "OneThing", "OneOne", "OneTwo", "TwoThing", "TwoOne", "TwoTwo"]);
        assert_eq!(
            body(&stack, "TwoThing")["Properties"],
            json!({
                "Item": "Two",
                "Of": "TwoFunction",
                "Text": {"Fn::Sub": "of Two, ${AWS::Region}"},
                "Name": "the second",
                "Joined": {"Fn::Sub": "${AWS::StackName}-second"},
                "Plain": "keeps ${I}",
            })
        );
    }

    #[test]
    fn globals_are_merged_into_the_resources_of_their_kind() {
        let stack = Stack::parse(
            "Globals: {Function: {Timeout: 9, Tags: {a: 1}, Layers: [x], Logging: {Format: JSON}}}\n\
             Resources:\n  F: {Type: 'AWS::Serverless::Function', Properties: {Tags: {b: 2}, Layers: [y], \
             Logging: {Group: !GetAtt L.Arn}}}\n  \
             G: {Type: 'AWS::Serverless::Function', Properties: {Timeout: 3, Logging: !If [C, 1, 2]}}\n  \
             A: {Type: 'AWS::Serverless::Api'}\n",
        )
        .unwrap();
        let group = json!({"Fn::GetAtt": ["L", "Arn"]});
        assert_eq!(
            body(&stack, "F")["Properties"],
            json!({"Timeout": 9, "Tags": {"a": 1, "b": 2}, "Layers": ["x", "y"],
                "Logging": {"Format": "JSON", "Group": group}})
        );
        let own = body(&stack, "G")["Properties"].clone();
        assert_eq!((&own["Timeout"], &own["Logging"]), (&json!(3), &json!({"Fn::If": ["C", 1, 2]})));
        assert_eq!(body(&stack, "A").get("Properties"), None);
    }

    #[test]
    fn what_is_no_template_is_an_error() {
        for yaml in ["", "- a", "a: [", "text", "Resources: []", "Resources: {}"] {
            assert!(Stack::parse(yaml).is_err(), "{yaml}");
        }
    }

    #[test]
    fn a_resource_that_cannot_be_read_is_an_error_that_names_it() {
        for (resource, named) in [
            ("Nameless: {Properties: {}}", "Nameless"),
            ("Listed: {Type: [X]}", "Listed"),
            ("Null:", "Null"),
            ("'a b': {Type: X}", "a b"),
            ("Fn::ForEach::L: [I, [A]]", "Fn::ForEach::L"),
            ("Fn::ForEach::L: [I, A, {'${I}B': {Type: X}}]", "Fn::ForEach::L"),
            ("Fn::ForEach::L: [I, [1], {'${I}B': {Type: X}}]", "Fn::ForEach::L"),
            ("Fn::ForEach::L: [I, [A], {'${J}B': {Type: X}}]", "${J}B"),
            ("Fn::ForEach::L: [I, [A, B], {Same: {Type: X}}]", "Same"),
            ("AB: {Type: X}\n  Fn::ForEach::L: [I, [A], {'${I}B': {Type: X}}]", "AB"),
            ("Mapped: {Type: X, Properties: {P: !FindInMap [M, a, b]}}", "Mapped"),
            ("Long: {Type: X, Properties: {P: {'Fn::Length': [1]}}}", "Long"),
            ("Bad: {Type: X, Properties: {P: !Sub [a]}}", "Bad"),
            ("Bad: {Type: X, Properties: {P: !Ref [a]}}", "Bad"),
        ] {
            let error = Stack::parse(&format!("Resources:\n  {resource}\n")).unwrap_err().to_string();
            assert!(error.contains(named), "{resource}: {error}");
        }
    }
}
