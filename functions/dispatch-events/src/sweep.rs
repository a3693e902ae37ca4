//! The sweep: finds the endpoints that are behind, also if every hint was lost.
//!
//! An endpoint is behind if a batch is pending, or the newest entry of its source is above the watermark of its cursor. After the
//! newest entry was delivered, that holds until the late-write window has passed: one more delivery then finds nothing and
//! moves the watermark on.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use api::{Event, EventFailure, Metric};
use model::{Source, Timestamp};
use store::{
    RecordId, StoreError, Table,
    feed::{self, FeedRecord},
    tail::{LogPage, Place, RecordKey, TailCursor},
    webhooks::{self, DeliveryState, Endpoint},
};
use tokio::sync::Mutex;

use crate::{Deps, Trigger, for_each_endpoint, wake};

/// The newest entry of each source that was looked at.
type Newest = Mutex<HashMap<Source, Option<RecordKey>>>;

/// Starts a delivery for each endpoint that is behind and due, and counts the lag of the one that is furthest behind. One
/// query per page of endpoints and per source, one read per endpoint, and up to three more requests per endpoint that is behind.
pub(crate) async fn run(deps: &Deps, event: &Event<Trigger>) -> Result<(), EventFailure> {
    let newest = Newest::default();
    let lag = AtomicU64::new(0);
    let outcome = for_each_endpoint(deps, event, None, |endpoint| {
        let (newest, lag) = (&newest, &lag);
        async move {
            let seconds = look_at(deps, event, &endpoint, newest).await?;
            lag.fetch_max(seconds, Ordering::Relaxed);
            Ok(())
        }
    });
    let outcome = outcome.await;
    let seconds = usize::try_from(lag.into_inner()).unwrap_or(usize::MAX);
    event.count(Metric::DeliveryLagSeconds, seconds);
    outcome
}

/// Starts a delivery if the endpoint is behind and due. Returns the age of its oldest message that is not delivered, in
/// seconds; 0 if nothing may be delivered to it.
async fn look_at(
    deps: &Deps,
    event: &Event<Trigger>,
    endpoint: &Endpoint,
    newest: &Newest,
) -> Result<u64, EventFailure> {
    let now = deps.clock.now();
    let (chat, table) = (event.table(&deps.chat), event.table(&deps.webhooks));
    let source = endpoint.source;
    let hint = webhooks::progress(&table, source, &endpoint.app_id, now).await?;
    let newest = newest_of(&chat, source, newest, now).await?;
    let watermark = hint.delivery.cursor()?.watermark();
    if hint.delivery.pending.is_none() && newest.is_none_or(|newest| newest <= watermark) {
        return Ok(0);
    }
    if hint.is_due(now) {
        wake(deps, event, endpoint).await?;
    }
    if hint.delivery.is_paused {
        return Ok(0);
    }
    let oldest = oldest_undelivered(&chat, source, &hint.delivery, now).await?;
    Ok(oldest.map_or(0, |oldest| now.millis_since(RecordId::from_bytes(oldest).moment()) / 1000))
}

/// The key of the newest entry of a source, which is read once.
async fn newest_of(
    chat: &Table,
    source: Source,
    known: &Newest,
    now: Timestamp,
) -> Result<Option<RecordKey>, StoreError> {
    let mut known = known.lock().await;
    if let Some(newest) = known.get(&source) {
        return Ok(*newest);
    }
    let page: LogPage<FeedRecord<'static>> =
        feed::log(chat, source).query(Place::Newest, Some(1), now).await?;
    let newest = page.records.first().map(|(key, _)| *key);
    known.insert(source, newest);
    Ok(newest)
}

/// The first entry that the receiver has not accepted, of the pending batch or of one query.
async fn oldest_undelivered(
    chat: &Table,
    source: Source,
    delivery: &DeliveryState,
    now: Timestamp,
) -> Result<Option<RecordKey>, StoreError> {
    if let Some(pending) = &delivery.pending {
        return Ok(pending.keys().into_iter().min());
    }
    let cursor: TailCursor = delivery.cursor()?;
    let page: LogPage<FeedRecord<'static>> = feed::log(chat, source)
        .query(Place::From(cursor.watermark()), Some(cursor.given_count() + 2), now)
        .await?;
    let mut live = page.records.into_iter().filter_map(|(key, record)| record.map(|_| key));
    Ok(live.find(|key| !cursor.has_given(key)))
}
