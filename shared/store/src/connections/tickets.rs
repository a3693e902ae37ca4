//! Tickets: each opens one connection, within a minute.

use model::{
    Timestamp,
    platform::{Subscription, Ticket},
};

use super::SubscriptionRecord;
use crate::dynamodb::{
    error::StoreError,
    item::{from_item, to_item},
    key::Key,
    operation::{DELETE_ITEM, PUT_ITEM},
    table::Table,
    ttl::live,
};

/// Stores a new ticket by its hash, and returns it. One put.
///
/// Each attempt stores another ticket. DynamoDB may apply an attempt after its caller gave up, and would bring back a ticket that
/// was used meanwhile; this one nobody knows.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn put_ticket(
    table: &Table,
    mut new_ticket: impl FnMut() -> Ticket,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<Ticket, StoreError> {
    let record = SubscriptionRecord::until(now.seconds() + Ticket::LIFETIME, subscription);
    let record = to_item(&record, PUT_ITEM)?;
    let put = table.put_next(|| {
        let ticket = new_ticket();
        let item = Key::ticket(&ticket.hash()).with(record.clone());
        (ticket, item)
    });
    put.await
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
