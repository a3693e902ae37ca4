//! What API Gateway does: routes, callers, events, and answers of its own.

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

/// The greatest request, in bytes.
pub const REQUEST_LIMIT: usize = 10 * 1024 * 1024;

/// The account that ARNs and events of this process name.
const ACCOUNT: &str = "123456789012";
/// The region that ARNs of this process name.
const REGION: &str = "us-east-1";

/// The APIs of a template, with the functions behind them.
#[derive(Debug)]
pub struct Gateway {
    apis: Vec<Api>,
    functions: Functions,
    throttles: Option<Throttles>,
}

/// A request as it reached the gateway.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path and the query.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `None` if it was larger than [`REQUEST_LIMIT`].
    pub body: Option<Vec<u8>>,
    /// What identifies the request.
    pub id: Uuid,
}

impl Gateway {
    /// The APIs of `template`, in front of `functions`.
    #[must_use]
    pub fn new(template: Template, functions: Functions) -> Self {
        Self { apis: template.apis, functions, throttles: None }
    }

    /// The same with the throttles of the template in force.
    #[must_use]
    pub fn throttled(self) -> Self {
        Self { throttles: Some(Throttles::of(&self.apis)), ..self }
    }

    /// Answers a request as the API that owns its path does.
    pub async fn answer(&self, call: &Call) -> Answer {
        let Some(api) = self.owner(call.uri.path()) else {
            return Answer::unowned();
        };
        match self.pass_on(api, call).await {
            Ok(answer) => answer,
            Err(fault) => Answer::literal(api, fault),
        }
    }

    /// The API whose paths have the longest beginning in common with `path`; the first one if none has.
    fn owner(&self, path: &str) -> Option<&Api> {
        let closeness = |api: &Api| {
            api.routes.iter().map(|route| common_prefix(&route.path, path)).max().unwrap_or_default()
        };
        // Of equals `max_by_key` takes the last.
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
