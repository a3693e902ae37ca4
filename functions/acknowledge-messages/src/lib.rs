//! `POST /chatbot/api/platform/message/ack`: the platform's front end says what a user has, or has read.

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Data, Failure, Metric, Request};
use lambda_http::{Body, Response};
use model::{PushError, platform::Acknowledgement};
use serde::Serialize;
use store::push::acknowledge;

/// The outcome of an acknowledgement.
#[derive(Debug, Serialize)]
pub struct Acknowledged {
    /// How many ids it counted for.
    acknowledged: usize,
    /// The ids that were altered or are another user's.
    invalid: Vec<String>,
}

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Records what a user did with messages. All of it is durable when this returns; the same call again changes nothing.
///
/// # Errors
/// The first that applies: the body, `userId`, `ackIds`, `state`; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<Acknowledged>, Failure<PushError>> {
    let body = request.json().map_err(PushError::from)?;
    let Acknowledgement { user, ack_ids, invalid, state } =
        Acknowledgement::parse(&body).map_err(PushError::from)?;
    let chat = request.table(&deps.chat);
    let acknowledged = ack_ids.len();
    acknowledge::acknowledge(&chat, &user, ack_ids, state, deps.clock.now()).await?;
    request.count(Metric::Acknowledgements, acknowledged);
    Ok(Data { data: Acknowledged { acknowledged, invalid } })
}
