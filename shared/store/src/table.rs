//! A table, and who counts what is used of it.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnConsumedCapacity},
};

use crate::{
    Meter, StoreError,
    expression::Expression,
    keys::{PARTITION, SORT},
    record::sort_of,
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

    /// Deletes an item if `condition` holds of it; if not, it stays.
    pub(crate) async fn delete_if(
        &self,
        partition: String,
        sort: String,
        condition: Expression,
    ) -> Result<(), StoreError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(keyed(partition, sort, Item::new())))
            .condition_expression(condition.text)
            .set_expression_attribute_values(condition.values)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .interceptor(self.meter.attempts())
            .send()
            .await;
        match deleted {
            Ok(output) => self.meter.count_write(output.consumed_capacity()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) => {}
            Err(error) => return Err(StoreError::of("DeleteItem")(error)),
        }
        Ok(())
    }

    /// Changes an item, or makes it, by `update` if `condition` holds of it, and says whether it did; the values of both
    /// stand in `update`.
    pub(crate) async fn update_if(
        &self,
        partition: String,
        sort: String,
        update: Expression,
        condition: &'static str,
    ) -> Result<bool, StoreError> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(keyed(partition, sort, Item::new())))
            .update_expression(update.text)
            .condition_expression(condition)
            .set_expression_attribute_values(update.values)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .interceptor(self.meter.attempts())
            .send()
            .await;
        match updated {
            Ok(output) => {
                self.meter.count_write(output.consumed_capacity());
                Ok(true)
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(StoreError::of("UpdateItem")(error)),
        }
    }

    /// Reads on in a partition: of the items whose sort keys are in `range`, in the order of `direction`, those after the sort
    /// key `after` if there is one; at most `limit`, and a megabyte; consistently.
    pub(crate) async fn query_page(
        &self,
        partition: String,
        range: Range<'_>,
        direction: Direction,
        after: Option<String>,
        limit: Option<usize>,
    ) -> Result<QueryPage, StoreError> {
        let start = after.map(|sort| keyed(partition.clone(), sort, Item::new()));
        let output = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :partition AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":partition", AttributeValue::S(partition))
            .expression_attribute_values(":from", AttributeValue::S(range.from.to_owned()))
            .expression_attribute_values(":to", AttributeValue::S(range.to.to_owned()))
            .scan_index_forward(matches!(direction, Direction::Forward))
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .interceptor(self.meter.attempts())
            .send()
            .await
            .map_err(StoreError::of("Query"))?;
        self.meter.count_read(output.consumed_capacity());
        let has_more = output.last_evaluated_key.is_some();
        Ok(QueryPage { items: output.items.unwrap_or_default(), has_more })
    }

    /// Reads every item of a partition whose sort key is in `range`, in order, consistently. One request for each megabyte.
    pub(crate) async fn query(&self, partition: String, range: Range<'_>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        loop {
            let after = items.last().map(sort_of).transpose()?;
            let page = self.query_page(partition.clone(), range, Direction::Forward, after, None).await?;
            items.extend(page.items);
            if !page.has_more {
                return Ok(items);
            }
        }
    }
}

/// Sort keys: from one to another, both among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
}

/// Which of the items of a range come first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

/// What was read of a partition.
#[derive(Debug)]
pub(crate) struct QueryPage {
    pub(crate) items: Vec<Item>,
    pub(crate) has_more: bool,
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
