//! Opens the connection to DynamoDB in init, so that the first request need not.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    Table,
    table::{Item, keyed},
};

/// The longest that a start waits for the connection.
const TIMEOUT: Duration = Duration::from_millis(300);

/// A condition that no item fulfils.
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
                let key = AttributeValue::S(NO_KEY.to_owned());
                attempt(query.expression_attribute_values(":key", key).send()).await;
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
    keyed(NO_KEY.to_owned(), NO_KEY.to_owned(), Item::new())
}

/// One attempt outside of the retries of requests: a failed warm-up takes none of their budget.
async fn attempt(call: impl Future) {
    let began = Instant::now();
    // Whatever the outcome, a connection is open or the first request opens one.
    let _ = tokio::time::timeout(TIMEOUT, Box::pin(call)).await;
    tracing::debug!(micros = began.elapsed().as_micros(), "opened the connection to DynamoDB");
}
