//! Reading an inbox: deliveries in the order of their contents' first acceptance, with their contents.
//!
//! A page costs the same whatever the inbox holds: one query of at most 40 deliveries and two batch
//! reads in parallel, of acknowledgements and of contents. Deliveries that are not shown are skipped within a bound.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use model::{
    Timestamp, UserId,
    platform::{AckId, DeliveryRef, InboxCursor},
};

use super::{
    acknowledge::{IN_PARALLEL, remove},
    records::{
        AckRecord, ContentRecord, DELIVERIES, DeliveryRecord, ack_key, content_key, delivery_of,
        delivery_sort, inbox,
    },
};
use crate::{
    StoreError, Table,
    batch::Key,
    record::{from_item, lives, sort_of},
    table::{Direction, Read},
};

/// The most messages of a page: the contract's 20.
pub const PAGE: usize = 20;

/// The most deliveries that one query reads: as many again as a page, for those that are not shown. At about 200 bytes
/// each they are 2 read units.
const DELIVERIES_PER_QUERY: usize = 40;

/// The most queries of a page. Only a page that has found nothing to show asks again, so that deliveries which wait for
/// TTL, up to 200, do not make it empty.
const QUERIES: usize = 5;

/// How often contents are asked for again that the table had no capacity for, after 100 to 200 ms: a hot campaign must not
/// hold up a login.
const CONTENT_RETRIES: u32 = 1;

/// How long a page waits for the removal of deliveries that are never shown again.
const REMOVE_WITHIN: Duration = Duration::from_millis(500);

/// A message that waits for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingMessage {
    /// The acceptance, as an acknowledgement names it.
    pub id: AckId,
    /// The content as it was pushed.
    pub content: String,
    /// The deadline for this user, in epoch seconds.
    pub expire_at: u64,
}

impl WaitingMessage {
    /// The place after this message in its inbox.
    #[must_use]
    pub fn place(&self) -> InboxCursor {
        InboxCursor::After(self.id.delivery.clone())
    }
}

/// Messages that wait for a user.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct InboxPage {
    /// The messages, at most [`PAGE`].
    pub messages: Vec<WaitingMessage>,
    /// Where the next page begins; `None` if this was the last one.
    pub next: Option<InboxCursor>,
    /// Whether a message was left out because the table had no capacity for its content.
    pub is_throttled: bool,
}

/// Reads the messages that wait for a user at `now`, from the place `from` on.
///
/// A page may be short, or empty, and have a next one all the same: where it met deliveries that are not shown. Those that
/// were acknowledged or recalled it removes, and those that have expired where they fill a query; it waits half a second at
/// most for that, and a removal that fails is left to the next page.
///
/// Usually a query of about 2 read units, 20 units for the acknowledgements and half a unit for each 4 KB of content.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or an item is not what this crate writes.
pub async fn read(
    table: &Table,
    user: &UserId,
    from: &InboxCursor,
    now: Timestamp,
) -> Result<InboxPage, StoreError> {
    let mut page = Collected::default();
    let mut from = from.clone();
    for number in 0..QUERIES {
        page.next = match page.step(table, user, &from, now).await {
            Ok(next) => next,
            Err(error) if number == 0 => return Err(error),
            // The deliveries that were met so far are removed, so that the next page has less to pass.
            Err(error) => {
                tracing::debug!("the inbox was not read further: {error}");
                Some(from.clone())
            }
        };
        match &page.next {
            Some(next) if page.messages.is_empty() && *next != from => from = next.clone(),
            _ => break,
        }
    }
    remove_all(table, user, page.to_remove).await;
    Ok(InboxPage { messages: page.messages, next: page.next, is_throttled: page.is_throttled })
}

/// A delivery as it was read.
struct Delivery {
    id: AckId,
    expire_at: u64,
}

async fn query(
    table: &Table,
    user: &UserId,
    from: &InboxCursor,
) -> Result<(Vec<Delivery>, bool), StoreError> {
    let after = match from {
        InboxCursor::Start => None,
        InboxCursor::After(delivery) => Some(delivery_sort(delivery)),
    };
    let (limit, read) = (Some(DELIVERIES_PER_QUERY), Read::Consistent);
    let page = table.query_page(inbox(user), DELIVERIES, Direction::Forward, after, limit, read).await?;
    let deliveries = page.items.into_iter().map(|item| {
        let delivery: DeliveryRef =
            delivery_of(&sort_of(&item)?).ok_or_else(|| StoreError::unreadable("Query"))?;
        let DeliveryRecord { content_hash, accepted_at, expire_at } = from_item(item, "Query")?;
        Ok(Delivery { id: AckId { delivery, content_hash, accepted_at }, expire_at })
    });
    Ok((deliveries.collect::<Result<_, StoreError>>()?, page.has_more))
}

/// The messages of a page so far.
#[derive(Default)]
struct Collected {
    messages: Vec<WaitingMessage>,
    next: Option<InboxCursor>,
    is_throttled: bool,
    /// Deliveries that are never shown again.
    to_remove: Vec<AckId>,
}

impl Collected {
    /// Reads on from a place, and returns the place to go on from after it; `None` at the end of the inbox.
    async fn step(
        &mut self,
        table: &Table,
        user: &UserId,
        from: &InboxCursor,
        now: Timestamp,
    ) -> Result<Option<InboxCursor>, StoreError> {
        let (deliveries, has_more) = query(table, user, from).await?;
        let last = deliveries.last().map(|delivery| InboxCursor::After(delivery.id.delivery.clone()));
        let (live, expired): (Vec<_>, Vec<_>) =
            deliveries.into_iter().partition(|delivery| lives(delivery.expire_at, now));
        let first_left = self.fill(table, user, live, now).await?;
        if self.messages.is_empty() && has_more {
            self.to_remove.extend(expired.into_iter().map(|delivery| delivery.id));
        }
        Ok(first_left.or_else(|| last.filter(|_| has_more)))
    }

    /// Opens deliveries until the page is full, in two steps at most: as many as a page has, then as many as are missing.
    /// Returns the place before the first one that it did not open.
    async fn fill(
        &mut self,
        table: &Table,
        user: &UserId,
        deliveries: Vec<Delivery>,
        now: Timestamp,
    ) -> Result<Option<InboxCursor>, StoreError> {
        let mut left = deliveries.into_iter().peekable();
        let mut place = None;
        for _ in 0..2 {
            let step: Vec<_> = left.by_ref().take(PAGE - self.messages.len()).collect();
            let Some(last) = step.last() else { break };
            place = Some(InboxCursor::After(last.id.delivery.clone()));
            self.open(table, user, step, now).await?;
        }
        Ok(place.filter(|_| left.peek().is_some()))
    }

    /// Reads acknowledgements and contents of deliveries, and takes the messages that are to be shown.
    async fn open(
        &mut self,
        table: &Table,
        user: &UserId,
        deliveries: Vec<Delivery>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ack = |id: &AckId| ack_key(user, &id.delivery.app, &id.delivery.message, &id.content_hash);
        let acks = deliveries.iter().map(|delivery| ack(&delivery.id)).collect();
        let (acks, contents) = tokio::try_join!(
            table.get_many(acks, Read::Consistent),
            Contents::read(table, &deliveries, now),
        )?;
        for Delivery { id, expire_at } in deliveries {
            let record: Option<AckRecord> = acks.record(&ack(&id))?;
            if record.is_some_and(|record| record.holds_for(id.accepted_at)) {
                self.to_remove.push(id);
                continue;
            }
            match contents.of(&id, now) {
                Content::Shown(content) => {
                    let content = content.to_owned();
                    self.messages.push(WaitingMessage { id, content, expire_at });
                }
                Content::Gone => self.to_remove.push(id),
                Content::Throttled => self.is_throttled = true,
            }
        }
        Ok(())
    }
}

/// The content of a delivery, as far as it was read.
enum Content<'c> {
    Shown(&'c str),
    /// The content was recalled, or its id stands for other content by now.
    Gone,
    /// The table had no capacity to read it.
    Throttled,
}

/// Contents of deliveries: read eventually consistently, and strongly consistently where that does not show the content
/// that a delivery names.
#[derive(Default)]
struct Contents {
    records: HashMap<Key, ContentRecord>,
    throttled: HashSet<Key>,
}

impl Contents {
    async fn read(table: &Table, deliveries: &[Delivery], now: Timestamp) -> Result<Self, StoreError> {
        let mut contents = Self::default();
        let keys = deliveries.iter().map(|delivery| content_key(&delivery.id.delivery));
        contents.look_up(table, keys.collect(), Read::Eventual).await?;
        let in_doubt =
            deliveries.iter().filter(|delivery| matches!(contents.of(&delivery.id, now), Content::Gone));
        let keys: Vec<_> = in_doubt.map(|delivery| content_key(&delivery.id.delivery)).collect();
        if !keys.is_empty() {
            contents.look_up(table, keys, Read::Consistent).await?;
        }
        Ok(contents)
    }

    async fn look_up(&mut self, table: &Table, keys: Vec<Key>, read: Read) -> Result<(), StoreError> {
        for key in &keys {
            self.records.remove(key);
        }
        let found = table.get_available(keys, read, CONTENT_RETRIES).await?;
        self.throttled.extend(found.throttled);
        for (key, item) in found.items {
            self.records.insert(key, from_item(item, "BatchGetItem")?);
        }
        Ok(())
    }

    fn of(&self, id: &AckId, now: Timestamp) -> Content<'_> {
        let key = content_key(&id.delivery);
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
                && lives(*expire_at, now) =>
            {
                Content::Shown(content)
            }
            _ => Content::Gone,
        }
    }
}

/// Removes deliveries that are never shown again, within a bound of time.
async fn remove_all(table: &Table, user: &UserId, deliveries: Vec<AckId>) {
    if deliveries.is_empty() {
        return;
    }
    let removals = deliveries.into_iter().map(|id| async move { remove(table, user, &id).await });
    let removals = stream::iter(removals).buffer_unordered(IN_PARALLEL).try_collect::<()>();
    match tokio::time::timeout(REMOVE_WITHIN, removals).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("deliveries were not removed: {error}"),
        Err(_) => tracing::debug!("deliveries were not removed in time"),
    }
}
