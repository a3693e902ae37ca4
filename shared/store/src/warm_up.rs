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
    table::{Item, keyed},
};

/// The longest a start waits for the connection.
const PATIENCE: Duration = Duration::from_millis(300);

/// A condition that holds of no item.
const IMPOSSIBLE: &str = "attribute_exists(pk) AND attribute_not_exists(pk)";

/// Opens the connection by reading an item that does not exist.
pub async fn by_get(table: &Table) {
    patiently(table.client.get_item().table_name(&table.name).set_key(Some(nothing())).send()).await;
}

/// Opens the connection by querying a partition that does not exist.
pub async fn by_query(table: &Table) {
    let query = table
        .client
        .query()
        .table_name(&table.name)
        .key_condition_expression("pk = :nothing AND sk = :nothing");
    patiently(query.expression_attribute_values(":nothing", AttributeValue::S(NOTHING.to_owned())).send())
        .await;
}

/// Opens the connection by a deletion whose condition cannot hold.
pub async fn by_delete(table: &Table) {
    let delete = table.client.delete_item().table_name(&table.name).set_key(Some(nothing()));
    patiently(delete.condition_expression(IMPOSSIBLE).send()).await;
}

/// Opens the connection by a put whose condition cannot hold.
pub async fn by_put(table: &Table) {
    let put = table.client.put_item().table_name(&table.name).set_item(Some(nothing()));
    patiently(put.condition_expression(IMPOSSIBLE).send()).await;
}

/// A key that no record has.
const NOTHING: &str = "WARM-UP";

fn nothing() -> Item {
    keyed(NOTHING.to_owned(), NOTHING.to_owned(), Item::new())
}

/// One attempt, past the retries of requests: a warm-up that fails takes none of theirs.
async fn patiently(call: impl Future) {
    let began = Instant::now();
    // Whatever the outcome, a connection is open or the first request opens one.
    let _ = tokio::time::timeout(PATIENCE, Box::pin(call)).await;
    tracing::debug!(micros = began.elapsed().as_micros(), "opened the connection to DynamoDB");
}
