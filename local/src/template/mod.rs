//! The APIs, functions and tables of `template.yaml`.

mod cloudformation;
mod event_sources;
mod language_extensions;
mod pattern;
mod resources;
mod yaml;

use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

use api::Environment;
use regex::Regex;
use thiserror::Error;

pub use cloudformation::{Resource, Stack};
pub use event_sources::{AsyncInvocation, EventSource, StreamSource};
pub use pattern::Pattern;
pub use yaml::{YamlError, plain_yaml};

/// The part of the template that this process emulates.
#[derive(Debug, Clone)]
pub struct Template {
    /// The REST APIs, in the order of the template.
    pub apis: Vec<Api>,
    /// The functions.
    pub functions: Vec<FunctionSpec>,
    /// The tables.
    pub tables: Vec<TableSpec>,
    /// The WebSocket API; `None` if there is none.
    pub socket: Option<SocketApi>,
}

/// The template has a resource that this process cannot emulate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("template.yaml: {0}")]
pub struct TemplateError(String);

impl TemplateError {
    /// A part of the resource `name` cannot be read.
    fn within(self, name: &str) -> Self {
        Self(format!("{name}: {}", self.0))
    }
}

/// An `AWS::Serverless::Api`.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its logical id.
    pub id: String,
    pub stage: String,
    /// Whether bodies reach the functions base64-encoded.
    pub binary_bodies: bool,
    /// `None` if the functions authenticate the callers.
    pub authorizer: Option<TokenAuthorizer>,
    /// By gateway response type.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    pub routes: Vec<Route>,
}

/// An `AWS::Serverless::WebSocketApi`, whose routes are selected by the member `action` of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketApi {
    /// Its logical id.
    pub id: String,
    pub stage: String,
    /// The logical ids of the functions, by route key.
    pub routes: BTreeMap<String, String>,
}

/// A TOKEN authorizer.
#[derive(Debug, Clone)]
pub struct TokenAuthorizer {
    /// The function's logical id.
    pub function: String,
    /// The header with the token, in lower case.
    pub header: String,
    /// Matches every header for which the function is called.
    pub validation: Regex,
}

/// A gateway response, which is literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayResponse {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// A method of a path and its function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// In upper case.
    pub method: String,
    pub path: String,
    /// The function's logical id.
    pub function: String,
    /// `None` if only the account's throttle applies.
    pub throttle: Option<Throttle>,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// In requests per second.
    pub rate: NonZeroU32,
    /// In requests.
    pub burst: NonZeroU32,
}

/// An `AWS::Serverless::Function`.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// Its logical id.
    pub id: String,
    pub binary: String,
    /// The environment variables.
    pub environment: Environment,
    pub timeout: Duration,
    /// The streams and schedules that invoke it.
    pub sources: Vec<EventSource>,
    /// How its asynchronous invocations are retried.
    pub asynchronous: AsyncInvocation,
}

/// An `AWS::DynamoDB::Table`. Its logical id is its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// Its logical id.
    pub id: String,
    /// The types of the key attributes, by name.
    pub attributes: Vec<(String, String)>,
    /// Attribute names, each with `HASH` or `RANGE`.
    pub key: Vec<(String, String)>,
    /// The TTL attribute.
    pub ttl_attribute: Option<String>,
    /// The view type of its stream; `None` if it has none.
    pub stream: Option<String>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] if it is not YAML, or a resource cannot be read.
    pub fn parse(yaml: &str) -> Result<Self, TemplateError> {
        resources::read(&Stack::parse(yaml)?)
    }
}
