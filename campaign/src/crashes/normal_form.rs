//! The normal form of an item: equal for two runs of a scenario that stored the same.
//!
//! Times become hours since the start of the run, so that a wrong time to live is still a difference. Random ids become placeholders. Counts
//! of hints and of attempts, which a repeat adds to, are left out.

use std::{collections::BTreeMap, sync::LazyLock};

use model::Timestamp;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::tables::{Item, TableName};

/// Times further ahead are constants: the demo's own are within ten years.
const MOST_HOURS: i64 = 24 * 4_000;

/// Times further back are constants, such as those of the demo data.
const FEWEST_HOURS: i64 = -48;

/// Random or local parts of texts, each with its placeholder.
static RANDOM: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        ("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>"),
        ("msg_[0-9a-f]{32}", "<webhook-id>"),
        (r"\b1[0-9]{12}\b", "<time>"),
        ("^ISSUED#[0-9]+$", "ISSUED#<minute>"),
        (r"127\.0\.0\.1:[0-9]+", "<receiver>"),
        ("CONN#[0-9A-Za-z+/]{15}=", "CONN#<connection>"),
    ];
    // A pattern that cannot be compiled would be missing here, and the test below would fail.
    patterns.into_iter().filter_map(|(pattern, name)| Some((Regex::new(pattern).ok()?, name))).collect()
});

/// The hash of a random token or ticket.
static TOKEN_HASH: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("[0-9a-f]{64}").ok());

pub(super) fn of(table: TableName, item: &Item, started: Timestamp) -> String {
    let mut item: Map<String, Value> = item.clone().into_iter().collect();
    if item.get("sk").is_some_and(|sort| sort == "PROGRESS") {
        item.remove("wake");
        if let Some(delivery) = item.get_mut("delivery").and_then(Value::as_object_mut) {
            delivery.remove("cursor");
            delivery.remove("attempts");
        }
    }
    let mut item = Value::Object(item);
    normalize(&mut item, table, started);
    item.to_string()
}

fn normalize(value: &mut Value, table: TableName, started: Timestamp) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|value| normalize(value, table, started)),
        Value::Object(map) => map.values_mut().for_each(|value| normalize(value, table, started)),
        Value::String(text) => *text = normal_text(text, table),
        Value::Number(number) => {
            if let Some(hours) = number.as_u64().and_then(|number| hours(number, started)) {
                *value = json!(format!("<start {hours:+} h>"));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// The hours from the start of the run to a time in seconds or milliseconds; `None` for another number.
fn hours(number: u64, started: Timestamp) -> Option<i64> {
    let millis = match number {
        1_000_000_000..10_000_000_000 => number * 1000,
        1_000_000_000_000..10_000_000_000_000 => number,
        _ => return None,
    };
    let offset = i64::try_from(millis).ok()? - i64::try_from(started.millis()).ok()?;
    // To the nearest hour: a run takes seconds.
    let hours = (offset + 1_800_000).div_euclid(3_600_000);
    (FEWEST_HOURS..=MOST_HOURS).contains(&hours).then_some(hours)
}

fn normal_text(text: &str, table: TableName) -> String {
    let has_hashes = matches!(table, TableName::Access | TableName::Connections);
    let hash = TOKEN_HASH.iter().filter(|_| has_hashes).map(|hash| (hash, "<hash>"));
    let random = RANDOM.iter().map(|(pattern, name)| (pattern, *name)).chain(hash);
    random.fold(text.to_owned(), |text, (pattern, name)| pattern.replace_all(&text, name).into_owned())
}

/// The number of items in each normal form.
pub(super) type Counts = BTreeMap<String, usize>;

/// The items of which two runs stored different numbers, each with the first number and the second.
pub(super) fn differences<'c>(one: &'c Counts, other: &'c Counts) -> Vec<(&'c str, usize, usize)> {
    let count = |counts: &Counts, item: &str| counts.get(item).copied().unwrap_or_default();
    let mut items: Vec<&str> = one.keys().chain(other.keys()).map(String::as_str).collect();
    items.sort_unstable();
    items.dedup();
    let counted = items.into_iter().map(|item| (item, count(one, item), count(other, item)));
    counted.filter(|(_, one, other)| one != other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: Timestamp = Timestamp::from_millis(1_795_219_210_000);

    fn form(table: TableName, item: &Value) -> Value {
        let item: Item = serde_json::from_value(item.clone()).unwrap();
        serde_json::from_str(&of(table, &item, STARTED)).unwrap()
    }

    #[test]
    fn times_are_hours_since_the_start_and_random_ids_are_placeholders() {
        let item = json!({
            "pk": "CHAT#1#c", "sk": "MSG#019aa3e4-6d50-7000-8000-000000000001", "receivedAt": 1_795_219_211_234_u64,
            "expireAt": 1_795_219_211 + 24 * 3600, "seq": 7, "documented": 1_589_243_400_000_u64,
        });
        let normal = json!({
            "pk": "CHAT#1#c", "sk": "MSG#<uuid>", "receivedAt": "<start +0 h>", "expireAt": "<start +24 h>", "seq": 7,
            "documented": 1_589_243_400_000_u64,
        });
        assert_eq!(form(TableName::Chat, &item), normal);
        let delivery = json!({"pk": "INBOX#u", "sk": "W#1795219210123#demo#m"});
        assert_eq!(form(TableName::Chat, &delivery)["sk"], "W#<time>#demo#m");
        let count = json!({"pk": "APP#demo", "sk": "ISSUED#29920320"});
        assert_eq!(form(TableName::Access, &count)["sk"], "ISSUED#<minute>");
    }

    #[test]
    fn hashes_of_tokens_are_random_and_hashes_of_contents_are_not() {
        let hash = "0123456789abcdef".repeat(4);
        let item = json!({"pk": format!("TOKEN#{hash}")});
        assert_eq!(form(TableName::Access, &item)["pk"], "TOKEN#<hash>");
        assert_eq!(form(TableName::Chat, &item), item);
    }

    #[test]
    fn the_items_of_tickets_and_connections_have_no_random_ids() {
        let ticket = json!({"pk": format!("TICKET#{}", "0123456789abcdef".repeat(4)), "sk": "TICKET"});
        assert_eq!(form(TableName::Connections, &ticket)["pk"], "TICKET#<hash>");
        let subscriber =
            json!({"pk": "INBOX#u", "sk": "CONN#L0SM9cOFvHcCIhw=", "connectedAt": 1_795_219_211_234_u64});
        let normal = json!({"pk": "INBOX#u", "sk": "CONN#<connection>", "connectedAt": "<start +0 h>"});
        assert_eq!(form(TableName::Connections, &subscriber), normal);
    }

    #[test]
    fn the_progress_of_an_endpoint_has_no_counts_of_hints_and_attempts() {
        let item = json!({
            "sk": "PROGRESS", "wake": 3, "leaseOwner": "019aa3e4-6d50-7000-8000-000000000001",
            "delivery": {"cursor": "<32 bytes>", "attempts": [{}], "failures": 1},
        });
        let normal = json!({"sk": "PROGRESS", "leaseOwner": "<uuid>", "delivery": {"failures": 1}});
        assert_eq!(form(TableName::Webhooks, &item), normal);
    }

    #[test]
    fn a_difference_is_an_item_with_another_count() {
        let counts = |items: &[&str]| {
            let mut counts = Counts::new();
            for item in items {
                *counts.entry((*item).to_owned()).or_default() += 1;
            }
            counts
        };
        let (one, other) = (counts(&["a", "a", "b"]), counts(&["a", "b", "c"]));
        assert_eq!(differences(&one, &other), [("a", 2, 1), ("c", 0, 1)]);
        assert_eq!(differences(&one, &one), []);
    }
}
