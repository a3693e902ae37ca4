//! The items of the four tables, and the rules for each of them.

use std::collections::{BTreeMap, HashMap};

use ::tests::System;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use model::Timestamp;
use serde_json::{Map, Value, json};

use super::normal_form::{self, Counts};

/// An item as JSON. Binary values are texts with their length.
pub(super) type Item = BTreeMap<String, Value>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableName {
    Access,
    Chat,
    Webhooks,
    Connections,
}

/// All items of a system.
pub(super) struct Tables(Vec<(TableName, Item)>);

impl Tables {
    pub(super) async fn read(system: &System) -> Result<Self, String> {
        let mut all = Vec::new();
        for (table, name) in [
            (TableName::Access, &system.access_table),
            (TableName::Chat, &system.chat_table),
            (TableName::Webhooks, &system.webhooks_table),
            (TableName::Connections, &system.connections_table),
        ] {
            all.extend(scan(&system.dynamodb, name).await?.into_iter().map(|item| (table, item)));
        }
        Ok(Self(all))
    }

    pub(super) fn normal_form(&self, started: Timestamp) -> Counts {
        let mut counts = Counts::new();
        for (table, item) in &self.0 {
            *counts.entry(normal_form::of(*table, item, started)).or_default() += 1;
        }
        counts
    }

    /// Checks that no token, no client secret and none of `secrets` is stored in plain text, and that items expire as the data
    /// model says.
    ///
    /// # Errors
    /// The item that breaks a rule.
    pub(super) fn check(&self, secrets: &[String]) -> Result<(), String> {
        for (table, item) in &self.0 {
            let text = json!(item).to_string();
            let is_secret = |secret: &String| text.contains(secret);
            if text.contains("\"cn-") || text.contains("\"cs-") || secrets.iter().any(is_secret) {
                return Err(format!("a token, a ticket or a client secret is stored: {text}"));
            }
            let expires = item.get("expireAt").is_some_and(Value::is_u64);
            if expires != must_expire(*table, item) {
                return Err(format!("a wrong time to live: {text}"));
            }
        }
        Ok(())
    }
}

/// Whether the data model gives an item a time to live.
fn must_expire(table: TableName, item: &Item) -> bool {
    let key = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    match table {
        TableName::Access => key("pk") != "APPS" && !key("sk").starts_with("AUDIT#"),
        TableName::Chat => key("sk") != "SEQ",
        TableName::Webhooks => false,
        TableName::Connections => true,
    }
}

async fn scan(client: &Client, table: &str) -> Result<Vec<Item>, String> {
    let items = client.scan().table_name(table).consistent_read(true).into_paginator().items().send();
    let items = items.collect::<Result<Vec<_>, _>>().await.map_err(|error| error.to_string())?;
    Ok(items.iter().map(|item| object(item).into_iter().collect()).collect())
}

fn object(item: &HashMap<String, AttributeValue>) -> Map<String, Value> {
    item.iter().map(|(name, value)| (name.clone(), json_of(value))).collect()
}

fn json_of(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => serde_json::from_str(number).unwrap_or_default(),
        AttributeValue::Bool(flag) => json!(flag),
        AttributeValue::B(bytes) => json!(format!("<{} bytes>", bytes.as_ref().len())),
        AttributeValue::L(list) => list.iter().map(json_of).collect(),
        AttributeValue::M(map) => Value::Object(object(map)),
        AttributeValue::Ss(list) | AttributeValue::Ns(list) => json!(list),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(table: TableName, item: &Value) -> Result<(), String> {
        Tables(vec![(table, serde_json::from_value(item.clone()).unwrap())]).check(&["ticket".to_owned()])
    }

    #[test]
    fn an_item_without_its_time_to_live_is_found() {
        let message = json!({"pk": "CHAT#1#c", "sk": "MSG#1", "expireAt": 1_795_219_210});
        assert_eq!(tables(TableName::Chat, &message), Ok(()));
        assert!(tables(TableName::Chat, &json!({"pk": "CHAT#1#c", "sk": "MSG#1"})).is_err());
        assert_eq!(tables(TableName::Chat, &json!({"pk": "CHAT#1#c", "sk": "SEQ"})), Ok(()));
        assert!(tables(TableName::Access, &json!({"pk": "APPS", "sk": "APP#1", "expireAt": 1})).is_err());
        assert!(tables(TableName::Access, &json!({"pk": "APP#1", "sk": "TOKEN#1"})).is_err());
    }

    #[test]
    fn a_plain_token_is_found() {
        let item = json!({"pk": "TOKEN#x", "sk": "TOKEN", "expireAt": 1, "token": "cn-1"});
        assert!(tables(TableName::Access, &item).is_err());
        let item = json!({"pk": "TICKET#ticket", "sk": "TICKET", "expireAt": 1});
        assert!(tables(TableName::Connections, &item).is_err());
    }
}
