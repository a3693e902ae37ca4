//! `POST /chatbot/api/front/thirdParty/message/push`: an application pushes a message to up to 100 users.

use std::sync::Arc;

use api::{ChatDeps, Empty, Failure, MessagePush, Metric, Request};
use model::push::{PushError, PushRequest};
use store::push::send::{self, Claim, Push};

/// Stores the content once, and a delivery per user. All are durable when this returns; after a failure half-way the same
/// request completes it.
///
/// # Errors
/// The first that applies, in the contract's order: the body, the fields, a message id that was used for different content
/// or was recalled; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<Empty, Failure<MessagePush>> {
    let body = request.json()?;
    let PushRequest { users, content, expire_hours, message } = PushRequest::parse(&body)?;
    let now = deps.clock.now();
    let push = Push::new(&request.principal.app, &message, &content, now, expire_hours.deadline(now));
    let chat = request.table(&deps.chat);
    let claimed = match send::claim(&chat, &push).await? {
        Claim::New(claimed) => claimed,
        Claim::Repeated(claimed) => {
            request.count(Metric::PushReplays, 1);
            claimed
        }
        Claim::Taken => {
            request.count(Metric::PushConflicts, 1);
            return Err(PushError::MessageIdTaken.into());
        }
        Claim::Recalled => {
            request.count(Metric::PushConflicts, 1);
            return Err(PushError::MessageRecalled.into());
        }
    };
    send::deliver(&chat, &push, claimed, users.as_slice()).await?;
    request.count(Metric::Pushes, 1);
    request.count(Metric::Deliveries, users.as_slice().len());
    Ok(Empty {})
}
