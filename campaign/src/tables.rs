//! The items of the table `Chat`, counted by kind.

use std::{collections::BTreeMap, io, ops::RangeInclusive};

use aws_sdk_dynamodb::{Client, error::DisplayErrorContext, types::AttributeValue};
use local::dynamodb::CHAT_TABLE;

use crate::findings::Findings;

/// The number of items of each kind: the first part of the partition key, and that of the sort key. Kinds that are not listed must
/// not exist.
pub(crate) type Expected = BTreeMap<&'static str, RangeInclusive<usize>>;

/// Compares the items of the table with the expected ones. Returns their number.
///
/// # Errors
/// The table cannot be read.
pub(crate) async fn compare(
    dynamodb: &Client,
    expected: &Expected,
    findings: &Findings,
) -> io::Result<usize> {
    let found = count(dynamodb).await?;
    let kinds = found.keys().map(String::as_str).chain(expected.keys().copied());
    for kind in kinds.collect::<std::collections::BTreeSet<_>>() {
        let count = found.get(kind).copied().unwrap_or_default();
        let range = expected.get(kind).cloned().unwrap_or(0..=0);
        findings.check(range.contains(&count), || {
            format!(
                "the table has {count} items of the kind {kind}, expected are {} to {}",
                range.start(),
                range.end()
            )
        });
    }
    Ok(found.values().sum())
}

async fn count(dynamodb: &Client) -> io::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    let scan = dynamodb.scan().table_name(CHAT_TABLE).projection_expression("pk, sk");
    let mut items = scan.into_paginator().items().send();
    while let Some(item) = items.next().await {
        let item = item.map_err(|error| io::Error::other(DisplayErrorContext(error).to_string()))?;
        let part = |name: &str| {
            let key = item.get(name).and_then(|value: &AttributeValue| value.as_s().ok());
            key.and_then(|key| key.split('#').next()).unwrap_or_default()
        };
        let kind = match (part("pk"), part("sk")) {
            // The sort key of a turn begins with its time.
            ("LOG", _) => "LOG".to_owned(),
            (partition, sort) => format!("{partition} {sort}"),
        };
        *counts.entry(kind).or_default() += 1;
    }
    Ok(counts)
}
