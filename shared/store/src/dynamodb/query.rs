//! Queries of one partition.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use serde::de::DeserializeOwned;

use super::{
    error::StoreError,
    item::{Item, from_item},
    key::{ItemKind, Partition, sort_key},
    operation::QUERY,
    table::{Consistency, Table},
};

/// A query of one partition, in ascending order of sort keys unless [`descending`](Self::descending).
#[derive(Debug, Clone)]
pub(crate) struct Query {
    partition: Partition,
    sort_keys: SortKeys,
    descending: bool,
    start_after: Option<String>,
    limit: Option<usize>,
}

/// The sort keys that a query reads.
#[derive(Debug, Clone)]
enum SortKeys {
    All,
    BeginsWith(String),
    /// Both bounds inclusive.
    Between(String, String),
}

impl Query {
    /// Every item of a partition.
    pub(crate) const fn all(partition: Partition) -> Self {
        Self { partition, sort_keys: SortKeys::All, descending: false, start_after: None, limit: None }
    }

    /// The items of one kind.
    pub(crate) fn of_kind(partition: Partition, kind: ItemKind) -> Self {
        Self { sort_keys: SortKeys::BeginsWith(kind.prefix()), ..Self::all(partition) }
    }

    /// The items of one kind whose first ids are these.
    pub(crate) fn of_ids(partition: Partition, kind: ItemKind, ids: &[&str]) -> Self {
        let ids = kind.prefix_with(ids);
        Self { sort_keys: SortKeys::BeginsWith(ids), ..Self::all(partition) }
    }

    /// The items of one kind whose sort key is `first` or greater.
    pub(crate) fn from(partition: Partition, kind: ItemKind, first: String) -> Self {
        Self { sort_keys: SortKeys::Between(first, kind.end()), ..Self::all(partition) }
    }

    pub(crate) fn descending(self) -> Self {
        Self { descending: true, ..self }
    }

    /// Starts after the item with this sort key, in the order of the query.
    pub(crate) fn after(self, sort_key: Option<String>) -> Self {
        Self { start_after: sort_key, ..self }
    }

    /// Reads at most this many items; `None` reads one megabyte.
    pub(crate) fn limit(self, limit: Option<usize>) -> Self {
        Self { limit, ..self }
    }
}

/// The items that one query request read.
#[derive(Debug)]
pub(crate) struct QueryPage {
    items: Vec<Item>,
    /// Whether the query has more items.
    pub(crate) has_more: bool,
}

impl QueryPage {
    /// The sort key of the last item, to continue after.
    pub(crate) fn last_sort_key(&self) -> Result<Option<String>, StoreError> {
        self.items.last().map(|item| sort_key(item, QUERY)).transpose()
    }

    /// The items as records, each with its sort key.
    pub(crate) fn into_records<T: DeserializeOwned>(
        self,
    ) -> impl Iterator<Item = Result<(String, T), StoreError>> {
        self.items.into_iter().map(|item| Ok((sort_key(&item, QUERY)?, from_item(item, QUERY)?)))
    }
}

impl Table {
    /// Sends one request: at most the query's limit, and one megabyte.
    pub(crate) async fn query(
        &self,
        query: Query,
        consistency: Consistency,
    ) -> Result<QueryPage, StoreError> {
        let Query { partition, sort_keys, descending, start_after, limit } = query;
        let value = |value: &str| AttributeValue::S(value.to_owned());
        let request =
            self.client.query().expression_attribute_values(":partition", value(partition.as_str()));
        let request = match sort_keys {
            SortKeys::All => request.key_condition_expression("pk = :partition"),
            SortKeys::BeginsWith(prefix) => request
                .key_condition_expression("pk = :partition AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", value(&prefix)),
            SortKeys::Between(from, to) => request
                .key_condition_expression("pk = :partition AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":from", value(&from))
                .expression_attribute_values(":to", value(&to)),
        };
        let request = request
            .table_name(&self.name)
            .scan_index_forward(!descending)
            .consistent_read(consistency.is_strong())
            .set_exclusive_start_key(start_after.map(|sort_key| partition.item(sort_key).into_item()))
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send(QUERY, || request.clone().send()).await?;
        self.meter.count_read(output.consumed_capacity());
        let has_more = output.last_evaluated_key.is_some();
        Ok(QueryPage { items: output.items.unwrap_or_default(), has_more })
    }

    /// Sends as many requests as the query has megabytes, without a bound: for the command line only.
    pub(crate) async fn query_to_end<T: DeserializeOwned>(
        &self,
        query: Query,
        consistency: Consistency,
    ) -> Result<Vec<T>, StoreError> {
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let page = self.query(query.clone().after(after), consistency).await?;
            let has_more = page.has_more;
            after = page.last_sort_key()?;
            for record in page.into_records() {
                records.push(record?.1);
            }
            if !has_more {
                return Ok(records);
            }
        }
    }
}
