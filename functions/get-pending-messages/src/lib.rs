//! `GET /chatbot/api/platform/message/pending`: the platform's front end reads what waits for a user.

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Data, Failure, Request};
use inbox::{PendingPage, Unavailable};
use lambda_http::{Body, Response};
use model::{PushError, platform::InboxQuery};

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Reads a page of the messages that wait for a user.
///
/// # Errors
/// The first that applies, of `userId` and `cursor`; that the table has no capacity for any message; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<PendingPage>, Failure<PushError>> {
    let query = InboxQuery::parse(|name| request.query(name)).map_err(PushError::from)?;
    let chat = request.table(&deps.chat);
    match PendingPage::read(&chat, &query.user, &query.from, deps.clock.now()).await {
        Ok(data) => Ok(Data { data }),
        Err(Unavailable::Throttled) => Err(PushError::Throttled.into()),
        Err(Unavailable::Store(error)) => Err(error.into()),
    }
}
