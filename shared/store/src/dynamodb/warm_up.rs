//! Opens the connection to DynamoDB during init, so that the first request does not wait for it.

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

/// The operation that opens the connection: the cheapest one that the function's role allows. It reads and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// `GetItem` of an item that does not exist.
    Get,
    /// `Query` of a partition that does not exist.
    Query,
    /// `PutItem` whose condition never holds.
    Put,
    /// `DeleteItem` whose condition never holds.
    Delete,
}

impl WarmUp {
    /// Opens the connection. A failure is no reason not to start.
    pub async fn run(self, table: &Table) {
        let (client, name) = (&table.client, &table.name);
        match self {
            Self::Get => attempt(client.get_item().table_name(name).set_key(Some(no_key())).send()).await,
            Self::Query => {
                let query =
                    client.query().table_name(name).key_condition_expression("pk = :key AND sk = :key");
                attempt(query.expression_attribute_values(":key", text(NO_KEY)).send()).await;
            }
            Self::Put => {
                let put = client.put_item().table_name(name).set_item(Some(no_key()));
                attempt(put.condition_expression(IMPOSSIBLE).send()).await;
            }
            Self::Delete => {
                let delete = client.delete_item().table_name(name).set_key(Some(no_key()));
                attempt(delete.condition_expression(IMPOSSIBLE).send()).await;
            }
        }
    }
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
