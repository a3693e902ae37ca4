//! `POST /chatbot/servlet/third/msg/receive`: a third-party customer-service system sends a message to a user's chat.

use std::sync::Arc;

use api::{CustomerService, Empty, Failure, Metric, Request, WriteDeps};
use model::{
    ParameterError,
    customer_service::{MessageBody, ReceivedMessage},
};
use store::chat::{self, Appended};

/// Stores the message of a request. It is durable when this returns. With a `msgId`, a repeat within 24 hours stores nothing.
///
/// # Errors
/// The first that applies, in the contract's order: the body, `source`, the fields, a `msgId` that was used for another message;
/// or the store.
pub async fn handle(deps: Arc<WriteDeps>, request: Request) -> Result<Empty, Failure<CustomerService>> {
    let body = request.json()?;
    let source = request.source()?;
    let message = ReceivedMessage::parse(&body)?;
    let now = deps.clock.now();
    let acceptance = chat::Acceptance {
        source,
        app: &request.principal.app,
        at: now,
        expire_at: deps.retention.expiry(now),
    };
    match chat::append(&request.table(&deps.chat), &message, acceptance).await? {
        Appended::Stored => request.count(metric(&message.body), 1),
        Appended::Repeated => request.count(Metric::ReceiveReplays, 1),
        Appended::IdTaken => return Err(ParameterError::Taken("msgId").into()),
    }
    Ok(Empty {})
}

const fn metric(body: &MessageBody) -> Metric {
    match body {
        MessageBody::Begin | MessageBody::End => Metric::EventsReceived,
        MessageBody::Evaluate(_) => Metric::EvaluationsReceived,
        MessageBody::Text(_) => Metric::TextsReceived,
        MessageBody::Image(_) => Metric::ImagesReceived,
        MessageBody::File(..) => Metric::FilesReceived,
    }
}
