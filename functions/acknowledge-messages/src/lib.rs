//! `POST /chatbot/api/platform/message/ack`: the platform's front end says what a user has, or has read.

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Data, Failure, Metric, Request};
use lambda_http::{Body, Response};
use model::{
    AppId, MessageId, PushError,
    platform::{Acknowledgement, MessageRef},
};
use serde::Serialize;
use store::inbox;

/// What came of an acknowledgement.
#[derive(Debug, Serialize)]
pub struct Acknowledged {
    /// How many messages it counted for.
    acknowledged: usize,
    /// Those that were never pushed to the user.
    unknown: Vec<UnknownMessage>,
}

/// A message that was never pushed to the user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownMessage {
    app_id: AppId,
    message_id: MessageId,
}

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Writes down what a user did with messages. All of it is durable when this returns; the same call again changes
/// nothing.
///
/// # Errors
/// The first that applies: the body, `userId`, `messages`, `state`; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<Acknowledged>, Failure<PushError>> {
    let body = request.json().map_err(PushError::from)?;
    let Acknowledgement { user, messages, state } = Acknowledgement::parse(&body).map_err(PushError::from)?;
    let chat = request.table(&deps.chat);
    let named = messages.len();
    let unknown = inbox::acknowledge(&chat, &user, messages, state, deps.clock.now()).await?;
    let acknowledged = named - unknown.len();
    request.count(Metric::Acknowledgements, acknowledged);
    let unknown = unknown.into_iter().map(UnknownMessage::from).collect();
    Ok(Data { data: Acknowledged { acknowledged, unknown } })
}

impl From<MessageRef> for UnknownMessage {
    fn from(MessageRef { app, message }: MessageRef) -> Self {
        Self { app_id: app, message_id: message }
    }
}
