//! Recording what a user did with a message.

use futures_util::{StreamExt, TryStreamExt, stream};
use model::{
    Timestamp, UserId,
    platform::{AckId, AckState},
};

use super::records::{KNOWN_FOR_HOURS, ack_key, delivery_sort, inbox};
use crate::{
    StoreError, Table,
    expression::{Expression, number, text},
    table::Conditional,
};

/// How many deliveries are acknowledged or removed in parallel.
pub(super) const IN_PARALLEL: usize = 25;

/// Records that a user has, or has read, these contents, and removes their deliveries. Two writes for each, one after the
/// other; 25 in parallel. Nothing is read: the id proves that the content was shown.
///
/// `read` stays, in whatever order the calls come. The record holds for 30 days against every repeat of the push, which may
/// bring the delivery back but is not shown.
///
/// # Errors
/// [`StoreError`] if the table cannot be written; a repeat of the call completes it.
pub async fn acknowledge(
    table: &Table,
    user: &UserId,
    ids: Vec<AckId>,
    state: AckState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let acknowledgements = ids.into_iter().map(|id| async move {
        record(table, user, &id, state, now).await?;
        remove(table, user, &id).await
    });
    stream::iter(acknowledgements).buffer_unordered(IN_PARALLEL).try_collect().await
}

/// Writes the record. A record that is too old to hold for this acceptance is replaced.
async fn record(
    table: &Table,
    user: &UserId,
    id: &AckId,
    state: AckState,
    now: Timestamp,
) -> Result<(), StoreError> {
    const DELIVERED: &str = "SET expireAt = :end, deliveredAt = if_not_exists(deliveredAt, :now)";
    const READ: &str = "SET expireAt = :end, deliveredAt = if_not_exists(deliveredAt, :now), \
        readAt = if_not_exists(readAt, :now)";
    const DELIVERED_ANEW: &str = "SET expireAt = :end, deliveredAt = :now REMOVE readAt";
    const READ_ANEW: &str = "SET expireAt = :end, deliveredAt = :now, readAt = :now";
    const HOLDS: &str = "attribute_not_exists(pk) OR deliveredAt > :oldest";
    const IS_OUTDATED: &str = "deliveredAt <= :oldest";
    let (add, anew) = match state {
        AckState::Delivered => (DELIVERED, DELIVERED_ANEW),
        AckState::Read => (READ, READ_ANEW),
    };
    let values = [
        (":now", number(now.millis())),
        (":oldest", number(id.accepted_at.millis().saturating_sub(KNOWN_FOR_HOURS * 3_600_000))),
        // As long as it holds for a repeat, and the outcome of that repeat is known.
        (":end", number(now.plus_hours(2 * KNOWN_FOR_HOURS).seconds())),
    ];
    let (partition, sort) = ack_key(user, &id.delivery.app, &id.delivery.message, &id.content_hash);
    // The third is for a call that replaced an outdated record between the first two.
    for (update, condition) in [(add, HOLDS), (anew, IS_OUTDATED), (add, HOLDS)] {
        let update = Expression::new(update, values.clone());
        let outcome = table.update_if(partition.clone(), sort.clone(), update, condition).await?;
        if matches!(outcome, Conditional::Written(_)) {
            return Ok(());
        }
    }
    Err(StoreError::conflict("UpdateItem"))
}

/// Removes the delivery of exactly this acceptance of exactly this content; one that was replaced meanwhile stays.
pub(super) async fn remove(table: &Table, user: &UserId, id: &AckId) -> Result<(), StoreError> {
    let is_the_same = Expression::new(
        "contentHash = :hash AND acceptedAt = :acceptedAt",
        [(":hash", text(id.content_hash.as_str())), (":acceptedAt", number(id.accepted_at.millis()))],
    );
    table.delete_if(inbox(user), delivery_sort(&id.delivery), is_the_same).await
}
