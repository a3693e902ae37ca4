//! `POST /chatbot/api/front/thirdParty/message/push`: an application pushes a message to up to 100 users.

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Done, Failure, Metric, Request};
use lambda_http::{Body, Response};
use model::{PushError, PushRequest};
use store::push::send::{self, Claim, Push};

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Stores the message a request brings, once, and a delivery of it for each user. All of it is durable when this
/// returns; after a failure half-way the same request completes it.
///
/// # Errors
/// The first that applies, in the contract's order: the body, the fields, that the message id stands for other content or
/// was recalled; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Done, Failure<PushError>> {
    let body = request.json().map_err(PushError::from)?;
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
    Ok(Done {})
}
