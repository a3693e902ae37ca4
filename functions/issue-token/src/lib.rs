//! OAuth 2.0 for the clients of applications:
//!
//! - `POST /oauth2/token` issues a token (RFC 6749 §4.4),
//! - `POST /oauth2/introspect` returns the metadata of a token (RFC 7662),
//! - `POST /oauth2/revoke` revokes it (RFC 7009).

mod client;
mod introspect;
mod issue;
mod revoke;

use std::{num::NonZeroU32, sync::Arc};

use api::{
    Clock, Dependencies, Environment, EnvironmentError, Failure, Metric, OAuth, UnauthenticatedRequest,
};
use model::oauth::{Form, OAuthError, TokenLifetime};
use serde::Serialize;
use store::{Client, Table};

/// `ACCESS_TABLE`, `TOKEN_LIFETIME_SECONDS` and `TOKENS_PER_MINUTE`.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Applications and tokens.
    pub access: Table,
    /// The time, as an input.
    pub clock: Clock,
    /// The lifetime of a token.
    pub lifetime: TokenLifetime,
    /// The most tokens of an application per minute of the clock.
    pub tokens_per_minute: NonZeroU32,
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            access: Table::new(client, environment.get::<String>("ACCESS_TABLE")?),
            clock,
            lifetime: environment.get("TOKEN_LIFETIME_SECONDS")?,
            tokens_per_minute: environment.get("TOKENS_PER_MINUTE")?,
        })
    }

    fn table(&self) -> &Table {
        &self.access
    }
}

/// The payload of a success.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum TokenResponse {
    Token(issue::IssuedToken),
    Introspection(introspect::Introspection),
    /// The token is revoked, or did not exist.
    Revoked(api::Empty),
}

/// Handles the request by its path.
///
/// # Errors
/// The first that applies: the form, its parameters, the client authentication, the grant; or the store.
pub async fn handle(
    deps: Arc<Deps>,
    request: UnauthenticatedRequest,
) -> Result<TokenResponse, Failure<OAuth>> {
    let form = Form::parse(request.body(), request.query())?;
    let outcome = match request.path.as_str() {
        "/oauth2/token" => issue::issue(&deps, &request, &form).await.map(TokenResponse::Token),
        "/oauth2/introspect" => {
            introspect::introspect(&deps, &request, &form).await.map(TokenResponse::Introspection)
        }
        "/oauth2/revoke" => revoke::revoke(&deps, &request, &form).await.map(TokenResponse::Revoked),
        _ => Err(OAuthError::InvalidUrl.into()),
    };
    if let Err(Failure { error: OAuthError::InvalidClient | OAuthError::UnauthorizedClient, .. }) = &outcome {
        request.count(Metric::Denials);
    }
    outcome
}
