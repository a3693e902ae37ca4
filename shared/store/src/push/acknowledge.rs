//! Acknowledging contents.

use futures_util::{StreamExt, TryStreamExt, stream};
use model::{
    Timestamp, UserId,
    platform::{AckId, AckState},
};

use super::records::KNOWN_FOR_HOURS;
use crate::dynamodb::{
    error::StoreError,
    expression::{Expression, number},
    key::Key,
    operation::UPDATE_ITEM,
    table::{ConditionalWrite, Table},
};

/// The acknowledgements or deletions of one request that run at a time.
pub(super) const CONCURRENCY: usize = 25;

/// Records that a user received or read these contents, and then deletes their deliveries. Two sequential writes per id, 25
/// ids in parallel. No reads: an ack id proves that the content was shown.
///
/// `read` is final, in whatever order the calls arrive. For 30 days the acknowledgement holds against every repeat of the
/// push: a repeat may write the delivery again, and the inbox does not show it.
///
/// # Errors
/// [`StoreError`] if a write fails. A repeat of the call completes it.
pub async fn acknowledge(
    table: &Table,
    user: &UserId,
    ids: Vec<AckId>,
    state: AckState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let acknowledgements = ids.into_iter().map(|id| async move {
        record_ack(table, user, &id, state, now).await?;
        delete_delivery(table, user, &id).await
    });
    stream::iter(acknowledgements).buffer_unordered(CONCURRENCY).try_collect().await
}

/// Writes the acknowledgement. Replaces one that is too old to hold for this acceptance.
async fn record_ack(
    table: &Table,
    user: &UserId,
    id: &AckId,
    state: AckState,
    now: Timestamp,
) -> Result<(), StoreError> {
    const DELIVERED: &str = "SET expireAt = :end, deliveredAt = if_not_exists(deliveredAt, :now)";
    const READ: &str = "SET expireAt = :end, deliveredAt = if_not_exists(deliveredAt, :now), \
        readAt = if_not_exists(readAt, :now)";
    const REPLACE_DELIVERED: &str = "SET expireAt = :end, deliveredAt = :now REMOVE readAt";
    const REPLACE_READ: &str = "SET expireAt = :end, deliveredAt = :now, readAt = :now";
    const ABSENT_OR_HOLDS: &str = "attribute_not_exists(pk) OR deliveredAt > :oldest";
    const IS_OUTDATED: &str = "deliveredAt <= :oldest";
    let (add, replace) = match state {
        AckState::Delivered => (DELIVERED, REPLACE_DELIVERED),
        AckState::Read => (READ, REPLACE_READ),
    };
    let values = [
        (":now", number(now.millis())),
        (":oldest", number(id.accepted_at.millis().saturating_sub(KNOWN_FOR_HOURS * 3_600_000))),
        // It holds against repeats for 30 days, and the status of such a repeat is known for another 30.
        (":end", number(now.plus_hours(2 * KNOWN_FOR_HOURS).seconds())),
    ];
    let key = Key::acknowledgement(user, &id.delivery.app, &id.delivery.message, &id.content_hash);
    // The third write is for a concurrent call that replaced an outdated acknowledgement between the first two.
    for (update, condition) in [(add, ABSENT_OR_HOLDS), (replace, IS_OUTDATED), (add, ABSENT_OR_HOLDS)] {
        let update = Expression::new(update, values.clone());
        if let ConditionalWrite::Written(_) = table.update_if(key.clone(), update, condition).await? {
            return Ok(());
        }
    }
    Err(StoreError::conflict(UPDATE_ITEM))
}

/// Deletes the delivery of exactly this acceptance. A delivery that a later push wrote stays; that of another content has another
/// key.
pub(super) async fn delete_delivery(table: &Table, user: &UserId, id: &AckId) -> Result<(), StoreError> {
    let is_unchanged =
        Expression::new("acceptedAt = :acceptedAt", [(":acceptedAt", number(id.accepted_at.millis()))]);
    table.delete_if(Key::delivery(user, &id.delivery), is_unchanged).await
}
