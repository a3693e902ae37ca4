//! Tickets: each opens one connection, within a minute.

use model::{
    Timestamp,
    platform::{Subscription, Ticket},
};

use super::SubscriptionRecord;
use crate::dynamodb::{
    error::StoreError, item::from_item, key::Key, operation::DELETE_ITEM, table::Table, ttl::live,
};

/// Stores a ticket by its hash. One put.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn put_ticket(
    table: &Table,
    ticket: &Ticket,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), StoreError> {
    let record = SubscriptionRecord::until(now.seconds() + Ticket::LIFETIME, subscription);
    table.put(Key::ticket(&ticket.hash()), &record).await
}

/// Uses a ticket up, and returns its subscription; `None` if it does not exist, was used or has expired by `now`. One
/// conditional delete, so that of several calls at once one gets the subscription.
///
/// A delete whose reply is lost is repeated and finds no ticket: then nobody gets the subscription.
///
/// # Errors
/// [`StoreError`] if the delete fails, or the ticket is corrupt.
pub async fn redeem(
    table: &Table,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<Option<Subscription>, StoreError> {
    let deleted = table.delete_returning(Key::ticket(&ticket.hash()), live(now)).await?;
    let record: Option<SubscriptionRecord> = deleted.map(|item| from_item(item, DELETE_ITEM)).transpose()?;
    Ok(record.map(Subscription::from))
}
