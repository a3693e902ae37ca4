//! Records as items and back, and when a record has ended.

use model::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::{StoreError, table::Item};

/// The attributes of a record that `operation` is about to write.
pub(crate) fn to_attributes(record: &impl Serialize, operation: &'static str) -> Result<Item, StoreError> {
    serde_dynamo::to_item(record).map_err(|_| StoreError::unreadable(operation))
}

/// The record that `operation` has read.
pub(crate) fn from_item<T: DeserializeOwned>(item: Item, operation: &'static str) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|_| StoreError::unreadable(operation))
}

/// Whether a record lives at `now` that ends at `expire_at`, in epoch seconds: TTL may delete it days later.
pub(crate) fn lives(expire_at: u64, now: Timestamp) -> bool {
    expire_at > now.seconds()
}
