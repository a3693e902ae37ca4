//! `GET /chatbot/servlet/third/msg/chatlog/get`: a third-party customer-service system reads a user's conversation
//! with the robot.

mod page;

use std::sync::Arc;

use api::{ChatDeps, CustomerService, Failure, Request};
use model::customer_service::{ChatLogEntry, ChatLogQuery};
use serde::Serialize;
use store::chat_log;

use page::PageBuilder;

/// The most queries of a request, each of at most 1 MB: enough for the longest response, and a bound for expired entries
/// that wait for TTL. A response that needs more ends with a cursor.
const MAX_QUERIES: usize = 7;

/// A page of a chat log.
#[derive(Debug, Serialize)]
pub struct ChatLog {
    /// The number of entries in `list`, a string in the contract.
    total: String,
    list: Vec<ChatLogEntry>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// Reads a page of a chat log, oldest first, up to its limit or the size of a response.
///
/// # Errors
/// The first that applies: `source`, `openId`, `limit`, `cursor`; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<ChatLog, Failure<CustomerService>> {
    let source = request.source()?;
    let query = ChatLogQuery::parse(source, |name| request.query(name))?;
    let chat = request.table(&deps.chat);
    let now = deps.clock.now();
    let mut page = PageBuilder::new(query.limit);
    let mut after = query.after;
    let mut size = page.first_query_size();
    for _ in 0..MAX_QUERIES {
        let read = chat_log::read(&chat, source, &query.chat, after.as_ref(), size.take(), now).await?;
        page.extend(read.entries);
        after = read.next;
        if page.is_full() || after.is_none() {
            break;
        }
    }
    let (list, cursor) = page.finish(after);
    Ok(ChatLog {
        total: list.len().to_string(),
        list,
        cursor: cursor.map(|cursor| cursor.issue(source, &query.chat)),
    })
}
