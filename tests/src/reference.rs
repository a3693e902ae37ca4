//! Parses `docs/openapi.yaml` and checks answers and webhooks against it.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::Reply;

pub static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| Reference::parse(include_str!("../../docs/openapi.yaml")));

/// The headers that the document must describe wherever an answer has them.
const CLIENTS_HEADERS: [&str; 5] =
    ["cache-control", "pragma", "retry-after", "www-authenticate", "x-amzn-requestid"];

/// The document with every `$ref` resolved.
#[derive(Debug)]
pub struct Reference {
    /// Sorted by path.
    pub operations: Vec<Operation>,
    /// By the `type` of their body.
    pub webhooks: BTreeMap<String, DocumentedWebhook>,
}

#[derive(Debug)]
pub struct Operation {
    /// In upper case.
    pub method: String,
    pub path: String,
    /// The `operationId`.
    pub id: String,
    /// The name of the security scheme, and the scope that a bearer token needs.
    pub security: (String, Option<String>),
    pub parameters: Vec<QueryParameter>,
    pub body: Option<RequestBody>,
    /// By HTTP status.
    pub answers: BTreeMap<u16, DocumentedAnswer>,
}

#[derive(Debug)]
pub struct QueryParameter {
    pub name: String,
    pub required: bool,
    pub schema: Value,
    pub example: Option<Value>,
}

#[derive(Debug)]
pub struct RequestBody {
    /// Whether the body is a form; otherwise it is JSON.
    pub is_form: bool,
    pub schema: Value,
    /// Example bodies, by name.
    pub examples: Map<String, Value>,
}

/// The answers of an operation with one status.
#[derive(Debug)]
pub struct DocumentedAnswer {
    pub description: String,
    pub schema: Value,
    /// Example bodies, by name. For an error status these are all possible bodies.
    pub examples: Map<String, Value>,
    headers: Map<String, Value>,
    validator: Validator,
}

/// A request of the service to a partner's receiver.
#[derive(Debug)]
pub struct DocumentedWebhook {
    pub schema: Value,
    /// Example bodies, by name.
    pub examples: Map<String, Value>,
    /// The schema of each required header, by its name in lower case.
    headers: BTreeMap<String, Value>,
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
        let webhooks = object(&document["webhooks"]).iter();
        let webhooks = webhooks.map(|(kind, webhook)| (kind.clone(), DocumentedWebhook::read(webhook)));
        Self { operations: operations.collect(), webhooks: webhooks.collect() }
    }

    #[must_use]
    pub fn operation(&self, id: &str) -> &Operation {
        self.operations.iter().find(|operation| operation.id == id).expect("there is such an operation")
    }

    /// Checks an answer: an error must equal an example, and any body must match its schema without additional fields. Answers
    /// to paths and methods that are not in the document are not checked.
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
            // API Gateway renames `WWW-Authenticate` of a function.
            let value = reply.header(name).or_else(|| reply.header(&format!("x-amzn-remapped-{name}")));
            let value = value.unwrap_or_else(|| panic!("{call}: no header {name}"));
            let value = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
            assert!(jsonschema::is_valid(&header["schema"], &value), "{call}: {name} is {value}");
        }
    }

    /// Checks a request that a receiver got, with its headers by name in lower case: its body must match the schema without
    /// additional fields, and it must have the documented headers and no others of webhooks.
    ///
    /// # Panics
    /// The document does not describe the request.
    pub fn check_webhook(&self, headers: &BTreeMap<String, String>, body: &str) {
        let webhook = self.webhook(body);
        assert_eq!(headers["content-type"], "application/json;charset=UTF-8", "{body}");
        let sent = headers.keys().filter(|name| name.starts_with("webhook-"));
        assert_eq!(sent.collect::<Vec<_>>(), webhook.headers.keys().collect::<Vec<_>>(), "{body}");
        for (name, schema) in &webhook.headers {
            let value = &headers[name];
            let value = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
            assert!(jsonschema::is_valid(schema, &value), "{name} is {value}: {body}");
        }
    }

    /// Checks the body of a webhook.
    ///
    /// # Panics
    /// The document does not describe the body.
    pub fn check_webhook_body(&self, body: &str) {
        self.webhook(body);
    }

    /// The webhook with this body, which matches its schema.
    fn webhook(&self, body: &str) -> &DocumentedWebhook {
        let value: Value = serde_json::from_str(body).expect("the body is JSON");
        let webhook = value["type"].as_str().and_then(|kind| self.webhooks.get(kind));
        let webhook = webhook.unwrap_or_else(|| panic!("docs/openapi.yaml: no such webhook: {body}"));
        if let Err(error) = webhook.validator.validate(&value) {
            panic!("docs/openapi.yaml: {error} at {}: {body}", error.instance_path());
        }
        webhook
    }
}

impl DocumentedWebhook {
    fn read(webhook: &Value) -> Self {
        let post = &webhook["post"];
        let content = &post["requestBody"]["content"]["application/json"];
        let headers = post["parameters"].as_array().expect("it is a list").iter().map(|header| {
            assert!(header["in"] == "header" && header["required"] == true, "{header}");
            (text(&header["name"]), header["schema"].clone())
        });
        Self {
            schema: content["schema"].clone(),
            examples: examples(content),
            headers: headers.collect(),
            validator: closed_validator(&content["schema"]),
        }
    }
}

impl Operation {
    fn read(method: &str, path: &str, operation: &Value) -> Self {
        // Exactly one scheme, without an alternative.
        let [security] = operation["security"].as_array().expect("it is a list").as_slice() else {
            panic!("{path}: more than one security requirement")
        };
        assert_eq!(object(security).len(), 1, "{path}");
        let security = object(security).iter().next().expect("it has a scheme");
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
        Self {
            description: text(&answer["description"]),
            examples: examples(content),
            headers: answer["headers"].as_object().cloned().unwrap_or_default(),
            validator: closed_validator(&schema),
            schema,
        }
    }
}

fn examples(content: &Value) -> Map<String, Value> {
    object(&content["examples"])
        .iter()
        .map(|(name, example)| (name.clone(), example["value"].clone()))
        .collect()
}

/// A part of the document with each `$ref` replaced by its target.
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

fn closed_validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(&closed(schema)).expect("it is a schema")
}

/// A schema that rejects additional fields. Clients must accept them, thus the document's schemas do; our answers have none.
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
