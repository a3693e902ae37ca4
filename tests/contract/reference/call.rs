//! A call of a documented operation.

use base64::{Engine, prelude::BASE64_STANDARD};
use local::demo::{CLIENT_ID, CLIENT_SECRET};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tests::{Caller, Reply, System, path_with, reference::Operation};
use uuid::Uuid;

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub query: Map<String, Value>,
    pub body: Value,
}

impl Call {
    /// The documented calls of an operation: each example body with the examples of the parameters.
    pub fn examples(operation: &Operation) -> Vec<Self> {
        let parameters = operation.parameters.iter();
        let query: Map<_, _> = parameters
            .filter_map(|parameter| Some((parameter.name.clone(), parameter.example.clone()?)))
            .collect();
        let bodies = operation.body.as_ref().map(|body| body.examples.values().cloned().collect());
        let bodies: Vec<_> = bodies.unwrap_or_else(|| vec![Value::Null]);
        bodies.into_iter().map(|body| Self { query: query.clone(), body }).collect()
    }

    /// The call with a `messageId` of its own, where an id stands for one content.
    pub fn with_own_message_id(mut self, operation: &Operation) -> Self {
        if ["pushMessage", "sendUserMessage"].contains(&operation.id.as_str()) {
            self.body["messageId"] = json!(Uuid::new_v4().to_string());
        }
        self
    }

    pub async fn send(&self, operation: &Operation, caller: &Caller) -> Reply {
        self.send_as(&operation.method, operation, caller, self.body_text(operation)).await
    }

    /// Sends the call with another method or body.
    pub async fn send_as(
        &self,
        method: &str,
        operation: &Operation,
        caller: &Caller,
        body: Option<impl Into<Vec<u8>>>,
    ) -> Reply {
        let path = format!("{}?{}", operation.path, urlencoded(&self.query));
        caller.send(Method::from_bytes(method.as_bytes()).unwrap(), &path, body).await
    }

    /// The encoded body.
    pub fn body_text(&self, operation: &Operation) -> Option<String> {
        let body = operation.body.as_ref()?;
        Some(if body.is_form { urlencoded(self.body.as_object().unwrap()) } else { self.body.to_string() })
    }
}

fn urlencoded(pairs: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    path_with("/", &pairs).trim_start_matches("/?").to_owned()
}

/// A caller with the credentials that an operation needs.
pub(super) fn caller(system: &System, operation: &Operation) -> Caller {
    match operation.security.0.as_str() {
        "client" => system.anonymous.with_header(&format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"))
        )),
        "customerService" => (*system.customer_service).clone(),
        "messagePush" => (*system.message_push).clone(),
        "platform" => (*system.platform).clone(),
        other => panic!("{other}: unknown security scheme"),
    }
}
