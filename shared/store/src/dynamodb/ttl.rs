//! Expiry by the clock. DynamoDB's TTL deletes an item up to days after its `expireAt`, so reads and conditions filter.

use model::Timestamp;

use super::expression::{Expression, number};

/// Whether an item with this `expireAt`, in epoch seconds, has not expired at `now`.
pub(crate) fn is_live(expire_at: u64, now: Timestamp) -> bool {
    expire_at > now.seconds()
}

/// The condition that the item does not exist, or has expired by `now`.
pub(crate) fn absent_or_expired(now: Timestamp) -> Expression {
    Expression::new("attribute_not_exists(pk) OR expireAt <= :now", [(":now", number(now.seconds()))])
}

/// The condition that the item exists, and has not expired at `now`.
pub(crate) fn live(now: Timestamp) -> Expression {
    Expression::new("expireAt > :now", [(":now", number(now.seconds()))])
}
