//! `docs/openapi.yaml`, read: what it says of each operation, and whether an answer is one that it shows.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::Reply;

/// The document.
pub static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| Reference::parse(include_str!("../../docs/openapi.yaml")));

/// The headers that a client does something with.
const CLIENTS_HEADERS: [&str; 5] =
    ["cache-control", "pragma", "retry-after", "www-authenticate", "x-amzn-requestid"];

/// The document's parts, every `$ref` in it followed.
#[derive(Debug)]
pub struct Reference {
    /// What can be called, in the order of the names of its paths.
    pub operations: Vec<Operation>,
}

/// A method of a path.
#[derive(Debug)]
pub struct Operation {
    /// The method, in upper case.
    pub method: String,
    /// The path.
    pub path: String,
    /// `operationId`.
    pub id: String,
    /// The name of its security scheme, and the scope that a token needs, if it is a token.
    pub security: (String, Option<String>),
    /// The parameters of the query.
    pub parameters: Vec<QueryParameter>,
    /// What its body holds, if it has one.
    pub body: Option<RequestBody>,
    /// What it answers, by status.
    pub answers: BTreeMap<u16, DocumentedAnswer>,
}

/// A parameter of the query.
#[derive(Debug)]
pub struct QueryParameter {
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it may be.
    pub schema: Value,
    /// A value it has in an example.
    pub example: Option<Value>,
}

/// The body of a request.
#[derive(Debug)]
pub struct RequestBody {
    /// Whether it is a form; else it is JSON.
    pub is_form: bool,
    /// What it may be.
    pub schema: Value,
    /// Bodies, by name.
    pub examples: Map<String, Value>,
}

/// What an operation answers with a status.
#[derive(Debug)]
pub struct DocumentedAnswer {
    /// When it comes, in words.
    pub description: String,
    /// What the body may be.
    pub schema: Value,
    /// Bodies, by name; of an error, all there are.
    pub examples: Map<String, Value>,
    headers: Map<String, Value>,
    validator: Validator,
}

impl Reference {
    fn parse(yaml: &str) -> Self {
        let document: Value = local::template::plain_yaml(yaml).expect("the document is YAML");
        let document = resolved(&document, &document);
        let paths = object(&document["paths"]);
        let operations = paths.iter().flat_map(|(path, methods)| {
            object(methods).iter().map(move |(method, operation)| Operation::read(method, path, operation))
        });
        Self { operations: operations.collect() }
    }

    /// The operation with this `operationId`.
    #[must_use]
    pub fn operation(&self, id: &str) -> &Operation {
        self.operations.iter().find(|operation| operation.id == id).expect("there is such an operation")
    }

    /// Checks that an answer to a call of an operation is one that the document shows: an error word for word, and
    /// everything by its schema and without a field that is not in it. What is no operation is nobody's to document.
    pub(crate) fn check(&self, method: &str, path: &str, reply: &Reply) {
        let is_called =
            |operation: &&Operation| operation.method == method && path.ends_with(&operation.path);
        let Some(operation) = self.operations.iter().find(is_called) else { return };
        let call = format!("docs/openapi.yaml, {}, {}: {}", operation.id, reply.status, reply.body);
        let answer = operation.answers.get(&reply.status).unwrap_or_else(|| panic!("{call}: no such status"));
        let body = reply.json();
        if reply.status >= 400 {
            assert!(answer.examples.values().any(|example| *example == body), "{call}: no such error");
        }
        if let Err(error) = answer.validator.validate(&body) {
            panic!("{call}: {error} at {}", error.instance_path());
        }
        assert_eq!(reply.content_type, "application/json;charset=UTF-8", "{call}");
        for name in CLIENTS_HEADERS.iter().filter(|name| reply.header(name).is_some()) {
            let is_documented = answer.headers.keys().any(|documented| documented.eq_ignore_ascii_case(name));
            assert!(is_documented, "{call}: {name}");
        }
        for (name, header) in &answer.headers {
            // Behind API Gateway a function's challenge has another name.
            let value = reply.header(name).or_else(|| reply.header(&format!("x-amzn-remapped-{name}")));
            let value = value.unwrap_or_else(|| panic!("{call}: no header {name}"));
            let value = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
            assert!(jsonschema::is_valid(&header["schema"], &value), "{call}: {name} is {value}");
        }
    }
}

impl Operation {
    fn read(method: &str, path: &str, operation: &Value) -> Self {
        // One scheme, and no way around it.
        let [security] = operation["security"].as_array().expect("it is a list").as_slice() else {
            panic!("{path}: more than one way to be let in")
        };
        assert_eq!(object(security).len(), 1, "{path}");
        let security = object(security).iter().next().expect("somebody may call it");
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let answers = object(&operation["responses"]).iter().map(|(status, answer)| {
            (status.parse().expect("it is a status"), DocumentedAnswer::read(answer))
        });
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            id: text(&operation["operationId"]),
            security: (security.0.clone(), security.1[0].as_str().map(str::to_owned)),
            parameters: parameters.map(QueryParameter::read).collect(),
            body: operation.get("requestBody").map(RequestBody::read),
            answers: answers.collect(),
        }
    }
}

impl QueryParameter {
    fn read(parameter: &Value) -> Self {
        assert_eq!(parameter["in"], "query");
        Self {
            name: text(&parameter["name"]),
            required: parameter["required"] == true,
            schema: parameter["schema"].clone(),
            example: parameter.get("example").cloned(),
        }
    }
}

impl RequestBody {
    fn read(body: &Value) -> Self {
        let (media_type, content) = object(&body["content"]).iter().next().expect("it has a media type");
        Self {
            is_form: media_type == "application/x-www-form-urlencoded",
            schema: content["schema"].clone(),
            examples: examples(content),
        }
    }
}

impl DocumentedAnswer {
    fn read(answer: &Value) -> Self {
        let content = &answer["content"]["application/json"];
        let schema = content["schema"].clone();
        let validator = jsonschema::draft202012::new(&closed(&schema)).expect("it is a schema");
        Self {
            description: text(&answer["description"]),
            schema,
            examples: examples(content),
            headers: answer["headers"].as_object().cloned().unwrap_or_default(),
            validator,
        }
    }
}

fn examples(content: &Value) -> Map<String, Value> {
    object(&content["examples"])
        .iter()
        .map(|(name, example)| (name.clone(), example["value"].clone()))
        .collect()
}

/// A part of the document with what it refers to in the place of each reference.
fn resolved(value: &Value, document: &Value) -> Value {
    match value {
        Value::Object(map) => match map.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let target = document.pointer(reference.trim_start_matches('#'));
                resolved(target.unwrap_or_else(|| panic!("{reference}: there is no such part")), document)
            }
            None => map.iter().map(|(name, inner)| (name.clone(), resolved(inner, document))).collect(),
        },
        Value::Array(items) => items.iter().map(|item| resolved(item, document)).collect(),
        other => other.clone(),
    }
}

/// A schema that takes no field which it does not name. A client must take such fields, so the document's schemas do; our own
/// answers have none.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let mut map: Map<_, _> = map.iter().map(|(name, inner)| (name.clone(), closed(inner))).collect();
            if map.get("type").is_some_and(|kind| kind == "object") && map.contains_key("properties") {
                map.insert("additionalProperties".to_owned(), json!(false));
            }
            Value::Object(map)
        }
        Value::Array(items) => items.iter().map(closed).collect(),
        other => other.clone(),
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}
