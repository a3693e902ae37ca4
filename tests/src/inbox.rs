//! What is stored, read past the functions.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use serde_json::Value;

use crate::System;

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
    let mut contents = Vec::new();
    let mut cursor = String::new();
    loop {
        let path =
            path_with("/chatbot/api/platform/message/pending", &[("userId", user), ("cursor", &cursor)]);
        let reply = system.platform.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let data = reply.json()["data"].take();
        for message in data["messages"].as_array().expect("it is a list") {
            contents.push(message["content"].as_str().expect("it is text").to_owned());
        }
        match data["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return contents,
        }
    }
}

/// A path with parameters in it, encoded.
#[must_use]
pub fn path_with(path: &str, parameters: &[(&str, &str)]) -> String {
    let url =
        reqwest::Url::parse_with_params(&format!("http://localhost{path}"), parameters).expect("it is a URL");
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}
