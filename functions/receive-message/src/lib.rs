//! `POST /chatbot/servlet/third/msg/receive`: a third-party customer-service system sends a message to a user's chat.

use std::convert::Infallible;

pub use api::KeepingDeps as Deps;
use api::{Done, Failure, Metric, Request};
use lambda_http::{Body, Response};
use model::{CustomerServiceError, MessageBody, ReceivedMessage};
use store::messages;

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Stores the message a request brings. It is durable when this returns.
///
/// # Errors
/// The first that applies, in the contract's order: the body, `source`, the fields; then the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Done, Failure<CustomerServiceError>> {
    let body = request.json().map_err(CustomerServiceError::from)?;
    let source = request.source()?;
    let message = ReceivedMessage::parse(&body)?;
    let now = deps.clock.now();
    let acceptance = messages::Acceptance {
        source,
        app: &request.principal.app,
        at: now,
        expire_at: deps.retention.expiry(now),
    };
    messages::append(&request.table(&deps.chat), &message, acceptance).await?;
    request.count(metric(&message.body), 1);
    Ok(Done {})
}

/// What a message counts as.
const fn metric(body: &MessageBody) -> Metric {
    match body {
        MessageBody::Begin | MessageBody::End => Metric::EventsReceived,
        MessageBody::Evaluate(_) => Metric::EvaluationsReceived,
        MessageBody::Text(_) => Metric::TextsReceived,
        MessageBody::Image(_) => Metric::ImagesReceived,
        MessageBody::File(..) => Metric::FilesReceived,
    }
}
