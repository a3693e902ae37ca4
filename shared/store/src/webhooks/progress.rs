//! The progress of the deliveries to an endpoint: the lease, and the state of the delivery that holds it.
//!
//! A delivery takes the lease as an owner of its own, and every write of it has the condition that it still is the owner. A
//! delivery that lost the lease therefore writes nothing. `wake` counts the hints that there are new messages: the lease
//! is released on condition that no hint came since the feed was found empty, so that none is missed.

use aws_sdk_dynamodb::types::AttributeValue;
use model::{AppId, Source, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    dynamodb::{
        error::StoreError,
        expression::{Expression, number, text},
        item::{from_item, to_attribute},
        key::Key,
        operation::UPDATE_ITEM,
        table::{ConditionalWrite, Consistency, Table},
    },
    tail::{RecordKey, TailCursor},
};

/// The most given keys of the cursor of a delivery. They are 16 KB of the item.
pub const CURSOR_CAPACITY: usize = 1_024;

/// The attempts that the state remembers.
const ATTEMPTS: usize = 10;

/// The tries of [`reset`] when deliveries start meanwhile.
const RESET_TRIES: usize = 10;

/// The state of the deliveries to an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeliveryState {
    /// The watermark and the given keys of the cursor, 16 bytes each.
    #[serde(with = "serde_bytes")]
    cursor: Vec<u8>,
    /// The batch that is posted until the receiver accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingBatch>,
    /// Failed attempts since the last success.
    pub failures: u32,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// The last ten attempts, oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// Whether the last delivery found that nothing may be delivered, because the application is disabled or lost the source or
    /// the scope.
    pub is_paused: bool,
}

/// A batch of entries. Each attempt sends the same entries under the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingBatch {
    /// The `webhook-id`.
    pub id: String,
    /// When the batch was made.
    pub created_at: Timestamp,
    /// The keys of its entries, 16 bytes each, in their order.
    #[serde(with = "serde_bytes")]
    keys: Vec<u8>,
    /// The watermark once the batch is accepted.
    #[serde(with = "serde_bytes")]
    watermark: Vec<u8>,
}

impl PendingBatch {
    /// A batch of these entries, which a reading gave that ended with `after`.
    #[must_use]
    pub fn new(id: String, created_at: Timestamp, keys: &[RecordKey], after: &TailCursor) -> Self {
        Self { id, created_at, keys: keys.concat(), watermark: after.watermark().to_vec() }
    }

    /// The keys of its entries.
    #[must_use]
    pub fn keys(&self) -> Vec<RecordKey> {
        self.keys.as_chunks().0.to_vec()
    }
}

/// An attempt to post a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRecord {
    /// When it began.
    pub at: Timestamp,
    /// The `webhook-id`.
    pub id: String,
    /// The entries of the batch.
    pub entries: usize,
    /// The HTTP status, or the reason why there is none.
    pub outcome: String,
    /// From the beginning to the end of the answer.
    pub millis: u64,
    /// The first characters of the answer to a failed attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl DeliveryState {
    /// A state that continues after `cursor`.
    #[must_use]
    pub fn starting_at(cursor: &TailCursor) -> Self {
        Self { cursor: cursor.to_bytes(), ..Self::default() }
    }

    /// The entries that the receiver accepted.
    ///
    /// # Errors
    /// [`StoreError`] if the item is corrupt.
    pub fn cursor(&self) -> Result<TailCursor, StoreError> {
        if self.cursor.is_empty() {
            return Ok(TailCursor::default());
        }
        let cursor = TailCursor::from_bytes(&self.cursor, CURSOR_CAPACITY);
        cursor.ok_or_else(|| StoreError::corrupt_item(UPDATE_ITEM))
    }

    /// Replaces the cursor, after a reading that gave nothing.
    pub fn set_cursor(&mut self, cursor: &TailCursor) {
        self.cursor = cursor.to_bytes();
    }

    /// Notes that the receiver accepted the pending batch: the cursor moves on, and failures are forgotten.
    ///
    /// # Errors
    /// [`StoreError`] if the item is corrupt.
    pub fn accept(&mut self) -> Result<(), StoreError> {
        if let Some(batch) = self.pending.take() {
            let mut cursor = self.cursor()?;
            batch.keys().into_iter().for_each(|key| cursor.give(key));
            if let Some((watermark, _)) = batch.watermark.split_first_chunk() {
                cursor.advance_to(*watermark);
            }
            self.set_cursor(&cursor);
        }
        self.forget_failures();
        // Answers to failed attempts may quote messages, which are not kept for longer than needed.
        self.attempts.iter_mut().for_each(|attempt| attempt.answer = None);
        Ok(())
    }

    /// Forgets the failed attempts since the last success, as if none had failed.
    pub fn forget_failures(&mut self) {
        self.failures = 0;
        self.failing_since = None;
    }

    /// Adds an attempt, and drops the oldest beyond ten.
    pub fn remember(&mut self, attempt: AttemptRecord) {
        self.attempts.push(attempt);
        let excess = self.attempts.len().saturating_sub(ATTEMPTS);
        self.attempts.drain(..excess);
    }
}

/// The item.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProgressRecord {
    wake: u64,
    lease_owner: Option<String>,
    lease_until: Option<Timestamp>,
    next_attempt_at: Option<Timestamp>,
    delivery: DeliveryState,
}

/// The progress that a hint returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Whether a delivery holds the lease.
    pub is_running: bool,
    /// The time of the next attempt, if the last one failed.
    pub next_attempt_at: Option<Timestamp>,
    /// The state of the deliveries.
    pub delivery: DeliveryState,
}

impl Hint {
    fn new(record: ProgressRecord, now: Timestamp) -> Self {
        let is_running = record.lease_until.is_some_and(|until| until > now);
        Self { is_running, next_attempt_at: record.next_attempt_at, delivery: record.delivery }
    }

    /// Whether a delivery should start: none runs, and none has to wait after a failure.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.is_running && self.next_attempt_at.is_none_or(|due| due <= now)
    }
}

/// The lease of an endpoint, with the state that its holder writes.
#[derive(Debug)]
pub struct Lease {
    source: Source,
    app: AppId,
    owner: String,
    wake: u64,
    /// When it ends, unless it is renewed.
    pub until: Timestamp,
    /// The state, which [`Lease::save`] and [`Lease::release`] store.
    pub delivery: DeliveryState,
}

/// The outcome of [`Lease::save`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save {
    /// The state is stored, and the lease is renewed.
    Saved,
    /// Another owner has the lease. Nothing was written.
    Lost,
}

/// The outcome of [`Lease::release`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The state is stored, and the lease is free.
    Released,
    /// A hint came. Nothing was written, and the lease is still held.
    Woken,
    /// Another owner has the lease. Nothing was written.
    Lost,
}

/// The place from which deliveries continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// Where they are. A pending batch stays pending.
    Unchanged,
    /// The first entry at or after a moment. A pending batch is forgotten.
    To(Timestamp),
}

/// Notes a hint that there are new messages, and returns what it found. One update.
///
/// # Errors
/// [`StoreError`] if the write fails, or the item is corrupt.
pub async fn wake(table: &Table, source: Source, app: &AppId, now: Timestamp) -> Result<Hint, StoreError> {
    let update = Expression::new("ADD wake :one", [(":one", number(1))]);
    match table.update_returning(Key::progress(source, app), update, None).await? {
        ConditionalWrite::Written(item) | ConditionalWrite::ConditionFailed(item) => {
            Ok(Hint::new(from_item(item, UPDATE_ITEM)?, now))
        }
    }
}

/// Reads the progress without counting a hint. One strongly consistent read.
///
/// # Errors
/// [`StoreError`] if the read fails, or the item is corrupt.
pub async fn progress(
    table: &Table,
    source: Source,
    app: &AppId,
    now: Timestamp,
) -> Result<Hint, StoreError> {
    let record: Option<ProgressRecord> = table.get(Key::progress(source, app), Consistency::Strong).await?;
    Ok(Hint::new(record.unwrap_or_default(), now))
}

/// Takes the lease until `until`; `None` if another owner has it, or the backoff has not ended. One update.
///
/// # Errors
/// [`StoreError`] if the write fails, or the item is corrupt.
pub async fn take(
    table: &Table,
    source: Source,
    app: &AppId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>, StoreError> {
    const CONDITION: &str = "(attribute_not_exists(leaseUntil) OR leaseUntil <= :now) \
        AND (attribute_not_exists(nextAttemptAt) OR nextAttemptAt <= :now)";
    let owner = Uuid::now_v7().to_string();
    let update = Expression::new(
        "SET leaseOwner = :owner, leaseUntil = :until ADD wake :none",
        [
            (":owner", text(&owner)),
            (":until", number(until.millis())),
            (":now", number(now.millis())),
            (":none", number(0)),
        ],
    );
    let item = match table.update_returning(Key::progress(source, app), update, Some(CONDITION)).await? {
        ConditionalWrite::Written(item) | ConditionalWrite::ConditionFailed(item) => item,
    };
    let ProgressRecord { wake, delivery, lease_owner, .. } = from_item(item, UPDATE_ITEM)?;
    // An earlier attempt, whose answer was lost, may have taken it.
    if lease_owner.as_ref() != Some(&owner) {
        return Ok(None);
    }
    Ok(Some(Lease { source, app: app.clone(), owner, wake, until, delivery }))
}

/// Ends the lease of a running delivery, and lets deliveries continue at once from `seek`: an operator's decision. Forgets
/// failures. Two updates: the first one ends the lease, so that the delivery no longer writes the state that the second one
/// replaces. They are repeated if another delivery starts in between.
///
/// # Errors
/// [`StoreError`] if a write fails, the item is corrupt, or deliveries keep starting.
pub async fn reset(table: &Table, source: Source, app: &AppId, seek: Seek) -> Result<(), StoreError> {
    const IS_FREE: &str = "attribute_not_exists(leaseOwner)";
    let key = || Key::progress(source, app);
    for _ in 0..RESET_TRIES {
        let end = Expression::new("REMOVE leaseOwner, leaseUntil, nextAttemptAt", []);
        let (ConditionalWrite::Written(item) | ConditionalWrite::ConditionFailed(item)) =
            table.update_returning(key(), end, None).await?;
        let ProgressRecord { mut delivery, .. } = from_item(item, UPDATE_ITEM)?;
        delivery.forget_failures();
        if let Seek::To(moment) = seek {
            delivery.pending = None;
            delivery.set_cursor(&TailCursor::at(moment));
        }
        let state = to_attribute(&delivery, UPDATE_ITEM)?;
        let update = Expression::new("SET delivery = :state", [(":state", state)]);
        if let ConditionalWrite::Written(_) = table.update_if(key(), update, IS_FREE).await? {
            return Ok(());
        }
    }
    Err(StoreError::conflict(UPDATE_ITEM))
}

impl Lease {
    /// Stores the state and renews the lease until `until`. One update.
    ///
    /// # Errors
    /// [`StoreError`] if the write fails.
    pub async fn save(
        &mut self,
        table: &Table,
        until: Timestamp,
        next_attempt_at: Option<Timestamp>,
    ) -> Result<Save, StoreError> {
        let update = Expression::new(
            "SET delivery = :state, leaseUntil = :until, nextAttemptAt = :next",
            [
                (":state", to_attribute(&self.delivery, UPDATE_ITEM)?),
                (":until", number(until.millis())),
                (":next", due(next_attempt_at)),
                (":owner", text(&self.owner)),
            ],
        );
        let key = Key::progress(self.source, &self.app);
        match table.update_if(key, update, "leaseOwner = :owner").await? {
            ConditionalWrite::Written(_) => {
                self.until = until;
                Ok(Save::Saved)
            }
            ConditionalWrite::ConditionFailed(_) => Ok(Save::Lost),
        }
    }

    /// Stores the state and frees the lease, unless a hint came since the last [`Release::Woken`] or since the lease was
    /// taken. One update.
    ///
    /// # Errors
    /// [`StoreError`] if the write fails, or the item is corrupt.
    pub async fn release(&mut self, table: &Table) -> Result<Release, StoreError> {
        let update = Expression::new(
            "SET delivery = :state, nextAttemptAt = :next REMOVE leaseOwner, leaseUntil",
            [
                (":state", to_attribute(&self.delivery, UPDATE_ITEM)?),
                (":next", due(None)),
                (":owner", text(&self.owner)),
                (":wake", number(self.wake)),
            ],
        );
        let key = Key::progress(self.source, &self.app);
        let item = match table.update_if(key, update, "leaseOwner = :owner AND wake = :wake").await? {
            ConditionalWrite::Written(_) => return Ok(Release::Released),
            ConditionalWrite::ConditionFailed(item) => item,
        };
        let found: ProgressRecord = from_item(item, UPDATE_ITEM)?;
        self.wake = found.wake;
        let is_owner = found.lease_owner.as_deref() == Some(self.owner.as_str());
        Ok(if is_owner { Release::Woken } else { Release::Lost })
    }

    /// Stores the state and frees the lease, whatever hints came: the next delivery starts at `next_attempt_at` at the
    /// earliest. One update. Does nothing if another owner has the lease.
    ///
    /// # Errors
    /// [`StoreError`] if the write fails.
    pub async fn give_up(&self, table: &Table, next_attempt_at: Option<Timestamp>) -> Result<(), StoreError> {
        let update = Expression::new(
            "SET delivery = :state, nextAttemptAt = :next REMOVE leaseOwner, leaseUntil",
            [
                (":state", to_attribute(&self.delivery, UPDATE_ITEM)?),
                (":next", due(next_attempt_at)),
                (":owner", text(&self.owner)),
            ],
        );
        let key = Key::progress(self.source, &self.app);
        table.update_if(key, update, "leaseOwner = :owner").await.map(|_| ())
    }
}

/// The attribute `nextAttemptAt`. Without a failure to wait for, an attempt is due since 1970.
fn due(next_attempt_at: Option<Timestamp>) -> AttributeValue {
    number(next_attempt_at.map_or(0, Timestamp::millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::item::Item;

    fn key(last: u8) -> RecordKey {
        [last; 16]
    }

    #[test]
    fn an_accepted_batch_moves_the_cursor_by_its_keys_and_its_watermark() {
        let mut after = TailCursor::default();
        after.advance_to(key(2));
        let mut state = DeliveryState { failures: 3, ..DeliveryState::default() };
        state.pending =
            Some(PendingBatch::new("msg_1".to_owned(), Timestamp::from_millis(7), &[key(1), key(3)], &after));
        assert_eq!(state.pending.as_ref().unwrap().keys(), [key(1), key(3)]);
        state.accept().unwrap();
        let cursor = state.cursor().unwrap();
        assert_eq!(cursor.watermark(), key(2));
        assert!(cursor.has_given(&key(1)) && cursor.has_given(&key(3)) && !cursor.has_given(&key(4)));
        assert_eq!((state.pending, state.failures), (None, 0));
    }

    #[test]
    fn the_last_ten_attempts_are_remembered() {
        let mut state = DeliveryState::default();
        for number in 0..12 {
            let at = Timestamp::from_millis(number);
            let (id, outcome) = (String::new(), "200".to_owned());
            state.remember(AttemptRecord { at, id, entries: 1, outcome, millis: 1, answer: None });
        }
        let moments: Vec<_> = state.attempts.iter().map(|attempt| attempt.at.millis()).collect();
        assert_eq!(moments, (2..12).collect::<Vec<_>>());
    }

    #[test]
    fn a_state_is_an_attribute_with_its_keys_in_binary() {
        let mut state = DeliveryState::starting_at(&TailCursor::at(Timestamp::from_millis(7)));
        let cursor = state.cursor().unwrap();
        let batch = PendingBatch::new("msg_1".to_owned(), Timestamp::from_millis(7), &[key(9)], &cursor);
        state.pending = Some(batch);
        let attribute = to_attribute(&state, UPDATE_ITEM).unwrap();
        assert!(attribute.as_m().unwrap()["cursor"].is_b());
        assert!(attribute.as_m().unwrap()["pending"].as_m().unwrap()["keys"].is_b());
        let item = Item::from([("delivery".to_owned(), attribute)]);
        let record: ProgressRecord = from_item(item, UPDATE_ITEM).unwrap();
        assert_eq!(record.delivery, state);
    }
}
