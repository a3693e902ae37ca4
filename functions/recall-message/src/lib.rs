//! `POST /chatbot/api/front/thirdParty/message/recall`: an application recalls a message that it pushed.

use std::sync::Arc;

use api::{ChatDeps, Empty, Failure, MessagePush, Metric, Request};
use model::push::{PushError, RecallRequest};
use store::push::recall::{self, Recall};

/// Recalls the content of a message id of the calling application. Idempotent.
///
/// # Errors
/// The first that applies: the body, `messageId`, an id without content; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<Empty, Failure<MessagePush>> {
    let body = request.json()?;
    let RecallRequest { message } = RecallRequest::parse(&body)?;
    let chat = request.table(&deps.chat);
    match recall::recall(&chat, &request.principal.app, &message, deps.clock.now()).await? {
        Recall::Recalled => {
            request.count(Metric::Recalls, 1);
            Ok(Empty {})
        }
        Recall::NotFound => Err(PushError::UnknownMessage.into()),
    }
}
