//! Opens the connection to DynamoDB during init, so that the first request does not wait for it.
//!
//! One function for each operation: a function chooses the cheapest one that its role allows, and links no other. None
//! reads or changes an item, and a failure does not keep a function from starting.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use super::{expression::text, item::Item, key::Partition, table::Table};

/// The time that init waits for the response.
const TIMEOUT: Duration = Duration::from_millis(300);

/// A condition that is false for every item.
const IMPOSSIBLE: &str = "attribute_exists(pk) AND attribute_not_exists(pk)";

/// The partition and sort key of an item that never exists.
const NO_KEY: &str = "WARM-UP";

/// `GetItem` of an item that does not exist.
pub async fn get(table: &Table) {
    attempt(table.client.get_item().table_name(&table.name).set_key(Some(no_key())).send()).await;
}

/// `Query` of a partition that does not exist.
pub async fn query(table: &Table) {
    let query =
        table.client.query().table_name(&table.name).key_condition_expression("pk = :key AND sk = :key");
    attempt(query.expression_attribute_values(":key", text(NO_KEY)).send()).await;
}

/// `PutItem` whose condition never holds.
pub async fn put(table: &Table) {
    let put = table.client.put_item().table_name(&table.name).set_item(Some(no_key()));
    attempt(put.condition_expression(IMPOSSIBLE).send()).await;
}

/// `DeleteItem` whose condition never holds.
pub async fn delete(table: &Table) {
    let delete = table.client.delete_item().table_name(&table.name).set_key(Some(no_key()));
    attempt(delete.condition_expression(IMPOSSIBLE).send()).await;
}

fn no_key() -> Item {
    Partition::new(NO_KEY, &[]).item(NO_KEY.to_owned()).into_item()
}

/// One attempt outside the retry policy: a failed warm-up takes no retry from the instance's quota.
async fn attempt(call: impl Future) {
    let began = Instant::now();
    // If it fails, the first request opens the connection.
    let _ = tokio::time::timeout(TIMEOUT, Box::pin(call)).await;
    tracing::debug!(micros = began.elapsed().as_micros(), "opened the connection to DynamoDB");
}
