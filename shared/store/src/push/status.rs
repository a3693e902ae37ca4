//! The outcome of a push, user by user.
//!
//! The users of each call are one item. A page goes on from a place within such an item; acknowledgements and deliveries of
//! its users are read in one batch.

use std::{collections::HashMap, sync::Arc};

use model::{AppId, ContentHash, MessageId, Timestamp, UserId, platform::DeliveryRef, push::StatusCursor};

use super::records::{
    AckRecord, DeliveryRecord, LAST_CALL, RecalledRecord, RecipientsRecord, ack_key, call_of_sort,
    delivery_sort, inbox, partition, recalled_key, recipients_sort,
};
use crate::{
    StoreError, Table,
    batch::{Found, Key},
    record::{from_item, lives, sort_of},
    table::{Direction, Range, Read},
};

/// How many calls each query of a page reads; `None` is a megabyte. The first suffices for a campaign of 2,500 users. More
/// of them are for calls of few users, and for calls that wait for TTL.
const CALLS_PER_QUERY: [Option<usize>; 3] = [Some(25), Some(200), None];

/// How long after its acceptance a push may still write deliveries: as long as a function may run.
const WRITTEN_WITHIN_MILLIS: u64 = 10_000;

/// The outcome of a push for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The user.
    pub user: UserId,
    /// The outcome.
    pub state: PushState,
    /// Since when.
    pub at: Timestamp,
}

/// The outcome of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushState {
    /// It waits for the user.
    Pending,
    /// The user has it.
    Delivered,
    /// The user has read it.
    Read,
    /// Its deadline was over before the user had it.
    Expired,
    /// It was recalled before the user had it.
    Recalled,
}

/// Recipients of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// The recipients, each user once, in the order of the calls as they are stored.
    pub recipients: Vec<Recipient>,
    /// Where the next page begins; `None` if this was the last one.
    pub next: Option<StatusCursor>,
}

/// Reads the outcome of an application's message at `now`, for at most `limit` users from the place `from` on. Users of an
/// earlier content of the same id are among them for 30 days.
///
/// One query for a campaign of up to 2,500 users, three and 2.5 MB at most; a page that met many calls which wait for
/// TTL may be short, or empty, and have a next one. Then one batch: two eventually consistent reads for each user, a read
/// unit together, and one for the message. A user for whom it shows neither an acknowledgement nor a delivery, though the
/// deadline is not over, is looked up once more, strongly consistently: a delivery may be too new to be seen, or the
/// acknowledgement may have replaced it between two reads.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or an item is not what this crate writes.
pub async fn read(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    from: Option<&StatusCursor>,
    limit: usize,
    now: Timestamp,
) -> Result<StatusPage, StoreError> {
    let mut named = Named::at_most(limit);
    let mut place = from.cloned();
    let mut next = None;
    'page: for limit in CALLS_PER_QUERY {
        let (calls, has_more) = query(table, app, message, place.as_ref(), limit).await?;
        for (call, record) in calls {
            let index = place.as_ref().filter(|place| place.call == call).map_or(0, |place| place.index);
            if lives(record.expire_at, now)
                && let Some(index) = named.add(record, index)
            {
                next = Some(StatusCursor { call, index });
                break 'page;
            }
            // The next query begins with this call once more, and passes it.
            place = Some(StatusCursor { call, index: usize::MAX });
        }
        next = place.clone().filter(|_| has_more);
        if !has_more {
            break;
        }
    }
    let recipients = outcomes(table, app, message, named.users, now).await?;
    Ok(StatusPage { recipients, next })
}

/// The calls from the one of `place` on, each with its hash, and whether there are more.
async fn query(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    place: Option<&StatusCursor>,
    limit: Option<usize>,
) -> Result<(Vec<(String, RecipientsRecord)>, bool), StoreError> {
    let from = recipients_sort(place.map_or("", |place| &place.call));
    let range = Range { from: &from, to: LAST_CALL };
    let (partition, read) = (partition(app, message), Read::Consistent);
    let page = table.query_page(partition, range, Direction::Forward, None, limit, read).await?;
    let calls = page.items.into_iter().map(|item| {
        let call = call_of_sort(&sort_of(&item)?).ok_or_else(|| StoreError::unreadable("Query"))?;
        Ok((call, from_item(item, "Query")?))
    });
    Ok((calls.collect::<Result<_, StoreError>>()?, page.has_more))
}

/// A call as far as it concerns each of its users.
struct Call {
    content_hash: ContentHash,
    first_accepted_at: Timestamp,
    accepted_at: Timestamp,
    /// The deadline, in epoch seconds.
    deadline: u64,
}

/// The users of a page, each once, with the latest of its calls that names them.
struct Named {
    limit: usize,
    users: Vec<(UserId, Arc<Call>)>,
    places: HashMap<UserId, usize>,
}

impl Named {
    fn at_most(limit: usize) -> Self {
        Self { limit, users: Vec::new(), places: HashMap::new() }
    }

    /// Adds the users of a call from `index` on. Returns the index of the first one that the page has no room for.
    fn add(&mut self, record: RecipientsRecord, index: usize) -> Option<usize> {
        let RecipientsRecord { users, content_hash, first_accepted_at, accepted_at, deadline, .. } = record;
        let call = Arc::new(Call { content_hash, first_accepted_at, accepted_at, deadline });
        for (index, user) in users.into_iter().enumerate().skip(index) {
            let (count, place) = (self.users.len(), self.places.get(&user).copied());
            match place.and_then(|place| self.users.get_mut(place)) {
                Some((_, latest)) if latest.accepted_at < call.accepted_at => *latest = Arc::clone(&call),
                Some(_) => {}
                None if count == self.limit => return Some(index),
                None => {
                    self.places.insert(user.clone(), count);
                    self.users.push((user, Arc::clone(&call)));
                }
            }
        }
        None
    }
}

/// The outcomes for `users`, in their order.
async fn outcomes(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    users: Vec<(UserId, Arc<Call>)>,
    now: Timestamp,
) -> Result<Vec<Recipient>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let keys = |user: &UserId, call: &Call| {
        let first_accepted_at = call.first_accepted_at;
        let delivery = DeliveryRef { first_accepted_at, app: app.clone(), message: message.clone() };
        [ack_key(user, app, message, &call.content_hash), (inbox(user), delivery_sort(&delivery))]
    };
    let recalled = |call: &Call| recalled_key(app, message, call.first_accepted_at);
    let all = users.iter().flat_map(|(user, call)| keys(user, call).into_iter().chain([recalled(call)]));
    let mut found = table.get_many(all.collect(), Read::Eventual).await?;

    let is_in_doubt = |found: &Found, user: &UserId, call: &Call| {
        lives(call.deadline, now) && !keys(user, call).iter().any(|key| found.items.contains_key(key))
    };
    let in_doubt = users.iter().filter(|(user, call)| is_in_doubt(&found, user, call));
    let in_doubt: Vec<Key> = in_doubt.flat_map(|(user, call)| keys(user, call)).collect();
    if !in_doubt.is_empty() {
        found.items.extend(table.get_many(in_doubt, Read::Consistent).await?.items);
    }
    let recipients = users.into_iter().map(|(user, call)| {
        let [ack, delivery] = keys(&user, &call);
        let (ack, delivery) = (found.record(&ack)?, found.record(&delivery)?);
        let (state, at) = outcome(&call, ack, delivery, found.record(&recalled(&call))?, now);
        Ok(Recipient { user, state, at })
    });
    recipients.collect()
}

/// The outcome of a call for one of its users, and since when it is so.
fn outcome(
    call: &Call,
    ack: Option<AckRecord>,
    delivery: Option<DeliveryRecord>,
    recalled: Option<RecalledRecord>,
    now: Timestamp,
) -> (PushState, Timestamp) {
    // The delivery knows the last call that named the user, which may be on another page.
    let delivery = delivery.filter(|delivery| delivery.content_hash == call.content_hash);
    let (accepted_at, deadline) = delivery
        .as_ref()
        .map_or((call.accepted_at, call.deadline), |delivery| (delivery.accepted_at, delivery.expire_at));
    let recalled = recalled.filter(|recalled| lives(deadline, recalled.at));
    let written_by = Timestamp::from_millis(call.accepted_at.millis() + WRITTEN_WITHIN_MILLIS);
    match (ack.filter(|ack| ack.holds_for(accepted_at)), recalled) {
        (Some(AckRecord { read_at: Some(at), .. }), _) => (PushState::Read, at),
        (Some(AckRecord { delivered_at, .. }), _) => (PushState::Delivered, delivered_at),
        (None, Some(recalled)) => (PushState::Recalled, recalled.at),
        (None, None) if !lives(deadline, now) => {
            (PushState::Expired, Timestamp::from_millis(deadline * 1000))
        }
        (None, None) if delivery.is_some() || now < written_by => (PushState::Pending, accepted_at),
        // Without a delivery the message never reaches the user, even if the deadline of the call is not over.
        (None, None) => (PushState::Expired, written_by),
    }
}
