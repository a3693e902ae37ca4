//! `GET /chatbot/servlet/user/info/get`: a third-party customer-service system reads who a user is.

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Failure, Request};
use lambda_http::{Body, Response};
use model::{ClientId, CustomerServiceError, UserProfile};
use serde::Serialize;
use store::users;

/// The one user that was asked for.
#[derive(Debug, Serialize)]
pub struct FoundUser {
    /// The number of users: the contract has it as a string.
    total: &'static str,
    #[serde(flatten)]
    profile: UserProfile,
}

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Finds the user a request names.
///
/// # Errors
/// The first that applies: `source`, `clientId`, that there is no such user; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<FoundUser, Failure<CustomerServiceError>> {
    let source = request.source()?;
    let client = ClientId::from_parameter(&request.query("clientId")).map_err(CustomerServiceError::from)?;
    let profile = users::find(&request.table(&deps.chat), source, client, deps.clock.now())
        .await?
        .ok_or(CustomerServiceError::UnknownUser)?;
    Ok(FoundUser { total: "1", profile })
}
