//! Requests: with a principal that the authorizer checked, and without.

use lambda_http::{
    Body, RequestExt,
    aws_lambda_events::{apigw::ApiGatewayProxyRequestContext, query_map::QueryMap},
    http::header::AUTHORIZATION,
    request::RequestContext,
};
use model::{
    AppId, BodyError, JsonObject, Parameter, Source, customer_service::CustomerServiceError, oauth::Principal,
};
use store::Table;

use crate::{Metric, RequestMetrics};

/// A request that is read from API Gateway's event.
pub trait FromEvent: Sized + Send {
    /// `None` if the event lacks what API Gateway adds to this kind of request.
    fn from_event(event: lambda_http::Request, metrics: RequestMetrics) -> Option<Self>;
}

/// A request with a principal: it is made only from an event that the authorizer passed.
#[derive(Debug)]
pub struct Request {
    /// The caller.
    pub principal: Principal,
    query: QueryMap,
    body: Body,
    metrics: RequestMetrics,
}

impl FromEvent for Request {
    fn from_event(event: lambda_http::Request, metrics: RequestMetrics) -> Option<Self> {
        let principal = principal(&event)?;
        metrics.set_application(&principal.app);
        let query = event.query_string_parameters();
        Some(Self { principal, query, body: event.into_body(), metrics })
    }
}

impl Request {
    /// The query parameter `name`; of a repeated one, the first.
    #[must_use]
    pub fn query(&self, name: &str) -> Parameter<'_> {
        Parameter::from_query(self.query.first(name))
    }

    /// The body, which must be a JSON object.
    ///
    /// # Errors
    /// The first that applies: too large, empty, not a JSON object.
    pub fn json(&self) -> Result<JsonObject<'_>, BodyError> {
        JsonObject::from_body(&self.body)
    }

    /// The parameter `source`, which the caller must be permitted to use.
    ///
    /// # Errors
    /// `source` is not valid, then not permitted.
    pub fn source(&self) -> Result<Source, CustomerServiceError> {
        let source = Source::parse(&self.query("source"))?;
        if self.principal.sources.permit(source) {
            self.metrics.set_source(source);
            Ok(source)
        } else {
            self.count(Metric::Denials, 1);
            Err(CustomerServiceError::SourceNotPermitted)
        }
    }

    /// Adds `by` to `metric`, which the request's log line shows.
    pub fn count(&self, metric: Metric, by: usize) {
        self.metrics.count(metric, by);
    }

    /// `table` for this request: its consumed capacity is logged with the request.
    #[must_use]
    pub fn table(&self, table: &Table) -> Table {
        self.metrics.table(table)
    }
}

/// A request that no authorizer has checked: `handle` authenticates the caller. It holds secrets, hence no `Debug`.
pub struct UnauthenticatedRequest {
    /// The path of the route, without the stage.
    pub path: String,
    authorization: Option<String>,
    query: QueryMap,
    body: Body,
    metrics: RequestMetrics,
}

impl FromEvent for UnauthenticatedRequest {
    fn from_event(event: lambda_http::Request, metrics: RequestMetrics) -> Option<Self> {
        let path = gateway_context(&event)?.resource_path.clone()?;
        // A non-text header is treated as empty.
        let authorization = event.headers().get(AUTHORIZATION);
        let authorization = authorization.map(|value| value.to_str().unwrap_or_default().to_owned());
        let query = event.query_string_parameters();
        Some(Self { path, authorization, query, body: event.into_body(), metrics })
    }
}

impl UnauthenticatedRequest {
    /// The `Authorization` header.
    #[must_use]
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// The query parameters, decoded; a repeated one is listed as often as it occurs.
    #[must_use]
    pub fn query(&self) -> Vec<(String, String)> {
        self.query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The decoded body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Sets the application that the log line names.
    pub fn set_application(&self, application: &AppId) {
        self.metrics.set_application(application);
    }

    /// Adds one to `metric`, which the request's log line shows.
    pub fn count(&self, metric: Metric) {
        self.metrics.count(metric, 1);
    }

    /// `table` for this request: its consumed capacity is logged with the request.
    #[must_use]
    pub fn table(&self, table: &Table) -> Table {
        self.metrics.table(table)
    }
}

/// The principal that the authorizer passed on. The request context is the one place it is read from: a caller cannot
/// write there.
fn principal(event: &lambda_http::Request) -> Option<Principal> {
    let context = gateway_context(event)?;
    let field = |name: &str| context.authorizer.fields.get(name)?.as_str();
    Principal::from_context(field("appId")?, field("sources")?)
}

pub(crate) fn gateway_context(event: &lambda_http::Request) -> Option<&ApiGatewayProxyRequestContext> {
    match event.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => Some(context),
        _ => None,
    }
}
