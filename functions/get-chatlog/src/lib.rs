//! `GET /chatbot/servlet/third/msg/chatlog/get`: a third-party customer-service system reads a user's conversation
//! with the robot.

mod transcript;

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Failure, Request};
use lambda_http::{Body, Response};
use model::{ChatLogEntry, ChatLogQuery, CustomerServiceError};
use serde::Serialize;
use store::chat_log;

use transcript::Transcript;

/// The most queries of an answer, each of a megabyte at most: enough for the longest answer, and a bound for entries that
/// wait for TTL. An answer that needs more ends with a cursor.
const QUERIES: usize = 7;

/// A chat log, or as much of it as one answer holds.
#[derive(Debug, Serialize)]
pub struct ChatLog {
    /// The number of entries in the list: the contract has it as a string.
    total: String,
    list: Vec<ChatLogEntry>,
    /// Where the next answer goes on; left out of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Reads the conversation a request names, oldest first, up to its limit or to what an answer holds.
///
/// # Errors
/// The first that applies: `source`, `openId`, `limit`, `cursor`; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<ChatLog, Failure<CustomerServiceError>> {
    let source = request.source()?;
    let query =
        ChatLogQuery::parse(source, |name| request.query(name)).map_err(CustomerServiceError::from)?;
    let chat = request.table(&deps.chat);
    let now = deps.clock.now();
    let mut transcript = Transcript::new(query.limit);
    let mut after = query.after;
    let mut to_read = transcript.to_read_first();
    for _ in 0..QUERIES {
        let page = chat_log::read(&chat, source, &query.chat, after.as_ref(), to_read, now).await?;
        transcript.extend(page.entries);
        after = page.next;
        to_read = None;
        if transcript.is_full() || after.is_none() {
            break;
        }
    }
    let (list, cursor) = transcript.finish(after);
    Ok(ChatLog {
        total: list.len().to_string(),
        list,
        cursor: cursor.map(|cursor| cursor.issue(source, &query.chat)),
    })
}
