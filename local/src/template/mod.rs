//! What `template.yaml` says of APIs, functions and tables.

mod cloudformation;
mod language_extensions;
mod resources;
mod yaml;

use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

use api::Environment;
use regex::Regex;
use thiserror::Error;

pub use cloudformation::{Resource, Stack};
pub use yaml::{YamlError, plain_yaml};

/// The part of the template that this process plays.
#[derive(Debug, Clone)]
pub struct Template {
    /// The REST APIs, in the order of the template.
    pub apis: Vec<Api>,
    /// The functions.
    pub functions: Vec<FunctionSpec>,
    /// The tables.
    pub tables: Vec<TableSpec>,
}

/// The template is not what this process can play.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("template.yaml: {0}")]
pub struct TemplateError(String);

impl TemplateError {
    /// The same, of a part of what `name` is.
    fn within(self, name: &str) -> Self {
        Self(format!("{name}: {}", self.0))
    }
}

/// One `AWS::Serverless::Api`.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its logical id.
    pub id: String,
    /// The stage it is deployed to.
    pub stage: String,
    /// Whether bodies reach the functions base64-encoded.
    pub binary_bodies: bool,
    /// Who checks its callers; nobody does where that is the functions' business.
    pub authorizer: Option<TokenAuthorizer>,
    /// What it answers by itself, by gateway response type.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    /// What it passes on.
    pub routes: Vec<Route>,
}

/// A TOKEN authorizer.
#[derive(Debug, Clone)]
pub struct TokenAuthorizer {
    /// The logical id of its function.
    pub function: String,
    /// The header that holds the token, in lower case.
    pub header: String,
    /// What the header must look like for the function to be called.
    pub validation: Regex,
}

/// A literal answer of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayResponse {
    /// The HTTP status.
    pub status: u16,
    /// Headers, by name.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// A method of a path, and the function behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method, in upper case.
    pub method: String,
    /// The full path.
    pub path: String,
    /// The logical id of the function.
    pub function: String,
    /// Its throttle; `None` if only the account's holds.
    pub throttle: Option<Throttle>,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// The steady-state rate, in requests a second.
    pub rate: NonZeroU32,
    /// The size of the bucket, in requests.
    pub burst: NonZeroU32,
}

/// One `AWS::Serverless::Function`.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// Its logical id.
    pub id: String,
    /// The binary it runs.
    pub binary: String,
    /// What it starts with.
    pub environment: Environment,
    /// How long it may run.
    pub timeout: Duration,
}

/// One `AWS::DynamoDB::Table`; it is called by its logical id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// Its logical id.
    pub id: String,
    /// The types of the key attributes, by name.
    pub attributes: Vec<(String, String)>,
    /// The key: names and whether each is `HASH` or `RANGE`.
    pub key: Vec<(String, String)>,
    /// The attribute that holds the end of an item's life.
    pub ttl_attribute: Option<String>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] if it is not YAML, or lacks what is needed.
    pub fn parse(yaml: &str) -> Result<Self, TemplateError> {
        resources::read(&Stack::parse(yaml)?)
    }
}
