//! A table, and who counts what is used of it.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnConsumedCapacity},
};

use crate::{
    Meter, StoreError,
    keys::{PARTITION, SORT},
};

/// The attributes of an item.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// One DynamoDB table as one request sees it.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) meter: Meter,
}

impl Table {
    /// The table called `name`.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into(), meter: Meter::default() }
    }

    /// The same table, for a request whose use `meter` counts.
    #[must_use]
    pub fn metered(&self, meter: &Meter) -> Self {
        Self { meter: meter.clone(), ..self.clone() }
    }

    /// Writes one item, whatever stood there.
    pub(crate) async fn put(
        &self,
        partition: String,
        sort: String,
        attributes: Item,
    ) -> Result<(), StoreError> {
        let output = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(keyed(partition, sort, attributes)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .interceptor(self.meter.attempts())
            .send()
            .await
            .map_err(StoreError::of("PutItem"))?;
        self.meter.count_write(output.consumed_capacity());
        Ok(())
    }

    /// Reads one item.
    pub(crate) async fn get(
        &self,
        partition: String,
        sort: &str,
        read: Read,
    ) -> Result<Option<Item>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(PARTITION, AttributeValue::S(partition))
            .key(SORT, AttributeValue::S(sort.to_owned()))
            .consistent_read(matches!(read, Read::Consistent))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .interceptor(self.meter.attempts())
            .send()
            .await
            .map_err(StoreError::of("GetItem"))?;
        self.meter.count_read(output.consumed_capacity());
        Ok(output.item)
    }

    /// Reads every item of a partition whose sort key begins with `prefix`, in order, consistently. One request for
    /// each megabyte.
    pub(crate) async fn query(&self, partition: String, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let output = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :partition AND begins_with(sk, :prefix)")
                .expression_attribute_values(":partition", AttributeValue::S(partition.clone()))
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .customize()
                .interceptor(self.meter.attempts())
                .send()
                .await
                .map_err(StoreError::of("Query"))?;
            self.meter.count_read(output.consumed_capacity());
            items.extend(output.items.unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Whether a read must see every write that was acknowledged before it, at twice the price.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Read {
    Consistent,
    Eventual,
}

/// An item: its key and its other attributes.
pub(crate) fn keyed(partition: String, sort: String, mut attributes: Item) -> Item {
    attributes.insert(PARTITION.to_owned(), AttributeValue::S(partition));
    attributes.insert(SORT.to_owned(), AttributeValue::S(sort));
    attributes
}
