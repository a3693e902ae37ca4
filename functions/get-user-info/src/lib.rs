//! `GET /chatbot/servlet/user/info/get`: a third-party customer-service system reads who a user is.

use std::sync::Arc;

use api::{ChatDeps, CustomerService, Failure, Request};
use model::customer_service::{CustomerServiceError, UserProfile};
use serde::Serialize;
use store::users;

#[derive(Debug, Serialize)]
pub struct FoundUser {
    /// The number of users, a string in the contract.
    total: &'static str,
    #[serde(flatten)]
    profile: UserProfile,
}

/// Finds a user.
///
/// # Errors
/// The first that applies: `source`, `clientId`, no such user; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<FoundUser, Failure<CustomerService>> {
    let source = request.source()?;
    let client = request.query("clientId").required("clientId")?;
    let profile = users::find(&request.table(&deps.chat), source, client, deps.clock.now())
        .await?
        .ok_or(CustomerServiceError::UnknownUser)?;
    Ok(FoundUser { total: "1", profile })
}
