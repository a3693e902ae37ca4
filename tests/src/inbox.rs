//! What is stored, read past the functions.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{Reply, System};

/// An item, readable.
pub type Item = BTreeMap<String, Value>;

/// The items of a partition of the table of messages, in order.
pub async fn items(system: &System, partition: &str) -> Vec<Item> {
    let pages = system
        .dynamodb
        .query()
        .table_name(&system.chat_table)
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

/// Stores items in the table of messages, 16 batches of 25 at a time.
pub async fn store_items(system: &System, items: impl IntoIterator<Item = Value>) {
    let put = |item: Value| {
        let item = serde_dynamo::to_item(item).expect("it is an item");
        let put = PutRequest::builder().set_item(Some(item)).build().expect("it has an item");
        WriteRequest::builder().put_request(put).build()
    };
    let requests: Vec<_> = items.into_iter().map(put).collect();
    let batches = requests.chunks(25).map(|batch| {
        system.dynamodb.batch_write_item().request_items(&system.chat_table, batch.to_vec()).send()
    });
    let mut written = stream::iter(batches.collect::<Vec<_>>()).buffer_unordered(16);
    while let Some(written) = written.next().await {
        let unprocessed = written.expect("the table can be written").unprocessed_items;
        assert!(unprocessed.unwrap_or_default().is_empty());
    }
}

/// Every item of the table of messages.
pub async fn everything(system: &System) -> Vec<Item> {
    scan(&system.dynamodb, &system.chat_table).await
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

/// The contents that wait for a user, oldest first, as the platform's front end is told.
pub async fn delivered_to(system: &System, user: &str) -> Vec<String> {
    let text = |message: &Value| message["content"].as_str().expect("it is text").to_owned();
    waiting_for(system, user).await.iter().map(text).collect()
}

/// The messages that wait for a user, page by page.
pub async fn waiting_for(system: &System, user: &str) -> Vec<Value> {
    let mut messages = Vec::new();
    let mut cursor = String::new();
    loop {
        let path =
            path_with("/chatbot/api/platform/message/pending", &[("userId", user), ("cursor", &cursor)]);
        let reply = system.platform.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let data = reply.json()["data"].take();
        messages.extend(data["messages"].as_array().expect("it is a list").clone());
        match data["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return messages,
        }
    }
}

/// The acknowledgement id of a message that waits for a user.
pub async fn ack_id(system: &System, user: &str, app: &str, message: &str) -> String {
    let waiting = waiting_for(system, user).await;
    let found = waiting.iter().find(|found| found["appId"] == app && found["messageId"] == message);
    let found = found.unwrap_or_else(|| panic!("{message} waits for {user}"));
    found["ackId"].as_str().expect("it is text").to_owned()
}

/// The deliveries in a user's inbox, those included that are not shown.
pub async fn deliveries_of(system: &System, user: &str) -> Vec<Item> {
    let mut items = items(system, &format!("INBOX#{user}")).await;
    items.retain(|item| item["sk"].as_str().is_some_and(|sort| sort.starts_with("W#")));
    items
}

/// Acknowledges by ids.
pub async fn acknowledge(system: &System, user: &str, ids: &[String], state: &str) -> Reply {
    let body = json!({"userId": user, "ackIds": ids, "state": state});
    system.platform.post("/chatbot/api/platform/message/ack", body.to_string()).await
}

/// A path with parameters in it, encoded.
#[must_use]
pub fn path_with(path: &str, parameters: &[(&str, &str)]) -> String {
    let url =
        reqwest::Url::parse_with_params(&format!("http://localhost{path}"), parameters).expect("it is a URL");
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}
