//! Records as items and back, and when a record has ended.

use model::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    StoreError,
    expression::{Expression, number},
    keys::SORT,
    table::Item,
};

/// The attributes of a record that `operation` is about to write.
pub(crate) fn to_attributes(record: &impl Serialize, operation: &'static str) -> Result<Item, StoreError> {
    serde_dynamo::to_item(record).map_err(|_| StoreError::unreadable(operation))
}

/// The record that `operation` has read.
pub(crate) fn from_item<T: DeserializeOwned>(item: Item, operation: &'static str) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|_| StoreError::unreadable(operation))
}

/// The sort key of an item that a query has read.
pub(crate) fn sort_of(item: &Item) -> Result<String, StoreError> {
    let sort = item.get(SORT).and_then(|sort| sort.as_s().ok());
    sort.cloned().ok_or_else(|| StoreError::unreadable("Query"))
}

/// Whether a record lives at `now` that ends at `expire_at`, in epoch seconds: TTL may delete it days later.
pub(crate) fn lives(expire_at: u64, now: Timestamp) -> bool {
    expire_at > now.seconds()
}

/// The condition that there is no item, or one that has expired by `now` and waits for TTL.
pub(crate) fn is_absent(now: Timestamp) -> Expression {
    Expression::new("attribute_not_exists(pk) OR expireAt <= :now", [(":now", number(now.seconds()))])
}
