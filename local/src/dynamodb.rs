//! DynamoDB in this process: dynoxide over HTTP, for the SDK of the functions and for the AWS CLI.

use std::path::Path;

use aws_sdk_dynamodb::{
    Client,
    error::{BuildError, DisplayErrorContext},
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, StreamSpecification, TimeToLiveSpecification,
    },
};
pub use dynoxide::Database;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::{ServerHandle, template::TableSpec};

/// Applications and tokens. Tables are named by their logical ids.
pub const ACCESS_TABLE: &str = "AccessTable";
/// Messages, chat logs, users and pushes.
pub const CHAT_TABLE: &str = "ChatTable";
/// Webhook endpoints and the progress of deliveries.
pub const WEBHOOKS_TABLE: &str = "WebhooksTable";
/// Tickets and connections of the socket API.
pub const CONNECTIONS_TABLE: &str = "ConnectionsTable";

#[derive(Debug, Error)]
pub enum DynamoDbError {
    #[error("cannot open the data: {0}")]
    Data(String),
    #[error("cannot create table {table}: {reason}")]
    Table { table: String, reason: String },
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
}

/// Opens the database in the file `data`, or an empty one in memory.
///
/// # Errors
/// [`DynamoDbError`] if the file cannot be opened.
pub fn open(data: Option<&Path>) -> Result<Database, DynamoDbError> {
    let database = match data {
        Some(path) => Database::new(&path.to_string_lossy()),
        None => Database::memory(),
    };
    database.map_err(|error| DynamoDbError::Data(error.to_string()))
}

/// Serves a database.
///
/// # Errors
/// [`DynamoDbError`] if the listener has no address.
pub fn serve(listener: TcpListener, database: Database) -> Result<ServerHandle, DynamoDbError> {
    Ok(ServerHandle::start(listener, |listener, stop| async {
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, stop.wait()).await {
            tracing::error!("DynamoDB: {error}");
        }
    })?)
}

/// Creates the tables and the streams that do not exist.
///
/// # Errors
/// [`DynamoDbError`] if one cannot be created.
pub async fn create_tables(client: &Client, tables: &[TableSpec]) -> Result<(), DynamoDbError> {
    for table in tables {
        let failed = |reason: String| DynamoDbError::Table { table: table.id.clone(), reason };
        let stream = table.stream.as_deref().map(stream_specification).transpose();
        let stream = stream.map_err(|error| failed(error.to_string()))?;
        if let Ok(existing) = client.describe_table().table_name(&table.id).send().await {
            let has_stream = existing.table.is_some_and(|table| table.stream_specification.is_some());
            if let (Some(stream), false) = (stream, has_stream) {
                let update = client.update_table().table_name(&table.id).stream_specification(stream);
                update.send().await.map_err(|error| failed(DisplayErrorContext(error).to_string()))?;
            }
            continue;
        }
        let mut create = client
            .create_table()
            .table_name(&table.id)
            .billing_mode(BillingMode::PayPerRequest)
            .set_stream_specification(stream);
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

fn stream_specification(view_type: &str) -> Result<StreamSpecification, BuildError> {
    StreamSpecification::builder().stream_enabled(true).stream_view_type(view_type.into()).build()
}
