//! Endpoints: where an application wants the messages of a source. One partition holds all of them, because they are few and
//! are rarely written.

use model::{AppId, Source, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    dynamodb::{
        error::StoreError,
        expression::{Expression, number},
        item::from_item,
        key::{Key, Partition},
        operation::PUT_ITEM,
        query::Query,
        table::{ConditionalWrite, Consistency, Table},
    },
    keys::{ENDPOINT, endpoint_sort_key},
};

/// The endpoint of an application for one of its sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The source whose messages are delivered.
    pub source: Source,
    /// The application.
    pub app_id: AppId,
    /// The URL, as the operator set it. A reader parses it again.
    pub url: String,
    /// Whether messages are delivered.
    #[serde(flatten)]
    pub status: EndpointStatus,
    /// When the URL or the status was set last.
    pub changed_at: Timestamp,
}

/// Whether messages are delivered to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", content = "because", rename_all = "camelCase")]
pub enum EndpointStatus {
    /// They are.
    Enabled,
    /// They are not.
    Disabled(DisabledBecause),
}

/// Why an endpoint is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DisabledBecause {
    /// An operator disabled it.
    Operator,
    /// The receiver answered 410.
    Gone,
    /// All attempts of 72 hours failed.
    Failing,
}

/// The endpoints that one query read.
#[derive(Debug)]
pub struct EndpointPage {
    /// In the order of their sources as text.
    pub endpoints: Vec<Endpoint>,
    /// The place after which to continue; `None` at the end.
    pub next: Option<String>,
}

/// Stores an endpoint, and replaces one that exists. One put.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn put(table: &Table, endpoint: &Endpoint) -> Result<(), StoreError> {
    table.put(Key::endpoint(endpoint.source, &endpoint.app_id), endpoint).await
}

/// Reads an endpoint. One strongly consistent read.
///
/// # Errors
/// [`StoreError`] if the read fails, or the endpoint is corrupt.
pub async fn find(table: &Table, source: Source, app: &AppId) -> Result<Option<Endpoint>, StoreError> {
    table.get(Key::endpoint(source, app), Consistency::Strong).await
}

/// Reads the endpoints of a source, or of all sources. One strongly consistent query of one megabyte, about 3,000 endpoints.
///
/// # Errors
/// [`StoreError`] if the query fails, or an endpoint is corrupt.
pub async fn page(
    table: &Table,
    source: Option<Source>,
    after: Option<String>,
) -> Result<EndpointPage, StoreError> {
    let query = match source {
        Some(source) => Query::of_ids(Partition::endpoints(), ENDPOINT, &[&source.to_string()]),
        None => Query::of_kind(Partition::endpoints(), ENDPOINT),
    };
    let page = table.query(query.after(after), Consistency::Strong).await?;
    let has_more = page.has_more;
    let endpoints = page.into_records().map(|record| record.map(|(_, endpoint)| endpoint));
    let endpoints = endpoints.collect::<Result<Vec<Endpoint>, StoreError>>()?;
    let last = endpoints.last().filter(|_| has_more);
    let next = last.map(|endpoint| endpoint_sort_key(endpoint.source, &endpoint.app_id));
    Ok(EndpointPage { endpoints, next })
}

/// Enables an endpoint unless it changed since it was read; returns whether it did. One conditional put.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn enable(table: &Table, endpoint: &Endpoint, now: Timestamp) -> Result<bool, StoreError> {
    set_status(table, endpoint, EndpointStatus::Enabled, now).await
}

/// Disables an endpoint unless it changed since it was read; returns whether it did. One conditional put.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn disable(
    table: &Table,
    endpoint: &Endpoint,
    because: DisabledBecause,
    now: Timestamp,
) -> Result<bool, StoreError> {
    set_status(table, endpoint, EndpointStatus::Disabled(because), now).await
}

async fn set_status(
    table: &Table,
    endpoint: &Endpoint,
    status: EndpointStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = Endpoint { status, changed_at: now, ..endpoint.clone() };
    let is_unchanged =
        Expression::new("changedAt = :read", [(":read", number(endpoint.changed_at.millis()))]);
    let key = Key::endpoint(endpoint.source, &endpoint.app_id);
    Ok(match table.put_if(key, &changed, is_unchanged).await? {
        ConditionalWrite::Written(_) => true,
        // An earlier attempt, whose answer was lost, may have written it.
        ConditionalWrite::ConditionFailed(item) => from_item::<Endpoint>(item, PUT_ITEM)? == changed,
    })
}
