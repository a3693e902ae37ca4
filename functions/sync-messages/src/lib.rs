//! `GET /chatbot/servlet/third/msg/sync`: a third-party customer-service system reads the messages of the users of its source.

use std::sync::Arc;

use api::{ChatDeps, CustomerService, Failure, Metric, Request, ResponseBudget};
use model::{
    CursorCodec,
    customer_service::{FeedEntry, FeedPageSize},
};
use serde::Serialize;
use store::{
    feed::{self, FeedRecord},
    tail::{Tail, TailCursor},
};

/// A page of a feed.
#[derive(Debug, Serialize)]
pub struct Feed {
    /// The number of entries in `list`, a string as in the other lists of this product.
    total: String,
    list: Vec<FeedEntry>,
    /// The cursor of the next call, also at the end of the feed.
    cursor: String,
}

/// Reads the entries that were not given before, oldest first, up to the limit or the size of a response. Each chat comes in
/// the order of its numbers. At most three queries; one unless the entries are large.
///
/// # Errors
/// The first that applies: `source`, `limit`, `cursor`; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<Feed, Failure<CustomerService>> {
    let source = request.source()?;
    let limit = FeedPageSize::parse(&request.query("limit"))?;
    let source_text = source.to_string();
    // A feed belongs to its source alone, so that the last part of the list's identity is empty.
    let codec = CursorCodec::new(["feed", &source_text, ""]);
    let cursor = TailCursor::parse(&request.query("cursor"), &codec)?.unwrap_or_default();
    let mut tail = Tail { cursor, capacity: TailCursor::URL_CAPACITY, limit: limit.get() };
    let chat = request.table(&deps.chat);
    let mut budget = ResponseBudget::default();
    let mut list = Vec::new();
    let give = |_, record: FeedRecord<'static>| {
        let entry = record.into_entry();
        let fits = budget.take(&entry);
        if fits {
            list.push(entry);
        }
        fits
    };
    tail.read(&feed::log(&chat, source), deps.clock.now(), give).await?;
    // Most polls find nothing: their log lines have no metrics.
    if !list.is_empty() {
        request.count(Metric::MessagesSynced, list.len());
    }
    Ok(Feed { total: list.len().to_string(), list, cursor: tail.cursor.issue(&codec) })
}
