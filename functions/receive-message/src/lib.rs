//! `POST /chatbot/servlet/third/msg/receive`: a third-party customer-service system sends a message to a user's chat.

use std::convert::Infallible;

pub use api::WriteDeps as Deps;
use api::{Done, Failure, Metric, Request};
use lambda_http::{Body, Response};
use model::{CustomerServiceError, MessageBody, ParameterError, ReceivedMessage};
use store::messages::{self, Appended};

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Stores the message of a request. It is durable when this returns. With a `msgId`, a repeat within 24 hours stores nothing.
///
/// # Errors
/// The first that applies, in the contract's order: the body, `source`, the fields, that `msgId` stands for another message;
/// or the store.
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
    match messages::append(&request.table(&deps.chat), &message, acceptance).await? {
        Appended::Stored => request.count(metric(&message.body), 1),
        Appended::Repeated => request.count(Metric::ReceiveReplays, 1),
        Appended::IdTaken => return Err(CustomerServiceError::from(ParameterError::Taken("msgId")).into()),
    }
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
