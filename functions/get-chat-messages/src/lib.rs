//! `GET /chatbot/api/platform/chat/messages`: the chat window polls for new messages.

mod poll;
mod query;
mod view;

use std::sync::Arc;

use api::{ChatDeps, Data, Failure, Platform, Request};
use serde::Serialize;
use store::chat;

use poll::{Poll, poll};
use view::{ChatState, MessageView};

#[derive(Debug, Serialize)]
pub struct Chat {
    messages: Vec<MessageView>,
    #[serde(flatten)]
    state: ChatState,
    /// The cursor of the next poll.
    after: String,
}

/// Reads the messages of a chat since the last poll, and its state. Usually one round trip of two queries; up to two more
/// for large or expired messages, and up to two for the agent's name if the system sent the `begin`.
///
/// # Errors
/// The first that applies, of `source`, `chatId`, `after`, `limit` and `latest`; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<Data<Chat>, Failure<Platform>> {
    let asked = query::parse(|name| request.query(name))?;
    let table = request.table(&deps.chat);
    let now = deps.clock.now();
    let (Poll { messages, cursor }, state) =
        tokio::try_join!(poll(&table, &asked, now), chat::state(&table, asked.source, &asked.chat, now),)?;
    let after = cursor.issue(&query::codec(&asked.source.to_string(), &asked.chat));
    Ok(Data { data: Chat { messages, state: state.into(), after } })
}
