//! Batches: reads and writes of many items by key.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{DeleteRequest, KeysAndAttributes, PutRequest, ReturnConsumedCapacity, WriteRequest},
};
use futures_util::future::{join_all, try_join_all};
use serde::de::DeserializeOwned;

use super::{
    error::StoreError,
    item::{Item, from_item},
    key::Key,
    operation::{BATCH_GET_ITEM, BATCH_WRITE_ITEM},
    retry::RetryReason,
    table::{Consistency, Table},
};

/// DynamoDB's limit on the keys of one `BatchGetItem`.
const MAX_KEYS: usize = 100;

/// DynamoDB's limit on the items of one `BatchWriteItem`.
const MAX_ITEMS: usize = 25;

/// The items that a batch read found.
#[derive(Debug, Default)]
pub(crate) struct BatchItems {
    pub(crate) items: HashMap<Key, Item>,
    /// The keys that DynamoDB throttled.
    pub(crate) throttled: HashSet<Key>,
}

impl BatchItems {
    /// The record with this key; `None` if the batch did not find it.
    pub(crate) fn record<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.items.get(key).cloned().map(|item| from_item(item, BATCH_GET_ITEM)).transpose()
    }
}

impl Table {
    /// Reads all items with these keys. Sends one request per 100 keys, in parallel.
    ///
    /// # Errors
    /// [`StoreError`], also if one of the keys stays throttled after all retries.
    pub(crate) async fn batch_get(
        &self,
        keys: Vec<Key>,
        consistency: Consistency,
    ) -> Result<BatchItems, StoreError> {
        let found = self.batch_get_unthrottled(keys, consistency, u32::MAX).await?;
        if found.throttled.is_empty() { Ok(found) } else { Err(StoreError::throttled(BATCH_GET_ITEM)) }
    }

    /// Reads the items with these keys, except those that stay throttled after `max_retries`. Sends one request per 100
    /// keys, in parallel.
    pub(crate) async fn batch_get_unthrottled(
        &self,
        mut keys: Vec<Key>,
        consistency: Consistency,
        max_retries: u32,
    ) -> Result<BatchItems, StoreError> {
        // DynamoDB refuses a batch with a duplicate key.
        keys.sort_unstable();
        keys.dedup();
        let requests = keys.chunks(MAX_KEYS).map(|keys| self.batch_get_chunk(keys, consistency, max_retries));
        let mut found = BatchItems::default();
        for (items, throttled) in try_join_all(requests).await? {
            found.items.extend(items.into_iter().filter_map(|item| Some((Key::of(&item)?, item))));
            found.throttled.extend(throttled.iter().filter_map(Key::of));
        }
        Ok(found)
    }

    /// Returns the items, and the keys that stayed throttled.
    async fn batch_get_chunk(
        &self,
        keys: &[Key],
        consistency: Consistency,
        max_retries: u32,
    ) -> Result<(Vec<Item>, Vec<Item>), StoreError> {
        let mut unprocessed: Vec<Item> = keys.iter().cloned().map(Key::into_item).collect();
        let mut items = Vec::new();
        let mut found_before = 0;
        let mut attempts = self.attempts(BATCH_GET_ITEM, max_retries);
        loop {
            let requested = KeysAndAttributes::builder()
                .set_keys(Some(unprocessed.clone()))
                .consistent_read(consistency.is_strong())
                .build()
                .map_err(|_| StoreError::invalid_request(BATCH_GET_ITEM))?;
            let request = self
                .client
                .batch_get_item()
                .request_items(&self.name, requested)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            match attempts.send(Box::pin(request.send())).await {
                Ok(output) => {
                    output.consumed_capacity().iter().for_each(|used| self.meter.count_read(Some(used)));
                    let found = output.responses.and_then(|mut tables| tables.remove(&self.name));
                    items.extend(found.unwrap_or_default());
                    let left = output.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
                    unprocessed = left.map(|left| left.keys).unwrap_or_default();
                }
                // DynamoDB refuses a batch as a whole if it throttles all of its keys.
                Err(failed) if failed.error.is_throttling() => {}
                Err(failed) => {
                    attempts.retry_after(failed).await?;
                    continue;
                }
            }
            let reason =
                if items.len() > found_before { RetryReason::Unprocessed } else { RetryReason::Throttled };
            found_before = items.len();
            if unprocessed.is_empty() || !attempts.retry(reason).await {
                return Ok((items, unprocessed));
            }
        }
    }

    /// Writes items unconditionally. Sends one request per 25 items, in parallel.
    ///
    /// # Errors
    /// [`StoreError`] if a batch failed. The other batches are still completed, so that a repeat has less to do.
    pub(crate) async fn batch_put(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let requests = items.into_iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            Ok(WriteRequest::builder().put_request(put.map_err(invalid)?).build())
        });
        self.batch_write(requests.collect::<Result<_, StoreError>>()?).await
    }

    /// Deletes the items with these keys, which may not exist. Sends one request per 25 keys, in parallel.
    ///
    /// # Errors
    /// Those of [`Self::batch_put`].
    pub(crate) async fn batch_delete(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        let requests = keys.into_iter().map(|key| {
            let delete = DeleteRequest::builder().set_key(Some(key.into_item())).build();
            Ok(WriteRequest::builder().delete_request(delete.map_err(invalid)?).build())
        });
        self.batch_write(requests.collect::<Result<_, StoreError>>()?).await
    }

    async fn batch_write(&self, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let batches = requests.chunks(MAX_ITEMS).map(|requests| self.batch_write_chunk(requests.to_vec()));
        join_all(batches).await.into_iter().collect()
    }

    async fn batch_write_chunk(&self, mut unprocessed: Vec<WriteRequest>) -> Result<(), StoreError> {
        let mut attempts = self.attempts(BATCH_WRITE_ITEM, u32::MAX);
        loop {
            let request = self
                .client
                .batch_write_item()
                .request_items(&self.name, unprocessed.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            match attempts.send(Box::pin(request.send())).await {
                Ok(output) => {
                    self.meter.count_write(output.consumed_capacity());
                    let left = output.unprocessed_items.and_then(|mut tables| tables.remove(&self.name));
                    let left = left.unwrap_or_default();
                    let reason = if left.len() < unprocessed.len() {
                        RetryReason::Unprocessed
                    } else {
                        RetryReason::Throttled
                    };
                    unprocessed = left;
                    if unprocessed.is_empty() {
                        return Ok(());
                    }
                    if !attempts.retry(reason).await {
                        return Err(StoreError::throttled(BATCH_WRITE_ITEM));
                    }
                }
                Err(failed) => attempts.retry_after(failed).await?,
            }
        }
    }
}

fn invalid(_: BuildError) -> StoreError {
    StoreError::invalid_request(BATCH_WRITE_ITEM)
}
