//! The TOKEN authorizer of API Gateway: contract, "Tokens".
//!
//! What it returns decides which row of the contract's table the caller reads: the error `Unauthorized` is a token
//! that is missing or malformed, a policy that denies is a token that is unknown, expired or without the scope, any
//! other error is that tokens cannot be checked just now. All three fail closed.

mod policy;

use std::time::Instant;

use api::{Clock, Environment, EnvironmentError, Metric, Tally, logging::RequestLine};
use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerRequest, ApiGatewayCustomAuthorizerResponse,
};
use lambda_runtime::{Diagnostic, LambdaEvent};
use model::{BearerToken, Principal, Scope};
use store::{Client, Meter, StoreError, Table, tokens};

pub use policy::Context;

/// What this function works with.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Where tokens are kept.
    pub access: Table,
    /// The scope that covers the API this authorizer guards.
    pub required_scope: Scope,
    /// What time it is.
    pub clock: Clock,
}

impl Deps {
    /// Reads `ACCESS_TABLE` and `REQUIRED_SCOPE`.
    ///
    /// # Errors
    /// [`EnvironmentError`] if one is not set, or not valid.
    pub fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            access: Table::new(client, environment.get::<String>("ACCESS_TABLE")?),
            required_scope: environment.get("REQUIRED_SCOPE")?,
            clock,
        })
    }
}

/// Why there is no policy.
#[derive(Debug, PartialEq, Eq)]
pub enum AuthorizerError {
    /// The header holds no bearer token.
    MalformedToken,
    /// The token cannot be checked.
    Store(StoreError),
}

impl From<AuthorizerError> for Diagnostic {
    fn from(error: AuthorizerError) -> Self {
        // The message `Unauthorized`, to the letter, is what API Gateway takes for a 401.
        let (error_type, error_message) = match error {
            AuthorizerError::MalformedToken => ("Unauthorized", "Unauthorized"),
            AuthorizerError::Store(_) => ("Unchecked", "the token cannot be checked"),
        };
        Self { error_type: error_type.to_owned(), error_message: error_message.to_owned() }
    }
}

/// Answers API Gateway's event, and logs one line of it.
///
/// # Errors
/// [`AuthorizerError`], which API Gateway turns into an answer of its own.
pub async fn respond(
    deps: &Deps,
    event: LambdaEvent<ApiGatewayCustomAuthorizerRequest>,
) -> Result<ApiGatewayCustomAuthorizerResponse<Context>, AuthorizerError> {
    let started = Instant::now();
    let meter = Meter::default();
    let decision = handle(deps, &meter, event.payload.authorization_token.as_deref()).await;
    let (outcome, application, cause) = match &decision {
        Ok(Some(principal)) => ("allow", Some(principal.app.as_str()), None),
        Ok(None) => ("deny", None, None),
        Err(AuthorizerError::MalformedToken) => ("malformed", None, None),
        Err(AuthorizerError::Store(fault)) => ("error", None, Some(fault.to_string())),
    };
    let tally = Tally::default();
    if matches!(decision, Ok(None) | Err(AuthorizerError::MalformedToken)) {
        tally.count(Metric::Denials, 1);
    }
    let line = RequestLine {
        request_id: &event.context.request_id,
        gateway_request_id: None,
        function: env!("CARGO_PKG_NAME"),
        application,
        outcome: outcome.into(),
        cause: cause.as_deref(),
        duration: started.elapsed(),
    };
    line.write(&meter, &tally);
    let method_arn = event.payload.method_arn.unwrap_or_default();
    Ok(match decision? {
        Some(principal) => policy::allow(&method_arn, &principal),
        None => policy::deny(&method_arn),
    })
}

/// Finds out who shows this `Authorization` header; `None` if its token is not good for this API.
///
/// # Errors
/// [`AuthorizerError`] if there is no token, or it cannot be checked.
pub async fn handle(
    deps: &Deps,
    meter: &Meter,
    header: Option<&str>,
) -> Result<Option<Principal>, AuthorizerError> {
    let token =
        BearerToken::from_header(header.unwrap_or_default()).map_err(|_| AuthorizerError::MalformedToken)?;
    let access = deps.access.metered(meter);
    let found =
        tokens::find(&access, &token.hash(), deps.clock.now()).await.map_err(AuthorizerError::Store)?;
    Ok(found.filter(|token| token.covers(deps.required_scope)).map(|token| token.principal))
}
