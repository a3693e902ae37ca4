//! A request of a caller who has been checked.

use lambda_http::{Body, RequestExt, aws_lambda_events::query_map::QueryMap, request::RequestContext};
use model::{BodyError, CustomerServiceError, JsonObject, Parameter, Principal, Source};
use store::{Meter, Table};

use crate::{Metric, Tally};

/// A request as a `handle` gets it: there is none without a principal.
#[derive(Debug)]
pub struct Request {
    /// Who calls.
    pub principal: Principal,
    query: QueryMap,
    body: Body,
    meter: Meter,
    tally: Tally,
}

impl Request {
    /// Takes the request out of API Gateway's event; `None` if the event carries no principal of the authorizer's.
    pub(crate) fn from_event(event: lambda_http::Request, meter: Meter, tally: Tally) -> Option<Self> {
        let principal = principal(&event)?;
        let query = event.query_string_parameters();
        Some(Self { principal, query, body: event.into_body(), meter, tally })
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
            self.tally.belongs_to(source);
            Ok(source)
        } else {
            self.tally.count(Metric::Denials, 1);
            Err(CustomerServiceError::SourceNotPermitted)
        }
    }

    /// Counts `by` more of `metric`, which stands in the request's log line.
    pub fn count(&self, metric: Metric, by: usize) {
        self.tally.count(metric, by);
    }

    /// `table` as this request sees it: what is used of it stands in the request's log line.
    #[must_use]
    pub fn table(&self, table: &Table) -> Table {
        table.metered(&self.meter)
    }
}

/// Who the authorizer says calls. A caller cannot write into the request context, so this is the one place a
/// principal comes from.
fn principal(event: &lambda_http::Request) -> Option<Principal> {
    let RequestContext::ApiGatewayV1(context) = event.request_context_ref()? else {
        return None;
    };
    let field = |name: &str| context.authorizer.fields.get(name)?.as_str();
    Principal::from_context(field("appId")?, field("sources")?)
}
