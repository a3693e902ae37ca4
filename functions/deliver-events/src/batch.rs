//! The batch that is posted next.

use model::{Source, Timestamp, customer_service::FeedEntry};
use store::{
    StoreError, Table,
    feed::{self, FeedRecord},
    tail::Tail,
    webhooks::{CURSOR_CAPACITY, DeliveryState, PendingBatch},
};
use uuid::Uuid;
use webhook::payload::{ChatMessages, MAX_ENTRIES};

/// The result of looking for a batch.
#[derive(Debug)]
pub(crate) enum Next {
    /// [`DeliveryState::pending`] has this body.
    Batch { body: String, entries: usize },
    /// There are entries that cannot be posted yet: the entry before them is not visible, or the cursor is full.
    Held,
    /// The feed has no entry that was not accepted.
    Empty,
}

/// Finds the batch to post: the pending one, or a new one, which becomes the pending one. A pending batch of which an entry has
/// expired, or no longer fits, is replaced, since an id stands for the same entries in every attempt.
///
/// One batch read for a pending batch; otherwise one query, and up to two more for large entries.
pub(crate) async fn next(
    table: &Table,
    source: Source,
    state: &mut DeliveryState,
    now: Timestamp,
) -> Result<Next, StoreError> {
    if let Some(pending) = &state.pending {
        let keys = pending.keys();
        let entries = feed::entries(table, source, &keys, now).await?;
        if entries.len() == keys.len() {
            let mut body = ChatMessages::new(&pending.created_at.rfc3339(), source.number());
            if entries.iter().all(|(_, entry)| body.add(&json(entry))) {
                return Ok(Next::Batch { body: body.into_json(), entries: entries.len() });
            }
        }
        state.pending = None;
    }
    let mut tail = Tail { cursor: state.cursor()?, capacity: CURSOR_CAPACITY, limit: MAX_ENTRIES };
    let mut body = ChatMessages::new(&now.rfc3339(), source.number());
    let mut keys = Vec::new();
    let give = |key, record: FeedRecord<'static>| {
        let fits = body.add(&json(&record.into_entry()));
        if fits {
            keys.push(key);
        }
        fits
    };
    let reading = tail.read(&feed::log(table, source), now, give).await?;
    if keys.is_empty() {
        state.set_cursor(&tail.cursor);
        return Ok(if reading.has_more { Next::Held } else { Next::Empty });
    }
    let id = format!("msg_{}", Uuid::now_v7().simple());
    state.pending = Some(PendingBatch::new(id, now, &keys, &tail.cursor));
    Ok(Next::Batch { body: body.into_json(), entries: keys.len() })
}

fn json(entry: &FeedEntry) -> String {
    // An entry has text and numbers only.
    serde_json::to_string(entry).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use model::customer_service::{MessageFields, TextFields};

    use super::*;

    #[test]
    fn the_largest_entry_fits_a_body() {
        // A control character takes six bytes in JSON.
        let longest = |length| "\u{1}".repeat(length);
        let entry = FeedEntry {
            open_id: longest(64),
            seq: u64::MAX,
            message_id: longest(64),
            client_id: longest(64),
            time: "2026-11-27 10:00:00".to_owned(),
            msgtype: "text",
            fields: MessageFields::Text { text: TextFields { content: longest(32_768) } },
        };
        let now = Timestamp::from_millis(1_795_219_210_000);
        assert!(ChatMessages::new(&now.rfc3339(), u32::MAX).add(&json(&entry)));
    }
}
