//! `POST /chatbot/api/front/thirdParty/message/recall`: an application recalls a message that it pushed.

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Done, Failure, Metric, Request};
use lambda_http::{Body, Response};
use model::{PushError, RecallRequest};
use store::push::recall::{self, Recall};

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Recalls the content that a message id of the calling application stands for. The same call again is a success.
///
/// # Errors
/// The first that applies: the body, `messageId`, that the id stands for no content; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Done, Failure<PushError>> {
    let body = request.json().map_err(PushError::from)?;
    let RecallRequest { message } = RecallRequest::parse(&body)?;
    let chat = request.table(&deps.chat);
    match recall::recall(&chat, &request.principal.app, &message, deps.clock.now()).await? {
        Recall::Done => {
            request.count(Metric::Recalls, 1);
            Ok(Done {})
        }
        Recall::Unknown => Err(PushError::UnknownMessage.into()),
    }
}
