//! Connections, and the connections that are told about a topic.

use std::collections::BTreeSet;

use model::{ConnectionId, Timestamp, platform::Subscription};
use serde::{Deserialize, Serialize};

use super::{SubscriptionRecord, Topic};
use crate::{
    dynamodb::{
        error::StoreError,
        item::to_item,
        key::Key,
        operation::BATCH_WRITE_ITEM,
        query::Query,
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::{CONNECTION, connection_id},
};

/// The most connections of a user. One more closes the oldest one.
const MAX_CONNECTIONS: usize = 10;

/// The life of a connection's items, in seconds: 5 minutes more than the 2 hours after which API Gateway ends a connection.
const LIFETIME: u64 = (2 * 60 + 5) * 60;

/// The most connections of a topic that are told: a chat may have more, and a user only for a moment.
const PAGE: usize = 100;

/// A connection in the partition of a topic.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriberRecord {
    connected_at: Timestamp,
    /// In epoch seconds.
    expire_at: u64,
}

/// A connection that is told about a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subscriber {
    /// When the connection was stored, which is before its client is connected.
    pub connected_at: Timestamp,
    /// The connection.
    pub connection: ConnectionId,
}

/// The connections that are told about a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribers {
    /// At most 100.
    pub found: Vec<Subscriber>,
    /// Whether the topic has more connections, which are not told.
    pub has_more: bool,
}

/// Stores a connection with its subscription, removes the oldest ones of a user with more than 10, and
/// returns these, to be closed. One batch of up to 12 puts, then one strongly consistent query; two requests more for each
/// connection that is removed.
///
/// # Errors
/// [`StoreError`] if a write or the query fails. Items that were written then expire.
pub async fn open(
    table: &Table,
    connection: &ConnectionId,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<Vec<ConnectionId>, StoreError> {
    let expire_at = now.seconds() + LIFETIME;
    let own = SubscriptionRecord::until(expire_at, subscription);
    let mut items = vec![Key::connection(connection).with(to_item(&own, BATCH_WRITE_ITEM)?)];
    let subscriber = to_item(&SubscriberRecord { connected_at: now, expire_at }, BATCH_WRITE_ITEM)?;
    items.extend(
        Topic::of_subscription(subscription)
            .map(|topic| topic.subscriber(connection).with(subscriber.clone())),
    );
    table.batch_put(items).await?;

    let inbox = Topic::Inbox(subscription.user.clone());
    let mut others = read(table, &inbox, Consistency::Strong, now).await?.found;
    others.retain(|other| other.connection != *connection);
    others.sort_unstable();
    others.truncate((others.len() + 1).saturating_sub(MAX_CONNECTIONS));
    for surplus in &others {
        remove(table, &surplus.connection, Some(&inbox)).await?;
    }
    Ok(others.into_iter().map(|surplus| surplus.connection).collect())
}

/// Removes a connection, also from the topic in which it was found: a delete that was applied in part may have left it there
/// alone. One eventually consistent read and one batch of up to 12 deletes.
///
/// # Errors
/// [`StoreError`] if the read or the delete fails, or the connection is corrupt.
pub async fn remove(
    table: &Table,
    connection: &ConnectionId,
    found_in: Option<&Topic>,
) -> Result<(), StoreError> {
    let own: Option<SubscriptionRecord> =
        table.get(Key::connection(connection), Consistency::Eventual).await?;
    let mut topics: BTreeSet<_> = found_in.cloned().into_iter().collect();
    let mut keys = Vec::new();
    if let Some(own) = own {
        keys.push(Key::connection(connection));
        topics.extend(Topic::of_subscription(&own.into()));
    }
    keys.extend(topics.iter().map(|topic| topic.subscriber(connection)));
    if keys.is_empty() { Ok(()) } else { table.batch_delete(keys).await }
}

/// The connections that are told about a topic. One eventually consistent query, which may miss a connection of the last second
/// or so: a client reads after it has connected.
///
/// # Errors
/// [`StoreError`] if the query fails, or a connection is corrupt.
pub async fn find(table: &Table, topic: &Topic, now: Timestamp) -> Result<Subscribers, StoreError> {
    read(table, topic, Consistency::Eventual, now).await
}

async fn read(
    table: &Table,
    topic: &Topic,
    consistency: Consistency,
    now: Timestamp,
) -> Result<Subscribers, StoreError> {
    // One more tells whether there are more.
    let query = Query::of_kind(topic.partition(), CONNECTION).limit(Some(PAGE + 1));
    let page = table.query(query, consistency).await?;
    let mut found = Vec::new();
    for record in page.into_records() {
        let (sort_key, SubscriberRecord { connected_at, expire_at }) = record?;
        if is_live(expire_at, now) {
            found.push(Subscriber { connected_at, connection: connection_id(&sort_key)? });
        }
    }
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    Ok(Subscribers { found, has_more })
}
