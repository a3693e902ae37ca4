//! Opens the connection to DynamoDB before the first request needs it.
//!
//! Each function does so with the cheapest call that its role allows anyway. Nothing is read and nothing is changed;
//! that it fails is no reason not to start, and it never holds up the start for long.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    Table,
    keys::{PARTITION, SORT},
    table::{Range, Read},
};

/// The longest a start waits for the connection.
const PATIENCE: Duration = Duration::from_millis(300);

/// A key that no record has.
const NOTHING: &str = "WARM-UP";

/// Opens the connection by reading an item that does not exist.
pub async fn by_get(table: &Table) {
    patiently(table.get(NOTHING.to_owned(), NOTHING, Read::Eventual)).await;
}

/// Opens the connection by querying a partition that does not exist.
pub async fn by_query(table: &Table) {
    patiently(table.query(NOTHING.to_owned(), Range { from: NOTHING, to: NOTHING })).await;
}

/// Opens the connection by reading, among many, an item that does not exist.
pub async fn by_batch_get(table: &Table) {
    patiently(table.get_many(vec![(NOTHING.to_owned(), NOTHING.to_owned())])).await;
}

/// Opens the connection by a put whose condition cannot hold.
pub async fn by_put(table: &Table) {
    patiently(
        table
            .client
            .put_item()
            .table_name(&table.name)
            .item(PARTITION, AttributeValue::S(NOTHING.to_owned()))
            .item(SORT, AttributeValue::S(NOTHING.to_owned()))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(pk)")
            .send(),
    )
    .await;
}

async fn patiently(call: impl Future) {
    let began = Instant::now();
    // Whatever comes of it, a connection is open or the first request opens one.
    let _ = tokio::time::timeout(PATIENCE, call).await;
    tracing::debug!(micros = began.elapsed().as_micros(), "opened the connection to DynamoDB");
}
