//! `GET /chatbot/api/platform/chat/messages`: the chat window asks, again and again, what there is to show.

mod poll;
mod shown;

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Data, Failure, Request};
use lambda_http::{Body, Response};
use model::{PushError, platform::ChatQuery};
use serde::Serialize;
use store::chats;

use poll::Poll;
use shown::{ChatState, ShownMessage};

/// What is new in a chat, and who is speaking to the user.
#[derive(Debug, Serialize)]
pub struct Chat {
    messages: Vec<ShownMessage>,
    #[serde(flatten)]
    state: ChatState,
    /// What to ask with next.
    after: String,
}

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Reads what is new in a chat since the last time, and who is speaking. One round trip, two queries; where a human took
/// over whom the `begin` does not name, another one for the name.
///
/// # Errors
/// The first that applies, of `source`, `chatId`, `after` and `limit`; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<Chat>, Failure<PushError>> {
    let query = ChatQuery::parse(|name| request.query(name)).map_err(PushError::from)?;
    let ChatQuery { source, chat, after, limit } = query;
    let table = request.table(&deps.chat);
    let now = deps.clock.now();
    let poll = Poll::new(after, limit, now);
    let (stored, event) = tokio::try_join!(
        chats::read(&table, source, &chat, poll.from(), poll.to_read(), now),
        chats::last_event(&table, source, &chat, now),
    )?;
    let speaker = match &event {
        Some(begin) if begin.is_by_the_system() => {
            chats::last_speaker(&table, source, &chat, begin.at).await?
        }
        _ => None,
    };
    let (messages, after) = poll.finish(stored);
    let after = after.issue(source, &chat);
    Ok(Data { data: Chat { messages, state: ChatState::after(event, speaker), after } })
}
