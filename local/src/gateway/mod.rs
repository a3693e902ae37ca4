//! API Gateway: routes, authorizers, events, and gateway responses.

mod answer;
mod authorize;
mod event;
mod server;
mod throttles;

use axum::http::{HeaderMap, Method, Uri};
use uuid::Uuid;

pub use answer::{Answer, Fault};
pub use server::serve;

use throttles::Throttles;

use crate::{
    functions::{FunctionError, Functions},
    template::{Api, Route, Template},
};

/// API Gateway's limit of a request body, in bytes.
pub const REQUEST_LIMIT: usize = 10 * 1024 * 1024;

/// The account id in ARNs and events.
const ACCOUNT: &str = "123456789012";
/// The region in ARNs.
const REGION: &str = "us-east-1";

#[derive(Debug)]
pub struct Gateway {
    apis: Vec<Api>,
    functions: Functions,
    throttles: Option<Throttles>,
}

#[derive(Debug)]
pub struct Call {
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    pub headers: HeaderMap,
    /// `None` if it was larger than [`REQUEST_LIMIT`].
    pub body: Option<Vec<u8>>,
    pub id: Uuid,
}

impl Gateway {
    #[must_use]
    pub fn new(template: Template, functions: Functions) -> Self {
        Self { apis: template.apis, functions, throttles: None }
    }

    /// Enforces the throttles of the template.
    #[must_use]
    pub fn throttled(self) -> Self {
        Self { throttles: Some(Throttles::of(&self.apis)), ..self }
    }

    /// Answers a request by the API of its path.
    pub async fn answer(&self, call: &Call) -> Answer {
        let Some(api) = self.owner(call.uri.path()) else {
            return Answer::unowned();
        };
        match self.pass_on(api, call).await {
            Ok(answer) => answer,
            Err(fault) => Answer::literal(api, fault),
        }
    }

    /// The API whose paths share the longest prefix with `path`; the first one if none does.
    fn owner(&self, path: &str) -> Option<&Api> {
        let closeness = |api: &Api| {
            api.routes.iter().map(|route| common_prefix(&route.path, path)).max().unwrap_or_default()
        };
        // Of equals, `max_by_key` returns the last.
        self.apis.iter().rev().max_by_key(|api| closeness(api))
    }

    async fn pass_on(&self, api: &Api, call: &Call) -> Result<Answer, Fault> {
        let body = call.body.as_deref().ok_or(Fault::RequestTooLarge)?;
        let route = find_route(api, call).ok_or(Fault::MissingAuthenticationToken)?;
        if self.throttles.as_ref().is_some_and(|throttles| !throttles.admit(route)) {
            return Err(Fault::Throttled);
        }
        let context = authorize::authorize(api, route, call, &self.functions).await?;
        let event = event::proxy_event(api, route, call, body, &context);
        let answer = self.functions.invoke(&route.function, event).await.map_err(|error| match error {
            FunctionError::EventTooLarge => Fault::RequestTooLarge,
            _ => Fault::IntegrationFailure,
        })?;
        Answer::from_function(&answer)
    }
}

fn find_route<'a>(api: &'a Api, call: &Call) -> Option<&'a Route> {
    api.routes.iter().find(|route| route.path == call.uri.path() && route.method == call.method.as_str())
}

fn common_prefix(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}
