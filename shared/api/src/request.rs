//! Requests: of a caller who has been checked, and of one who is yet to show who it is.

use lambda_http::{
    Body, RequestExt,
    aws_lambda_events::{apigw::ApiGatewayProxyRequestContext, query_map::QueryMap},
    http::header::AUTHORIZATION,
    request::RequestContext,
};
use model::{AppId, BodyError, CustomerServiceError, JsonObject, Parameter, Principal, Source};
use store::{Meter, Table};

use crate::{Metric, Tally};

/// What a request uses and counts, for its log line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) meter: Meter,
    pub(crate) tally: Tally,
}

impl Account {
    fn table(&self, table: &Table) -> Table {
        table.metered(&self.meter)
    }
}

/// A request as a `handle` gets it: there is none without a principal.
#[derive(Debug)]
pub struct Request {
    /// Who calls.
    pub principal: Principal,
    query: QueryMap,
    body: Body,
    account: Account,
}

impl Request {
    /// Takes the request out of API Gateway's event; `None` if the event carries no principal of the authorizer's.
    pub(crate) fn from_event(event: lambda_http::Request, account: Account) -> Option<Self> {
        let principal = principal(&event)?;
        account.tally.belongs_to_application(&principal.app);
        let query = event.query_string_parameters();
        Some(Self { principal, query, body: event.into_body(), account })
    }

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

    /// The third-party system this request speaks for, which the caller must be permitted to use.
    ///
    /// # Errors
    /// That `source` is no source, then that it is not permitted.
    pub fn source(&self) -> Result<Source, CustomerServiceError> {
        let source = Source::parse(&self.query("source"))?;
        if self.principal.sources.permit(source) {
            self.account.tally.belongs_to(source);
            Ok(source)
        } else {
            self.count(Metric::Denials, 1);
            Err(CustomerServiceError::SourceNotPermitted)
        }
    }

    /// Counts `by` more of `metric`, which stands in the request's log line.
    pub fn count(&self, metric: Metric, by: usize) {
        self.account.tally.count(metric, by);
    }

    /// `table` as this request sees it: what is used of it stands in the request's log line.
    #[must_use]
    pub fn table(&self, table: &Table) -> Table {
        self.account.table(table)
    }
}

/// A request that no authorizer has seen: whoever handles it finds out who calls. It holds secrets, hence no `Debug`.
pub struct UnauthenticatedRequest {
    /// The path of the route, whatever stage or domain it was called by.
    pub path: String,
    authorization: Option<String>,
    query: QueryMap,
    body: Body,
    account: Account,
}

impl UnauthenticatedRequest {
    /// Takes the request out of API Gateway's event; `None` if the event is of no route.
    pub(crate) fn from_event(event: lambda_http::Request, account: Account) -> Option<Self> {
        let path = gateway_context(&event)?.resource_path.clone()?;
        // A header that is no text is as one that says nothing.
        let authorization = event.headers().get(AUTHORIZATION);
        let authorization = authorization.map(|value| value.to_str().unwrap_or_default().to_owned());
        let query = event.query_string_parameters();
        Some(Self { path, authorization, query, body: event.into_body(), account })
    }

    /// The `Authorization` header.
    #[must_use]
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// The parameters of the URL, decoded, each as often as it is there.
    #[must_use]
    pub fn query(&self) -> Vec<(String, String)> {
        self.query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Notes who was found to call.
    pub fn belongs_to(&self, application: &AppId) {
        self.account.tally.belongs_to_application(application);
    }

    /// Counts one more of `metric`, which stands in the request's log line.
    pub fn count(&self, metric: Metric) {
        self.account.tally.count(metric, 1);
    }

    /// `table` as this request sees it: what is used of it stands in the request's log line.
    #[must_use]
    pub fn table(&self, table: &Table) -> Table {
        self.account.table(table)
    }
}

/// Who the authorizer says calls. A caller cannot write into the request context, so this is the one place a
/// principal comes from.
fn principal(event: &lambda_http::Request) -> Option<Principal> {
    let context = gateway_context(event)?;
    let field = |name: &str| context.authorizer.fields.get(name)?.as_str();
    Principal::from_context(field("appId")?, field("sources")?)
}

/// What API Gateway says of a request beside what the caller sent.
pub(crate) fn gateway_context(event: &lambda_http::Request) -> Option<&ApiGatewayProxyRequestContext> {
    match event.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => Some(context),
        _ => None,
    }
}
