//! Recalling a content: within seconds it is shown to nobody who does not have it yet.

use model::{AppId, MessageId, Timestamp};

use super::records::{CONTENT, ContentRecord, KNOWN_FOR_HOURS, RecalledRecord, partition, recalled_key};
use crate::{
    StoreError, Table,
    expression::{Expression, number, text},
    record::{from_item, lives, to_attributes},
    table::Read,
    transaction::{Outcome, TRANSACTION, Transaction},
};

/// How often a recall is tried anew because another call changed the content in between.
const RECALLS: u32 = 5;

/// The outcome of a recall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recall {
    /// The content is recalled, by this call or an earlier one.
    Done,
    /// The id stands for no content, or for one whose deadline is over.
    Unknown,
}

/// Recalls the content that an application's message id stands for at `now`. A read and a transaction; the read alone
/// where it is recalled already.
///
/// The content is replaced by a tombstone, under which the id stays taken until its deadline. Inboxes leave a delivery
/// without content out, and read contents eventually consistently: the recall takes hold within seconds.
///
/// # Errors
/// [`StoreError`] if the table cannot be read or written.
pub async fn recall(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    now: Timestamp,
) -> Result<Recall, StoreError> {
    for _ in 0..RECALLS {
        let standing = table.get(partition(app, message), CONTENT, Read::Consistent).await?;
        let Some(standing) = standing else { return Ok(Recall::Unknown) };
        let standing: ContentRecord = from_item(standing, "GetItem")?;
        if !lives(standing.expire_at, now) {
            return Ok(Recall::Unknown);
        }
        if standing.recalled_at.is_some() {
            return Ok(Recall::Done);
        }
        let note = RecalledRecord {
            content_hash: standing.content_hash.clone(),
            first_accepted_at: standing.first_accepted_at,
            at: now,
            expire_at: now.plus_hours(KNOWN_FOR_HOURS).seconds(),
        };
        let bury = Expression::new(
            "SET recalledAt = :now REMOVE content",
            [
                (":now", number(now.millis())),
                (":hash", text(standing.content_hash.as_str())),
                (":first", number(standing.first_accepted_at.millis())),
            ],
        );
        let is_the_same =
            "contentHash = :hash AND firstAcceptedAt = :first AND attribute_not_exists(recalledAt)";
        let (partition, note_sort) = recalled_key(app, message, standing.first_accepted_at);
        let outcome = Transaction::on(table)
            .update(partition.clone(), CONTENT.to_owned(), bury, is_the_same)?
            .put(partition, note_sort, to_attributes(&note, TRANSACTION)?, None)?
            .commit()
            .await?;
        if outcome == Outcome::Written {
            return Ok(Recall::Done);
        }
    }
    Err(StoreError::conflict(TRANSACTION))
}
