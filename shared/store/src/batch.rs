//! Reading and writing many items by their keys.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, PutRequest, ReturnConsumedCapacity, WriteRequest,
};
use futures_util::future::{join_all, try_join_all};
use serde::de::DeserializeOwned;

use crate::{
    StoreError, Table,
    keys::{PARTITION, SORT},
    record::from_item,
    retry::{Attempts, Reason},
    table::{Item, Read, keyed},
};

const READ: &str = "BatchGetItem";
const WRITE: &str = "BatchWriteItem";

/// The most keys DynamoDB takes in one `BatchGetItem`.
const READ_SIZE: usize = 100;

/// The most items DynamoDB takes in one `BatchWriteItem`.
const WRITE_SIZE: usize = 25;

/// Partition key and sort key of an item.
pub(crate) type Key = (String, String);

/// The items of a batch, by key.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) items: HashMap<Key, Item>,
    /// The keys that the table had no capacity for.
    pub(crate) throttled: HashSet<Key>,
}

impl Found {
    /// The record with this key, if it was found.
    pub(crate) fn record<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.items.get(key).cloned().map(|item| from_item(item, READ)).transpose()
    }
}

impl Table {
    /// Reads the items with these keys, all of them. One request for every 100 keys, in parallel.
    ///
    /// # Errors
    /// [`StoreError`], also if the table remains too busy for one of them.
    pub(crate) async fn get_many(&self, keys: Vec<Key>, read: Read) -> Result<Found, StoreError> {
        let found = self.get_available(keys, read, u32::MAX).await?;
        if found.throttled.is_empty() { Ok(found) } else { Err(StoreError::throttled(READ)) }
    }

    /// Reads those of the items with these keys that the table has capacity for, with at most `retries` for the others.
    /// One request for every 100 keys, in parallel.
    pub(crate) async fn get_available(
        &self,
        mut keys: Vec<Key>,
        read: Read,
        retries: u32,
    ) -> Result<Found, StoreError> {
        keys.sort_unstable();
        keys.dedup();
        let batches = keys.chunks(READ_SIZE).map(|keys| self.get_batch(keys, read, retries));
        let mut found = Found::default();
        for (items, throttled) in try_join_all(batches).await? {
            found.items.extend(items.into_iter().filter_map(|item| Some((key_of(&item)?, item))));
            found.throttled.extend(throttled.iter().filter_map(key_of));
        }
        Ok(found)
    }

    /// The items with these keys, and the keys that were left unread.
    async fn get_batch(
        &self,
        keys: &[Key],
        read: Read,
        retries: u32,
    ) -> Result<(Vec<Item>, Vec<Item>), StoreError> {
        let keys = keys.iter().map(|(partition, sort)| keyed(partition.clone(), sort.clone(), Item::new()));
        let mut left: Vec<Item> = keys.collect();
        let mut items = Vec::new();
        let mut done_before = 0;
        let mut attempts = Attempts::new(self, READ, retries);
        loop {
            let asked = KeysAndAttributes::builder()
                .set_keys(Some(left.clone()))
                .consistent_read(read.is_consistent())
                .build()
                .map_err(|_| StoreError::unreadable(READ))?;
            let request = self
                .client
                .batch_get_item()
                .request_items(&self.name, asked)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            match attempts.make(Box::pin(request.send())).await {
                Ok(output) => {
                    output.consumed_capacity().iter().for_each(|used| self.meter.count_read(Some(used)));
                    let found = output.responses.and_then(|mut tables| tables.remove(&self.name));
                    items.extend(found.unwrap_or_default());
                    let unread = output.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
                    left = unread.map(|unread| unread.keys).unwrap_or_default();
                }
                // A batch of which nothing can be read is refused as a whole.
                Err(failed) if failed.error.is_throttling() => {}
                Err(failed) => {
                    attempts.again(failed).await?;
                    continue;
                }
            }
            let reason = if items.len() > done_before { Reason::Unprocessed } else { Reason::Busy };
            done_before = items.len();
            if left.is_empty() || !attempts.wait(reason).await {
                return Ok((items, left));
            }
        }
    }

    /// Writes items, whatever stood there. One request for every 25 items, in parallel.
    ///
    /// # Errors
    /// [`StoreError`]; some of the items may be written then. Each batch is seen through even if another one failed, so
    /// that a repeat has less to do.
    pub(crate) async fn put_many(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let requests = items.into_iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(|_| StoreError::unreadable(WRITE))?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        let requests = requests.collect::<Result<Vec<_>, StoreError>>()?;
        let batches = requests.chunks(WRITE_SIZE).map(|requests| self.put_batch(requests.to_vec()));
        join_all(batches).await.into_iter().collect()
    }

    async fn put_batch(&self, mut left: Vec<WriteRequest>) -> Result<(), StoreError> {
        let mut attempts = Attempts::new(self, WRITE, u32::MAX);
        loop {
            let request = self
                .client
                .batch_write_item()
                .request_items(&self.name, left.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            match attempts.make(Box::pin(request.send())).await {
                Ok(output) => {
                    self.meter.count_write(output.consumed_capacity());
                    let unwritten = output.unprocessed_items.and_then(|mut tables| tables.remove(&self.name));
                    let unwritten = unwritten.unwrap_or_default();
                    let reason =
                        if unwritten.len() < left.len() { Reason::Unprocessed } else { Reason::Busy };
                    left = unwritten;
                    if left.is_empty() {
                        return Ok(());
                    }
                    if !attempts.wait(reason).await {
                        return Err(StoreError::throttled(WRITE));
                    }
                }
                Err(failed) => attempts.again(failed).await?,
            }
        }
    }
}

fn key_of(item: &Item) -> Option<Key> {
    let text = |name: &str| item.get(name).and_then(|value: &AttributeValue| value.as_s().ok()).cloned();
    Some((text(PARTITION)?, text(SORT)?))
}
