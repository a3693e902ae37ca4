//! Records as items, and items as records.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};

use super::error::StoreError;

/// Attributes by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The attributes of `record`, without a key.
///
/// # Errors
/// [`Fault::InvalidRequest`](crate::Fault::InvalidRequest) if the record has no form as an item.
pub(crate) fn to_item(record: &impl Serialize, operation: &'static str) -> Result<Item, StoreError> {
    serde_dynamo::to_item(record).map_err(|_| StoreError::invalid_request(operation))
}

/// A record as one attribute of type M.
///
/// # Errors
/// [`Fault::InvalidRequest`](crate::Fault::InvalidRequest) if the record has no form as an attribute.
pub(crate) fn to_attribute(
    record: &impl Serialize,
    operation: &'static str,
) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(record).map_err(|_| StoreError::invalid_request(operation))
}

/// The record in an item. Attributes that the record does not have, such as the key, are ignored.
///
/// # Errors
/// [`Fault::CorruptItem`](crate::Fault::CorruptItem) if an attribute is missing or has another type.
pub(crate) fn from_item<T: DeserializeOwned>(item: Item, operation: &'static str) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|_| StoreError::corrupt_item(operation))
}
