//! The TOKEN authorizer of API Gateway: contract, "Tokens".
//!
//! Its result selects the row of the contract's table: the error `Unauthorized` for a missing or malformed token, a Deny
//! for an unknown or expired token or one without the scope, any other error if tokens cannot be checked. All three fail
//! closed.

mod policy;

use std::{sync::Arc, time::Instant};

use api::{Clock, Dependencies, Environment, EnvironmentError, Metric, RequestMetrics, logging::RequestLine};
use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerRequest, ApiGatewayCustomAuthorizerResponse,
};
use lambda_runtime::{Diagnostic, LambdaEvent};
use model::oauth::{BearerToken, Principal, Scope};
use store::{Client, StoreError, Table, tokens};

pub use policy::Context;

/// `ACCESS_TABLE` and `REQUIRED_SCOPE`.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Tokens.
    pub access: Table,
    /// The scope of the API that this authorizer guards.
    pub required_scope: Scope,
    /// The time, as an input.
    pub clock: Clock,
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            access: Table::new(client, environment.get::<String>("ACCESS_TABLE")?),
            required_scope: environment.get("REQUIRED_SCOPE")?,
            clock,
        })
    }

    fn table(&self) -> &Table {
        &self.access
    }
}

/// Why the authorizer returns no policy.
#[derive(Debug, PartialEq, Eq)]
pub enum AuthorizerError {
    /// The header holds no bearer token.
    MalformedToken,
    /// The token cannot be checked.
    Store(StoreError),
}

impl From<AuthorizerError> for Diagnostic {
    fn from(error: AuthorizerError) -> Self {
        // API Gateway answers 401 only if the message is exactly `Unauthorized`.
        let (error_type, error_message) = match error {
            AuthorizerError::MalformedToken => ("Unauthorized", "Unauthorized"),
            AuthorizerError::Store(_) => ("Unchecked", "the token cannot be checked"),
        };
        Self { error_type: error_type.to_owned(), error_message: error_message.to_owned() }
    }
}

/// Answers API Gateway's event with a policy, and logs one line.
///
/// # Errors
/// [`AuthorizerError`], which API Gateway turns into a response of its own.
pub async fn respond(
    deps: Arc<Deps>,
    event: LambdaEvent<ApiGatewayCustomAuthorizerRequest>,
) -> Result<ApiGatewayCustomAuthorizerResponse<Context>, AuthorizerError> {
    let started = Instant::now();
    let metrics = RequestMetrics::default();
    let decision = handle(&deps, &metrics, event.payload.authorization_token.as_deref()).await;
    let (outcome, cause) = match &decision {
        Ok(Some(principal)) => {
            metrics.set_application(&principal.app);
            ("allow", None)
        }
        Ok(None) => ("deny", None),
        Err(AuthorizerError::MalformedToken) => ("malformed", None),
        Err(AuthorizerError::Store(error)) => ("error", Some(error.to_string())),
    };
    if matches!(outcome, "deny" | "malformed") {
        metrics.count(Metric::Denials, 1);
    }
    let line = RequestLine {
        request_id: &event.context.request_id,
        gateway_request_id: None,
        function: env!("CARGO_PKG_NAME"),
        outcome: outcome.into(),
        cause: cause.as_deref(),
        duration: started.elapsed(),
    };
    line.write(&metrics);
    let method_arn = event.payload.method_arn.unwrap_or_default();
    Ok(match decision? {
        Some(principal) => policy::allow(&method_arn, &principal),
        None => policy::deny(&method_arn),
    })
}

/// Reads the principal of an `Authorization` header; `None` if the token is unknown or expired, or lacks the scope.
///
/// # Errors
/// [`AuthorizerError`] if there is no token, or it cannot be checked.
async fn handle(
    deps: &Deps,
    metrics: &RequestMetrics,
    header: Option<&str>,
) -> Result<Option<Principal>, AuthorizerError> {
    let token =
        BearerToken::from_header(header.unwrap_or_default()).map_err(|_| AuthorizerError::MalformedToken)?;
    let access = metrics.table(&deps.access);
    let found =
        tokens::find(&access, &token.hash(), deps.clock.now()).await.map_err(AuthorizerError::Store)?;
    Ok(found.filter(|token| token.covers(deps.required_scope)).map(|token| token.principal))
}
