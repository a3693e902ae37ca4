//! `GET /chatbot/api/platform/chat/messages`: the chat window polls for new messages.

mod poll;
mod shown;

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Data, Failure, Request};
use lambda_http::{Body, Response};
use model::{PushError, platform::ChatQuery};
use serde::Serialize;
use store::chats;

use poll::{Poll, poll};
use shown::{ChatState, ShownMessage};

/// The new messages of a chat, and who is speaking to the user.
#[derive(Debug, Serialize)]
pub struct Chat {
    messages: Vec<ShownMessage>,
    #[serde(flatten)]
    state: ChatState,
    /// The cursor of the next poll.
    after: String,
}

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Reads the messages of a chat since the last poll, and who is speaking. One round trip of two queries as a rule; two more
/// for large or expired messages, and one or two more for the name of a human whom the `begin` does not name.
///
/// # Errors
/// The first that applies, of `source`, `chatId`, `after`, `limit` and `latest`; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<Chat>, Failure<PushError>> {
    let query = ChatQuery::parse(|name| request.query(name)).map_err(PushError::from)?;
    let table = request.table(&deps.chat);
    let now = deps.clock.now();
    let (Poll { messages, cursor }, event) = tokio::try_join!(
        poll(&table, &query, now),
        chats::last_event(&table, query.source, &query.chat, now),
    )?;
    let speaker = match &event {
        Some(begin) if begin.is_by_the_system() => {
            chats::last_speaker(&table, query.source, &query.chat, begin.at).await?
        }
        _ => None,
    };
    let after = cursor.issue(query.source, &query.chat);
    Ok(Data { data: Chat { messages, state: ChatState::after(event, speaker), after } })
}
