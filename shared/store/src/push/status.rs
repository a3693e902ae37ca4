//! The status of a push, user by user.
//!
//! The users of each request are one item. A page may start within such an item. One batch reads the acknowledgements and
//! deliveries of the page's users.

use std::{collections::HashMap, sync::Arc};

use model::{AppId, ContentHash, MessageId, Timestamp, UserId, platform::DeliveryRef, push::StatusCursor};

use super::records::{AckRecord, DeliveryRecord, RecalledRecord, RecipientsRecord};
use crate::{
    dynamodb::{
        batch::BatchItems,
        error::StoreError,
        key::{Key, Partition},
        query::Query,
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::{RECIPIENTS, recipients_sort_key, request_of_recipients},
};

/// The recipients items that each query of a page reads; `None` is one megabyte. The first query suffices for a campaign of
/// 2,500 users. The others are for requests of few users, and for expired items that TTL has not deleted yet.
const ITEMS_PER_QUERY: [Option<usize>; 3] = [Some(25), Some(200), None];

/// After this time a push writes no more deliveries: the timeout of its function.
const WRITTEN_WITHIN_MILLIS: u64 = 10_000;

/// The status of a push for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The user.
    pub user: UserId,
    /// The status.
    pub state: PushState,
    /// Since when.
    pub at: Timestamp,
}

/// The status of a push for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushState {
    /// In the user's inbox.
    Pending,
    /// Acknowledged as delivered.
    Delivered,
    /// Acknowledged as read.
    Read,
    /// The deadline passed before the delivery.
    Expired,
    /// Recalled before the delivery.
    Recalled,
}

/// A page of recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// Each user once, in the order of the recipients items.
    pub recipients: Vec<Recipient>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<StatusCursor>,
}

/// Reads the status of a message at `now` for at most `limit` users, starting at `from`. For 30 days the users of earlier
/// content of the same id are listed too.
///
/// One strongly consistent query for a campaign of up to 2,500 users; at most three queries and 2.5 MB. A page that skipped
/// many expired items may be short, or empty, and still have a next page.
///
/// Then one batch: two eventually consistent reads per user (together one read unit) and one per message. A user without an
/// acknowledgement or a delivery, whose deadline has not passed, is read again strongly consistently: the delivery may be
/// new, or an acknowledgement may have replaced it between the two reads.
///
/// # Errors
/// [`StoreError`] if a read fails, or an item is corrupt.
pub async fn read(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    from: Option<&StatusCursor>,
    limit: usize,
    now: Timestamp,
) -> Result<StatusPage, StoreError> {
    let mut users = PageUsers::at_most(limit);
    let mut cursor = from.cloned();
    let mut next = None;
    'page: for limit in ITEMS_PER_QUERY {
        let (items, has_more) = query(table, app, message, cursor.as_ref(), limit).await?;
        for (call, record) in items {
            let index = cursor.as_ref().filter(|cursor| cursor.call == call).map_or(0, |cursor| cursor.index);
            if is_live(record.expire_at, now)
                && let Some(index) = users.add(record, index)
            {
                next = Some(StatusCursor { call, index });
                break 'page;
            }
            // The next query reads this item again, and skips all of its users.
            cursor = Some(StatusCursor { call, index: usize::MAX });
        }
        next = cursor.clone().filter(|_| has_more);
        if !has_more {
            break;
        }
    }
    let recipients = states(table, app, message, users.users, now).await?;
    Ok(StatusPage { recipients, next })
}

/// Returns the recipients items, starting with the one of `from`, each with its request hash, and whether there are more.
async fn query(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    from: Option<&StatusCursor>,
    limit: Option<usize>,
) -> Result<(Vec<(String, RecipientsRecord)>, bool), StoreError> {
    let partition = Partition::push(app, message);
    let query = match from {
        None => Query::of_kind(partition, RECIPIENTS),
        Some(cursor) => Query::from(partition, RECIPIENTS, recipients_sort_key(&cursor.call)),
    };
    let page = table.query(query.limit(limit), Consistency::Strong).await?;
    let has_more = page.has_more;
    let items = page.into_records().map(|record| {
        let (sort_key, record) = record?;
        Ok((request_of_recipients(&sort_key)?, record))
    });
    Ok((items.collect::<Result<_, StoreError>>()?, has_more))
}

/// One push request, without its users.
struct PushRequest {
    content_hash: ContentHash,
    first_accepted_at: Timestamp,
    accepted_at: Timestamp,
    /// In epoch seconds.
    deadline: u64,
}

/// The users of a page, each once, with the latest request that named the user.
struct PageUsers {
    limit: usize,
    users: Vec<(UserId, Arc<PushRequest>)>,
    index_by_user: HashMap<UserId, usize>,
}

impl PageUsers {
    fn at_most(limit: usize) -> Self {
        Self { limit, users: Vec::new(), index_by_user: HashMap::new() }
    }

    /// Adds the users of a recipients item, starting at `index`. Returns the index of the first user that exceeds the limit.
    fn add(&mut self, record: RecipientsRecord, index: usize) -> Option<usize> {
        let RecipientsRecord { users, content_hash, first_accepted_at, accepted_at, deadline, .. } = record;
        let request = Arc::new(PushRequest { content_hash, first_accepted_at, accepted_at, deadline });
        for (index, user) in users.into_iter().enumerate().skip(index) {
            let (count, known) = (self.users.len(), self.index_by_user.get(&user).copied());
            match known.and_then(|known| self.users.get_mut(known)) {
                Some((_, latest)) if latest.accepted_at < request.accepted_at => {
                    *latest = Arc::clone(&request);
                }
                Some(_) => {}
                None if count == self.limit => return Some(index),
                None => {
                    self.index_by_user.insert(user.clone(), count);
                    self.users.push((user, Arc::clone(&request)));
                }
            }
        }
        None
    }
}

/// Reads the status of each user, in their order.
async fn states(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    users: Vec<(UserId, Arc<PushRequest>)>,
    now: Timestamp,
) -> Result<Vec<Recipient>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let keys = |user: &UserId, request: &PushRequest| {
        let first_accepted_at = request.first_accepted_at;
        let delivery = DeliveryRef { first_accepted_at, app: app.clone(), message: message.clone() };
        let ack = Key::acknowledgement(user, app, message, &request.content_hash);
        [ack, Key::delivery(user, &delivery), Key::recalled(app, message, first_accepted_at)]
    };
    let all = users.iter().flat_map(|(user, request)| keys(user, request));
    let mut found = table.batch_get(all.collect(), Consistency::Eventual).await?;

    // A delivery is deleted after the acknowledgement or the recall was written, which the first look may have missed.
    let is_in_doubt = |found: &BatchItems, user: &UserId, request: &PushRequest| {
        let [ack, delivery, _] = keys(user, request);
        let is_found = found.items.contains_key(&ack) || found.items.contains_key(&delivery);
        is_live(request.deadline, now) && !is_found
    };
    let in_doubt = users.iter().filter(|(user, request)| is_in_doubt(&found, user, request));
    let in_doubt: Vec<Key> = in_doubt.flat_map(|(user, request)| keys(user, request)).collect();
    if !in_doubt.is_empty() {
        found.items.extend(table.batch_get(in_doubt, Consistency::Strong).await?.items);
    }
    let recipients = users.into_iter().map(|(user, request)| {
        let [ack, delivery, recalled] = keys(&user, &request);
        let (ack, delivery, recalled) =
            (found.record(&ack)?, found.record(&delivery)?, found.record(&recalled)?);
        let (state, at) = state(&request, ack, delivery, recalled, now);
        Ok(Recipient { user, state, at })
    });
    recipients.collect()
}

/// The status for one user of a request, and since when.
fn state(
    request: &PushRequest,
    ack: Option<AckRecord>,
    delivery: Option<DeliveryRecord>,
    recalled: Option<RecalledRecord>,
    now: Timestamp,
) -> (PushState, Timestamp) {
    // The delivery holds the latest request that named the user, which may be on another page.
    let delivery = delivery.filter(|delivery| delivery.content_hash == request.content_hash);
    let (accepted_at, deadline) =
        delivery.as_ref().map_or((request.accepted_at, request.deadline), |delivery| {
            (delivery.accepted_at, delivery.expire_at)
        });
    let recalled = recalled.filter(|recalled| is_live(deadline, recalled.at));
    let written_by = Timestamp::from_millis(request.accepted_at.millis() + WRITTEN_WITHIN_MILLIS);
    match (ack.filter(|ack| ack.holds_for(accepted_at)), recalled) {
        (Some(AckRecord { read_at: Some(at), .. }), _) => (PushState::Read, at),
        (Some(AckRecord { delivered_at, .. }), _) => (PushState::Delivered, delivered_at),
        (None, Some(recalled)) => (PushState::Recalled, recalled.at),
        (None, None) if !is_live(deadline, now) => {
            (PushState::Expired, Timestamp::from_millis(deadline * 1000))
        }
        (None, None) if delivery.is_some() || now < written_by => (PushState::Pending, accepted_at),
        // Without a delivery the message never reaches the user, even before the deadline.
        (None, None) => (PushState::Expired, written_by),
    }
}
