//! DynamoDB in this process: dynoxide, over HTTP, so that the functions take the real SDK's way to it and the AWS CLI
//! reaches it too.

use std::path::Path;

use aws_sdk_dynamodb::{
    Client,
    error::DisplayErrorContext,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, TimeToLiveSpecification},
};
use dynoxide::Database;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::{ServerHandle, template::TableSpec};

/// The table of applications and tokens: here a table is called by its logical id in the template.
pub const ACCESS_TABLE: &str = "AccessTable";
/// The table of messages, chat logs, users and pushes.
pub const CHAT_TABLE: &str = "ChatTable";

/// DynamoDB did not start.
#[derive(Debug, Error)]
pub enum DynamoDbError {
    /// The data cannot be opened.
    #[error("cannot open the data: {0}")]
    Data(String),
    /// A table of the template cannot be created.
    #[error("cannot create table {table}: {reason}")]
    Table {
        /// The table.
        table: String,
        /// Why not.
        reason: String,
    },
    /// The listener has no address.
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
}

/// Serves what is in the file `data`, or an empty database in memory, on `listener`.
///
/// # Errors
/// [`DynamoDbError`] if the file cannot be opened.
pub fn serve(listener: TcpListener, data: Option<&Path>) -> Result<ServerHandle, DynamoDbError> {
    let database = match data {
        Some(path) => Database::new(&path.to_string_lossy()),
        None => Database::memory(),
    };
    let database = database.map_err(|error| DynamoDbError::Data(error.to_string()))?;
    Ok(ServerHandle::start(listener, |listener, stop| async {
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, stop.wait()).await {
            tracing::error!("DynamoDB: {error}");
        }
    })?)
}

/// Creates those of `tables` that do not exist.
///
/// # Errors
/// [`DynamoDbError`] if one cannot be created.
pub async fn create_tables(client: &Client, tables: &[TableSpec]) -> Result<(), DynamoDbError> {
    for table in tables {
        let failed = |reason: String| DynamoDbError::Table { table: table.id.clone(), reason };
        if client.describe_table().table_name(&table.id).send().await.is_ok() {
            continue;
        }
        let mut create = client.create_table().table_name(&table.id).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in &table.attributes {
            let attribute =
                AttributeDefinition::builder().attribute_name(name).attribute_type(kind.as_str().into());
            create =
                create.attribute_definitions(attribute.build().map_err(|error| failed(error.to_string()))?);
        }
        for (name, kind) in &table.key {
            let element = KeySchemaElement::builder().attribute_name(name).key_type(kind.as_str().into());
            create = create.key_schema(element.build().map_err(|error| failed(error.to_string()))?);
        }
        create.send().await.map_err(|error| failed(DisplayErrorContext(error).to_string()))?;
        if let Some(attribute) = &table.ttl_attribute {
            let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true);
            let ttl = ttl.build().map_err(|error| failed(error.to_string()))?;
            let update = client.update_time_to_live().table_name(&table.id).time_to_live_specification(ttl);
            update.send().await.map_err(|error| failed(DisplayErrorContext(error).to_string()))?;
        }
    }
    Ok(())
}
