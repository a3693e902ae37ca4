//! The rejected design of a push, for comparison: a copy of the content for each user.

use std::io;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, ReturnConsumedCapacity, WriteRequest},
};
use local::dynamodb::CHAT_TABLE;
use tests::System;

use crate::consumption::Use;

/// The limit of items in `BatchWriteItem`
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>).
const BATCH: usize = 25;

/// Writes a copy for each user, as a push of that design would.
pub async fn push(system: &System, users: usize, content: &str, id: &str) -> io::Result<Use> {
    let client = client(system);
    let copies: Vec<_> = (0..users).map(|user| copy(user, content, id)).collect::<io::Result<_>>()?;
    for batch in copies.chunks(BATCH) {
        let write = client.batch_write_item().request_items(CHAT_TABLE, batch.to_vec());
        write
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(io::Error::other)?;
    }
    Ok(system.proxy.recorded().iter().collect())
}

/// Reads one user's copy with a strongly consistent query, as an inbox is read.
pub async fn read(system: &System, id: &str) -> io::Result<Use> {
    let query = client(system).query().table_name(CHAT_TABLE);
    query
        .key_condition_expression("pk = :inbox AND sk = :message")
        .expression_attribute_values(":inbox", inbox(0))
        .expression_attribute_values(":message", AttributeValue::S(id.to_owned()))
        .consistent_read(true)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await
        .map_err(io::Error::other)?;
    Ok(system.proxy.recorded().iter().collect())
}

/// A client through the proxy, which first discards the requests that it has recorded.
fn client(system: &System) -> Client {
    system.proxy.forget();
    store::client::at_endpoint(&system.proxy.url())
}

fn inbox(user: usize) -> AttributeValue {
    AttributeValue::S(format!("COPY#user-{user}"))
}

fn copy(user: usize, content: &str, id: &str) -> io::Result<WriteRequest> {
    let put = PutRequest::builder()
        .item("pk", inbox(user))
        .item("sk", AttributeValue::S(id.to_owned()))
        .item("content", AttributeValue::S(content.to_owned()))
        .item("acceptedAt", AttributeValue::N("1795219200000".to_owned()))
        .item("expireAt", AttributeValue::N("1795219200".to_owned()))
        .build()
        .map_err(io::Error::other)?;
    Ok(WriteRequest::builder().put_request(put).build())
}
