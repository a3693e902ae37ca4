//! The token endpoint of OAuth 2.0 and its neighbours, for the clients of applications:
//!
//! - `POST /oauth2/token` issues a token (RFC 6749 §4.4),
//! - `POST /oauth2/introspect` tells a client what its token is good for (RFC 7662),
//! - `POST /oauth2/revoke` ends it (RFC 7009).

mod client;
mod introspect;
mod issue;
mod revoke;

use std::{convert::Infallible, num::NonZeroU32};

use api::{Clock, Environment, EnvironmentError, Failure, Metric, UnauthenticatedRequest};
use lambda_http::{Body, Response};
use model::oauth::{Form, OAuthError, TokenLifetime};
use serde::Serialize;
use store::{Client, Table};

/// What this function works with.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Where applications and tokens are kept.
    pub access: Table,
    /// What time it is.
    pub clock: Clock,
    /// For how long a token is good.
    pub lifetime: TokenLifetime,
    /// How many tokens an application may take in a minute.
    pub tokens_per_minute: NonZeroU32,
}

impl Deps {
    /// Reads `ACCESS_TABLE`, `TOKEN_LIFETIME_SECONDS` and `TOKENS_PER_MINUTE`.
    ///
    /// # Errors
    /// [`EnvironmentError`] if one is not set, or not valid.
    pub fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            access: Table::new(client, environment.get::<String>("ACCESS_TABLE")?),
            clock,
            lifetime: environment.get("TOKEN_LIFETIME_SECONDS")?,
            tokens_per_minute: environment.get("TOKENS_PER_MINUTE")?,
        })
    }
}

/// What a client gets that asked for something it may have.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A token.
    Token(issue::TokenAnswer),
    /// What a token is good for.
    Introspection(introspect::Introspection),
    /// A token is gone, or was never there.
    Revoked(api::Done),
}

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond_unauthenticated(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Does what the path of a request asks for.
///
/// # Errors
/// The first that applies: the form, its parameters, who the client is, what it may have; or the store.
pub async fn handle(deps: &Deps, request: UnauthenticatedRequest) -> Result<Answer, Failure<OAuthError>> {
    let form = Form::parse(request.body(), request.query())?;
    let outcome = match request.path.as_str() {
        "/oauth2/token" => issue::issue(deps, &request, &form).await.map(Answer::Token),
        "/oauth2/introspect" => {
            introspect::introspect(deps, &request, &form).await.map(Answer::Introspection)
        }
        "/oauth2/revoke" => revoke::revoke(deps, &request, &form).await.map(Answer::Revoked),
        _ => Err(OAuthError::InvalidUrl.into()),
    };
    if let Err(Failure { answer: OAuthError::InvalidClient | OAuthError::UnauthorizedClient, .. }) = &outcome
    {
        request.count(Metric::Denials);
    }
    outcome
}
