//! Issuing a token: RFC 6749 §4.4.

use api::{Failure, Metric, OAuth, UnauthenticatedRequest};
use model::oauth::{Application, BearerToken, ClientCredentials, Form, OAuthError, ScopeList, TokenRequest};
use serde::Serialize;
use store::{
    applications,
    tokens::{self, Grant, IssueOutcome, Minute},
};
use uuid::Uuid;

use crate::{Deps, client::authenticate};

/// The response with the token: RFC 6749 §5.1.
#[derive(Serialize)]
pub struct IssuedToken {
    access_token: String,
    token_type: &'static str,
    /// Seconds from the response on.
    expires_in: u64,
    scope: String,
}

// Not derived: it must not show the token.
impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Issues a token to the client of a request. Two round trips: the application and its token count, then a transaction that
/// stores the token if the application is unchanged.
///
/// # Errors
/// The first that applies: the parameters, the client authentication, the scopes, the rate limit; or the store.
pub(crate) async fn issue(
    deps: &Deps,
    request: &UnauthenticatedRequest,
    form: &Form,
) -> Result<IssuedToken, Failure<OAuth>> {
    let requested = TokenRequest::parse(form)?.scopes;
    let credentials = ClientCredentials::read(request.authorization(), form)?;
    let access = request.table(&deps.access);
    // Retries if the application changed concurrently, until the request's time for the store is over.
    loop {
        let now = deps.clock.now();
        let minute = Minute::of(now);
        let (found, rate_limited) = tokio::try_join!(
            applications::find(&access, &credentials.app),
            tokens::rate_limit(&access, &credentials.app, minute, deps.tokens_per_minute),
        )?;
        let client = authenticate(request, &credentials, found, now)?;
        let scopes = grantable(&client.application, requested.as_ref())?;
        let token = BearerToken::of_uuid(&Uuid::new_v4().to_string());
        let grant = Grant::to(&client.application, &scopes, now, deps.lifetime.expiry(now));
        let issue = if let Some(rate_limited) = rate_limited {
            rate_limited
        } else {
            let limit = deps.tokens_per_minute;
            tokens::issue(&access, &client, &token.hash(), &grant, minute, limit).await?
        };
        match issue {
            IssueOutcome::Issued => {
                request.count(Metric::TokensIssued);
                return Ok(IssuedToken {
                    access_token: token.reveal().to_owned(),
                    token_type: "bearer",
                    // The store may have taken a while since the token was dated.
                    expires_in: grant.expire_at.saturating_sub(deps.clock.now().seconds()),
                    scope: scopes.to_string(),
                });
            }
            IssueOutcome::Conflict => {}
            IssueOutcome::LimitReached { retry_after } => {
                request.count(Metric::TokensRefused);
                return Err(OAuthError::TooManyTokens { retry_after }.into());
            }
        }
    }
}

/// The scopes of the token: all approved ones, or those requested of them.
fn grantable(application: &Application, requested: Option<&ScopeList>) -> Result<ScopeList, OAuthError> {
    let approved = application.approved_scopes().ok_or(OAuthError::InvalidScope)?;
    match requested {
        None => Ok(approved),
        Some(requested) if requested.is_within(&approved) => Ok(requested.clone()),
        Some(_) => Err(OAuthError::InvalidScope),
    }
}
