//! Reading an inbox: a page of deliveries with their contents, in the order of the contents' first acceptance.
//!
//! The cost of a page does not depend on the size of the inbox: one query of at most 40 deliveries, and two batch reads in
//! parallel, of acknowledgements and of contents. Deliveries that are not shown are skipped, up to a limit.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use model::{
    Timestamp, UserId,
    platform::{AckId, InboxCursor},
};

use super::{
    acknowledge::{CONCURRENCY, delete_delivery},
    records::{AckRecord, ContentRecord, DeliveryRecord},
};
use crate::{
    dynamodb::{
        error::StoreError,
        item::from_item,
        key::{Key, Partition},
        operation::BATCH_GET_ITEM,
        query::Query,
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::{DELIVERY, delivery_sort_key, parse_delivery},
};

/// The messages of a page: the contract's 20.
pub const PAGE_SIZE: usize = 20;

/// The deliveries of one query: twice a page, because some are not shown. At about 200 bytes each they take 2 read units.
const DELIVERIES_PER_QUERY: usize = 40;

/// The queries of a page. Only a page without a message queries again, so that up to 200 expired deliveries that TTL has not
/// deleted yet do not make it empty.
const MAX_QUERIES: usize = 5;

/// The retries of throttled contents, after 100 to 200 ms: a hot campaign must not delay a login.
const CONTENT_RETRIES: u32 = 1;

/// The time that a page waits for the deletion of deliveries that are never shown again.
const DELETE_WITHIN: Duration = Duration::from_millis(500);

/// A pending message of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxMessage {
    /// The id for the acknowledgement: delivery, content and acceptance.
    pub id: AckId,
    /// The content as it was pushed.
    pub content: String,
    /// The deadline for this user, in epoch seconds.
    pub expire_at: u64,
}

impl InboxMessage {
    /// The cursor after this message.
    #[must_use]
    pub fn cursor(&self) -> InboxCursor {
        InboxCursor::After(self.id.delivery.clone())
    }
}

/// A page of an inbox.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct InboxPage {
    /// At most [`PAGE_SIZE`] messages, oldest content first.
    pub messages: Vec<InboxMessage>,
    /// Where the next page starts; `None` at the end of the inbox.
    pub next: Option<InboxCursor>,
    /// Whether a message was left out because its content was throttled.
    pub is_throttled: bool,
}

/// Reads the pending messages of a user at `now`, starting at `from`.
///
/// A page may be short, or empty, and still have a next page, because some deliveries are not shown. Deliveries that were
/// acknowledged or recalled are deleted, and expired ones if they fill a query. The page waits 500 ms at most for the
/// deletions. A failed deletion is left to the next page.
///
/// Usually about 2 read units for the query, 20 for the acknowledgements, and half a unit per 4 KB of content.
///
/// # Errors
/// [`StoreError`] if the first query or its batch reads fail, or an item is corrupt.
pub async fn read(
    table: &Table,
    user: &UserId,
    from: &InboxCursor,
    now: Timestamp,
) -> Result<InboxPage, StoreError> {
    let mut page = PageBuilder { table, user, now, page: InboxPage::default(), to_delete: Vec::new() };
    let mut from = from.clone();
    for number in 0..MAX_QUERIES {
        let next = match page.read_on(&from).await {
            Ok(next) => next,
            Err(error) if number == 0 => return Err(error),
            // The deliveries read so far are still deleted, so that the next page has fewer to skip.
            Err(error) => {
                tracing::debug!("the inbox was not read further: {error}");
                Some(from.clone())
            }
        };
        page.page.next.clone_from(&next);
        match next {
            Some(next) if page.page.messages.is_empty() && next != from => from = next,
            _ => break,
        }
    }
    delete_deliveries(table, user, page.to_delete).await;
    Ok(page.page)
}

/// A delivery as the query returned it.
struct Delivery {
    id: AckId,
    expire_at: u64,
}

impl Delivery {
    fn content_key(&self) -> Key {
        content_key(&self.id)
    }
}

fn content_key(id: &AckId) -> Key {
    Key::content(&id.delivery.app, &id.delivery.message)
}

/// One strongly consistent query. Returns the deliveries, and whether the inbox has more.
async fn query(
    table: &Table,
    user: &UserId,
    from: &InboxCursor,
) -> Result<(Vec<Delivery>, bool), StoreError> {
    let after = match from {
        InboxCursor::Start => None,
        InboxCursor::After(delivery) => Some(delivery_sort_key(delivery)),
    };
    let query =
        Query::of_kind(Partition::inbox(user), DELIVERY).after(after).limit(Some(DELIVERIES_PER_QUERY));
    let page = table.query(query, Consistency::Strong).await?;
    let has_more = page.has_more;
    let deliveries = page.into_records().map(|record| {
        let (sort_key, DeliveryRecord { content_hash, accepted_at, expire_at }) = record?;
        let delivery = parse_delivery(&sort_key)?;
        Ok(Delivery { id: AckId { delivery, content_hash, accepted_at }, expire_at })
    });
    Ok((deliveries.collect::<Result<_, StoreError>>()?, has_more))
}

/// A page under construction.
struct PageBuilder<'t> {
    table: &'t Table,
    user: &'t UserId,
    now: Timestamp,
    page: InboxPage,
    /// Deliveries that are never shown again.
    to_delete: Vec<AckId>,
}

impl PageBuilder<'_> {
    /// Sends one query, starting at `from`, and the batch reads for it. Returns where to continue; `None` at the end of the
    /// inbox.
    async fn read_on(&mut self, from: &InboxCursor) -> Result<Option<InboxCursor>, StoreError> {
        let (deliveries, has_more) = query(self.table, self.user, from).await?;
        let last = deliveries.last().map(|delivery| InboxCursor::After(delivery.id.delivery.clone()));
        let (live, expired): (Vec<_>, Vec<_>) =
            deliveries.into_iter().partition(|delivery| is_live(delivery.expire_at, self.now));
        let rest = self.fill(live).await?;
        if self.page.messages.is_empty() && has_more {
            self.to_delete.extend(expired.into_iter().map(|delivery| delivery.id));
        }
        Ok(rest.or_else(|| last.filter(|_| has_more)))
    }

    /// Looks up deliveries until the page is full, in two steps at most: first as many as a page has, then as many as are
    /// missing. Returns the cursor before the first delivery that it did not look up.
    async fn fill(&mut self, deliveries: Vec<Delivery>) -> Result<Option<InboxCursor>, StoreError> {
        let mut rest = deliveries.into_iter().peekable();
        let mut cursor = None;
        for _ in 0..2 {
            let step: Vec<_> = rest.by_ref().take(PAGE_SIZE - self.page.messages.len()).collect();
            let Some(last) = step.last() else { break };
            cursor = Some(InboxCursor::After(last.id.delivery.clone()));
            self.look_up(step).await?;
        }
        Ok(cursor.filter(|_| rest.peek().is_some()))
    }

    /// Reads acknowledgements (strongly consistent) and contents in parallel, and adds the messages to show.
    async fn look_up(&mut self, deliveries: Vec<Delivery>) -> Result<(), StoreError> {
        let user = self.user;
        let ack_key =
            |id: &AckId| Key::acknowledgement(user, &id.delivery.app, &id.delivery.message, &id.content_hash);
        let acks = deliveries.iter().map(|delivery| ack_key(&delivery.id)).collect();
        let (acks, contents) = tokio::try_join!(
            self.table.batch_get(acks, Consistency::Strong),
            Contents::read(self.table, &deliveries, self.now),
        )?;
        for Delivery { id, expire_at } in deliveries {
            let ack: Option<AckRecord> = acks.record(&ack_key(&id))?;
            if ack.is_some_and(|ack| ack.holds_for(id.accepted_at)) {
                self.to_delete.push(id);
                continue;
            }
            match contents.of(&id, self.now) {
                Content::Available(content) => {
                    let content = content.to_owned();
                    self.page.messages.push(InboxMessage { id, content, expire_at });
                }
                Content::Gone => self.to_delete.push(id),
                Content::Throttled => self.page.is_throttled = true,
            }
        }
        Ok(())
    }
}

/// The content of a delivery.
enum Content<'c> {
    Available(&'c str),
    /// The content was recalled, or the message id has other content now.
    Gone,
    Throttled,
}

/// The contents of deliveries. They are read eventually consistently. A content that is missing or differs from its delivery
/// is read again strongly consistently.
#[derive(Default)]
struct Contents {
    records: HashMap<Key, ContentRecord>,
    throttled: HashSet<Key>,
}

impl Contents {
    async fn read(table: &Table, deliveries: &[Delivery], now: Timestamp) -> Result<Self, StoreError> {
        let mut contents = Self::default();
        let keys = deliveries.iter().map(Delivery::content_key).collect();
        contents.read_batch(table, keys, Consistency::Eventual).await?;
        let in_doubt =
            deliveries.iter().filter(|delivery| matches!(contents.of(&delivery.id, now), Content::Gone));
        let keys: Vec<_> = in_doubt.map(Delivery::content_key).collect();
        if !keys.is_empty() {
            contents.read_batch(table, keys, Consistency::Strong).await?;
        }
        Ok(contents)
    }

    async fn read_batch(
        &mut self,
        table: &Table,
        keys: Vec<Key>,
        consistency: Consistency,
    ) -> Result<(), StoreError> {
        for key in &keys {
            self.records.remove(key);
        }
        let found = table.batch_get_unthrottled(keys, consistency, CONTENT_RETRIES).await?;
        self.throttled.extend(found.throttled);
        for (key, item) in found.items {
            self.records.insert(key, from_item(item, BATCH_GET_ITEM)?);
        }
        Ok(())
    }

    fn of(&self, id: &AckId, now: Timestamp) -> Content<'_> {
        let key = content_key(id);
        if self.throttled.contains(&key) {
            return Content::Throttled;
        }
        match self.records.get(&key) {
            Some(ContentRecord {
                content: Some(content),
                content_hash,
                first_accepted_at,
                expire_at,
                ..
            }) if *content_hash == id.content_hash
                && *first_accepted_at == id.delivery.first_accepted_at
                && is_live(*expire_at, now) =>
            {
                Content::Available(content)
            }
            _ => Content::Gone,
        }
    }
}

/// Deletes deliveries that are never shown again, within [`DELETE_WITHIN`].
async fn delete_deliveries(table: &Table, user: &UserId, deliveries: Vec<AckId>) {
    if deliveries.is_empty() {
        return;
    }
    let deletions = deliveries.into_iter().map(|id| async move { delete_delivery(table, user, &id).await });
    let deletions = stream::iter(deletions).buffer_unordered(CONCURRENCY).try_collect::<()>();
    match tokio::time::timeout(DELETE_WITHIN, deletions).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("deliveries were not deleted: {error}"),
        Err(_) => tracing::debug!("deliveries were not deleted in time"),
    }
}
