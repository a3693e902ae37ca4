//! Asynchronous invocations of a Lambda function.

use std::time::Duration;

use api::{Environment, EnvironmentError};

use crate::signed::{Call, CallError, SignedClient, optional};

/// The time for an invocation to be accepted.
const TIME: Duration = Duration::from_secs(3);

/// Invokes one function.
#[derive(Debug)]
pub struct Invoker {
    url: String,
    client: SignedClient,
}

impl Invoker {
    /// An invoker of the function that the variable `function` names.
    ///
    /// `LAMBDA_ENDPOINT` is the URL of Lambda's API, unless an operator sets `AWS_ENDPOINT_URL_LAMBDA` or `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// [`EnvironmentError`] if there is no function or no endpoint.
    pub fn new(environment: &Environment, function: &'static str) -> Result<Self, EnvironmentError> {
        let set = |name| optional(environment, name);
        let endpoint = match set("AWS_ENDPOINT_URL_LAMBDA").or_else(|| set("AWS_ENDPOINT_URL")) {
            Some(endpoint) => endpoint,
            None => environment.get("LAMBDA_ENDPOINT")?,
        };
        let function: String = environment.get(function)?;
        Ok(Self {
            url: format!("{}/2015-03-31/functions/{function}/invocations", endpoint.trim_end_matches('/')),
            client: SignedClient::of("lambda", environment),
        })
    }

    /// Queues an invocation with this JSON. Lambda runs it later, or never.
    ///
    /// # Errors
    /// [`CallError`] unless Lambda accepts it within 3 seconds.
    pub async fn invoke(&self, payload: &str) -> Result<(), CallError> {
        let headers = [("content-type", "application/json"), ("x-amz-invocation-type", "Event")];
        self.client
            .send(&Call { method: "POST", url: &self.url, headers: &headers, body: payload, time: TIME })
            .await
    }
}
