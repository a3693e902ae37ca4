//! The stored items, read and written past the functions.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::System;

/// An item as JSON.
pub type Item = BTreeMap<String, Value>;

impl System {
    /// The items of a partition of the table `Chat`, sorted by sort key.
    pub async fn items(&self, partition: &str) -> Vec<Item> {
        let pages = self
            .dynamodb
            .query()
            .table_name(&self.chat_table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .expect("the partition can be read");
        readable(pages)
    }

    /// The deliveries in a user's inbox, also those that are not shown.
    pub async fn deliveries_of(&self, user: &str) -> Vec<Item> {
        let mut items = self.items(&format!("INBOX#{user}")).await;
        items.retain(|item| item["sk"].as_str().is_some_and(|sort| sort.starts_with("W#")));
        items
    }

    /// Every item of the table `Chat`.
    pub async fn everything(&self) -> Vec<Item> {
        scan(&self.dynamodb, &self.chat_table).await
    }

    /// Every item of the table `Access`.
    pub async fn access_items(&self) -> Vec<Item> {
        scan(&self.dynamodb, &self.access_table).await
    }

    /// Every item of the table `Connections`.
    pub async fn connection_items(&self) -> Vec<Item> {
        scan(&self.dynamodb, &self.connections_table).await
    }

    /// Stores items in the table `Chat`, 4 batches of 25 at a time.
    pub async fn store_items(&self, items: impl IntoIterator<Item = Value>) {
        let put = |item: Value| {
            let item = serde_dynamo::to_item(item).expect("it is an item");
            let put = PutRequest::builder().set_item(Some(item)).build().expect("it has an item");
            WriteRequest::builder().put_request(put).build()
        };
        let requests: Vec<_> = items.into_iter().map(put).collect();
        let batches = requests.chunks(25).map(|batch| {
            self.dynamodb.batch_write_item().request_items(&self.chat_table, batch.to_vec()).send()
        });
        let mut written = stream::iter(batches.collect::<Vec<_>>()).buffer_unordered(4);
        while let Some(written) = written.next().await {
            let unprocessed = written.expect("the table can be written").unprocessed_items;
            assert!(unprocessed.unwrap_or_default().is_empty());
        }
    }
}

/// Every item of a table.
pub(crate) async fn scan(dynamodb: &Client, table: &str) -> Vec<Item> {
    let pages = dynamodb
        .scan()
        .table_name(table)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .expect("the table can be read");
    readable(pages)
}

fn readable(items: Vec<HashMap<String, AttributeValue>>) -> Vec<Item> {
    items.into_iter().map(|item| serde_dynamo::from_item(item).expect("the item can be read")).collect()
}
