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

/// The contents waiting for a user: of each delivery that has not expired and that the user has not acknowledged for
/// this content, the content stored under its key.
pub async fn delivered_to(system: &System, user: &str) -> Vec<String> {
    let now = system.clock.now().seconds();
    let mut contents = Vec::new();
    let inbox = items(system, &format!("INBOX#{}", user.replace('%', "%25").replace('#', "%23"))).await;
    let (acknowledgements, deliveries): (Vec<_>, Vec<_>) =
        inbox.into_iter().partition(|item| item["sk"].as_str().unwrap().starts_with("ACK#"));
    for delivery in deliveries {
        let message = |item: &Item| item["sk"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
        let is_acknowledged = acknowledgements.iter().any(|acknowledgement| {
            message(acknowledgement) == message(&delivery)
                && acknowledgement["contentHash"] == delivery["contentHash"]
        });
        if delivery["expireAt"].as_u64().unwrap() <= now || is_acknowledged {
            continue;
        }
        let content = items(system, delivery["sk"].as_str().unwrap()).await.remove(0);
        assert_eq!(
            content["contentHash"], delivery["contentHash"],
            "a delivery is of the content that is stored"
        );
        assert!(
            content["expireAt"].as_u64() >= delivery["expireAt"].as_u64(),
            "content outlives its deliveries"
        );
        contents.push(content["content"].as_str().unwrap().to_owned());
    }
    contents
}
