//! A table, and the operations on one item or one partition.

use std::{collections::HashMap, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::{
        AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
        error::ConditionalCheckFailedException,
    },
};

use crate::{
    Meter, StoreError,
    expression::Expression,
    keys::{PARTITION, SORT},
    record::sort_of,
    retry::{Budget, Failed, Quota},
};

/// The attributes of an item.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// One DynamoDB table as one request sees it.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) meter: Meter,
    pub(crate) budget: Arc<Budget>,
    pub(crate) quota: Arc<Quota>,
}

/// The outcome of a write with a condition.
#[derive(Debug)]
pub(crate) enum Conditional {
    /// The item is written. An update gives the former values of the attributes that it set.
    Written(Item),
    /// The condition does not hold of this item; empty if there is none.
    Refused(Item),
}

impl Table {
    /// The table called `name`, for a caller who waits up to 15 seconds for each operation.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self {
            client,
            name: name.into(),
            meter: Meter::default(),
            budget: Arc::new(Budget::patient()),
            quota: Arc::new(Quota::full()),
        }
    }

    /// The same table for a request that begins now: `meter` counts its use, and all of its operations share one budget of
    /// time and retries.
    #[must_use]
    pub fn metered(&self, meter: &Meter) -> Self {
        Self { meter: meter.clone(), budget: Arc::new(Budget::of_request()), ..self.clone() }
    }

    /// Writes one item, whatever stood there.
    pub(crate) async fn put(
        &self,
        partition: String,
        sort: String,
        attributes: Item,
    ) -> Result<(), StoreError> {
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(keyed(partition, sort, attributes)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send("PutItem", || request.clone().send()).await?;
        self.meter.count_write(output.consumed_capacity());
        Ok(())
    }

    /// Writes one item if `condition` holds of the item that stands there.
    pub(crate) async fn put_if(
        &self,
        partition: String,
        sort: String,
        attributes: Item,
        condition: Expression,
    ) -> Result<Conditional, StoreError> {
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(keyed(partition, sort, attributes)))
            .condition_expression(condition.text)
            .set_expression_attribute_values(condition.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match self.send("PutItem", || request.clone().send()).await {
            Ok(output) => {
                self.meter.count_write(output.consumed_capacity());
                Ok(Conditional::Written(Item::new()))
            }
            Err(failed) => refused(failed, |error| match error {
                PutItemError::ConditionalCheckFailedException(refused) => Some(refused),
                _ => None,
            }),
        }
    }

    /// Reads one item.
    pub(crate) async fn get(
        &self,
        partition: String,
        sort: &str,
        read: Read,
    ) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(PARTITION, AttributeValue::S(partition))
            .key(SORT, AttributeValue::S(sort.to_owned()))
            .consistent_read(read.is_consistent())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send("GetItem", || request.clone().send()).await?;
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
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(keyed(partition, sort, Item::new())))
            .condition_expression(condition.text)
            .set_expression_attribute_values(condition.values)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match self.send("DeleteItem", || request.clone().send()).await {
            Ok(output) => self.meter.count_write(output.consumed_capacity()),
            Err(Failed { service: Some(DeleteItemError::ConditionalCheckFailedException(_)), .. }) => {}
            Err(failed) => return Err(failed.into()),
        }
        Ok(())
    }

    /// Changes an item, or makes it, by `update` if `condition` holds of it; the values of both stand in `update`.
    pub(crate) async fn update_if(
        &self,
        partition: String,
        sort: String,
        update: Expression,
        condition: &'static str,
    ) -> Result<Conditional, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(keyed(partition, sort, Item::new())))
            .update_expression(update.text)
            .condition_expression(condition)
            .set_expression_attribute_values(update.values)
            .return_values(ReturnValue::UpdatedOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match self.send("UpdateItem", || request.clone().send()).await {
            Ok(output) => {
                self.meter.count_write(output.consumed_capacity());
                Ok(Conditional::Written(output.attributes.unwrap_or_default()))
            }
            Err(failed) => refused(failed, |error| match error {
                UpdateItemError::ConditionalCheckFailedException(refused) => Some(refused),
                _ => None,
            }),
        }
    }

    /// Reads on in a partition: of the items whose sort keys are in `range`, in the order of `direction`, those after the
    /// sort key `after` if there is one. One request: at most `limit` items and a megabyte.
    pub(crate) async fn query_page(
        &self,
        partition: String,
        range: Range<'_>,
        direction: Direction,
        after: Option<String>,
        limit: Option<usize>,
        read: Read,
    ) -> Result<QueryPage, StoreError> {
        let start = after.map(|sort| keyed(partition.clone(), sort, Item::new()));
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :partition AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":partition", AttributeValue::S(partition))
            .expression_attribute_values(":from", AttributeValue::S(range.from.to_owned()))
            .expression_attribute_values(":to", AttributeValue::S(range.to.to_owned()))
            .scan_index_forward(matches!(direction, Direction::Forward))
            .consistent_read(read.is_consistent())
            .set_exclusive_start_key(start)
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send("Query", || request.clone().send()).await?;
        self.meter.count_read(output.consumed_capacity());
        let has_more = output.last_evaluated_key.is_some();
        Ok(QueryPage { items: output.items.unwrap_or_default(), has_more })
    }

    /// Reads every item of a partition whose sort key is in `range`, in order, strongly consistently. One request for each
    /// megabyte, without a bound: for the command line only.
    pub(crate) async fn query_all(
        &self,
        partition: String,
        range: Range<'_>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        loop {
            let after = items.last().map(sort_of).transpose()?;
            let (partition, read) = (partition.clone(), Read::Consistent);
            let page = self.query_page(partition, range, Direction::Forward, after, None, read).await?;
            items.extend(page.items);
            if !page.has_more {
                return Ok(items);
            }
        }
    }
}

/// The item that a condition was refused for, if it is that for which the operation failed.
fn refused<E>(
    failed: Failed<E>,
    as_refusal: impl FnOnce(E) -> Option<ConditionalCheckFailedException>,
) -> Result<Conditional, StoreError> {
    let Failed { error, service, .. } = failed;
    let refused = service.and_then(as_refusal).ok_or(error)?;
    Ok(Conditional::Refused(refused.item.unwrap_or_default()))
}

/// Sort keys: from one to another, both among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
}

/// The order in which the items of a range are read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

/// The items that one query read.
#[derive(Debug)]
pub(crate) struct QueryPage {
    pub(crate) items: Vec<Item>,
    pub(crate) has_more: bool,
}

/// Whether a read must see every write that was acknowledged before it, at twice the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    Consistent,
    Eventual,
}

impl Read {
    pub(crate) const fn is_consistent(self) -> bool {
        matches!(self, Self::Consistent)
    }
}

/// An item: its key and its other attributes.
pub(crate) fn keyed(partition: String, sort: String, mut attributes: Item) -> Item {
    attributes.insert(PARTITION.to_owned(), AttributeValue::S(partition));
    attributes.insert(SORT.to_owned(), AttributeValue::S(sort));
    attributes
}
