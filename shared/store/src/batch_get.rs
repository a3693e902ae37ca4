//! Reading many items by their keys.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use futures_util::future::try_join_all;

use crate::{
    StoreError, Table,
    backoff::Backoff,
    keys::{PARTITION, SORT},
    table::{Item, keyed},
};

const OPERATION: &str = "BatchGetItem";

/// The most keys DynamoDB takes in one `BatchGetItem`.
const BATCH_SIZE: usize = 100;

/// What was found, by key.
#[derive(Debug, Default)]
pub(crate) struct Found(HashMap<(String, String), Item>);

impl Found {
    /// Takes an item out, by its partition and sort.
    pub(crate) fn take(&mut self, key: &(String, String)) -> Option<Item> {
        self.0.remove(key)
    }
}

impl Table {
    /// Reads the items with these keys, each partition and sort, consistently. One request for every 100 keys, in
    /// parallel; what a busy table, or the size of an answer, leaves unread is asked for again for as long as the caller
    /// waits.
    pub(crate) async fn get_many(&self, keys: Vec<(String, String)>) -> Result<Found, StoreError> {
        let mut keys = keys;
        keys.sort_unstable();
        keys.dedup();
        let batches = keys.chunks(BATCH_SIZE).map(|keys| self.get_batch(keys));
        let items = try_join_all(batches).await?.into_iter().flatten();
        let by_key = items.filter_map(|item| {
            let text = |name: &str| item.get(name)?.as_s().ok().cloned();
            Some(((text(PARTITION)?, text(SORT)?), item))
        });
        Ok(Found(by_key.collect()))
    }

    async fn get_batch(&self, keys: &[(String, String)]) -> Result<Vec<Item>, StoreError> {
        let keys = keys.iter().map(|(partition, sort)| keyed(partition.clone(), sort.clone(), Item::new()));
        let mut left: Vec<Item> = keys.collect();
        let mut items = Vec::new();
        let mut backoff = Backoff::new();
        loop {
            let ask = KeysAndAttributes::builder().set_keys(Some(left.clone())).consistent_read(true).build();
            let read = self
                .client
                .batch_get_item()
                .request_items(&self.name, ask.map_err(|_| StoreError::unreadable(OPERATION))?)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .customize()
                .interceptor(self.meter.attempts())
                .send()
                .await
                .map_err(StoreError::of(OPERATION));
            match read {
                Ok(output) => {
                    output.consumed_capacity().iter().for_each(|used| self.meter.count_read(Some(used)));
                    let found = output.responses.and_then(|mut tables| tables.remove(&self.name));
                    items.extend(found.unwrap_or_default());
                    let unread = output.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
                    left = unread.map(|unread| unread.keys).unwrap_or_default();
                }
                // A batch of which nothing could be read is refused as a whole.
                Err(error) if error.is_throttling() => {}
                Err(error) => return Err(error),
            }
            if left.is_empty() {
                return Ok(items);
            }
            self.meter.count_retry();
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }
}
