//! Recalling a content.

use model::{AppId, MessageId, Timestamp};

use super::records::{ContentRecord, KNOWN_FOR_HOURS, RecalledRecord};
use crate::dynamodb::{
    error::StoreError,
    expression::{Expression, number},
    key::Key,
    operation::TRANSACT_WRITE_ITEMS,
    table::{Consistency, Table},
    transaction::{Transaction, TransactionOutcome},
    ttl::is_live,
};

/// The attempts of a recall while concurrent requests change the content.
const MAX_ATTEMPTS: u32 = 5;

/// The outcome of [`recall`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recall {
    /// The content is recalled, by this call or an earlier one.
    Recalled,
    /// The message id has no content, or its deadline has passed.
    NotFound,
}

/// Recalls the content of a message id: one strongly consistent read and one transaction of two items. If the content was
/// recalled before, only the read.
///
/// The transaction replaces the content by a tombstone, which keeps the message id in use until its deadline. An inbox
/// reads contents eventually consistently and leaves out deliveries without content, so that a recall takes effect within
/// seconds.
///
/// # Errors
/// [`StoreError`] if the read or the write fails, the content is corrupt, or five attempts met a conflict.
pub async fn recall(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    now: Timestamp,
) -> Result<Recall, StoreError> {
    for _ in 0..MAX_ATTEMPTS {
        let existing: Option<ContentRecord> =
            table.get(Key::content(app, message), Consistency::Strong).await?;
        let Some(existing) = existing.filter(|existing| is_live(existing.expire_at, now)) else {
            return Ok(Recall::NotFound);
        };
        if existing.recalled_at.is_some() {
            return Ok(Recall::Recalled);
        }
        let recalled = RecalledRecord {
            content_hash: existing.content_hash.clone(),
            first_accepted_at: existing.first_accepted_at,
            at: now,
            expire_at: now.plus_hours(KNOWN_FOR_HOURS).seconds(),
        };
        let to_tombstone = Expression::new(
            "SET recalledAt = :now REMOVE content",
            [(":now", number(now.millis())), (":first", number(existing.first_accepted_at.millis()))],
        );
        // Another content of the id is accepted at least an hour later.
        let is_unchanged = "firstAcceptedAt = :first AND attribute_not_exists(recalledAt)";
        let outcome = Transaction::on(table)
            .update(Key::content(app, message), to_tombstone, is_unchanged)?
            .put(Key::recalled(app, message, existing.first_accepted_at), &recalled, None)?
            .commit()
            .await?;
        if outcome == TransactionOutcome::Committed {
            return Ok(Recall::Recalled);
        }
    }
    Err(StoreError::conflict(TRANSACT_WRITE_ITEMS))
}
