//! Consumed capacity and retries of one request.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Counts the capacity that DynamoDB reports with each response. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counts>);

/// Capacity in tenths of a unit: DynamoDB reports half units at least, and integers add up exactly.
#[derive(Debug, Default)]
struct Counts {
    read: AtomicU64,
    write: AtomicU64,
    retries: AtomicU64,
}

impl Meter {
    /// Consumed read units. 4 KB take one unit in a strongly consistent read, and half a unit otherwise.
    #[must_use]
    pub fn read_units(&self) -> f64 {
        units(&self.0.read)
    }

    /// Consumed write units. An item of 1 KB takes one unit, or two in a transaction.
    #[must_use]
    pub fn write_units(&self) -> f64 {
        units(&self.0.write)
    }

    /// Attempts beyond the first of each operation.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    pub(crate) fn count_retry(&self) {
        self.0.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_read(&self, consumed: Option<&ConsumedCapacity>) {
        count(&self.0.read, consumed);
    }

    pub(crate) fn count_write<'c>(&self, consumed: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        consumed.into_iter().for_each(|consumed| count(&self.0.write, Some(consumed)));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a request consumes far fewer than 2^53 tenths of a unit")]
fn units(tenths: &AtomicU64) -> f64 {
    tenths.load(Ordering::Relaxed) as f64 / 10.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "consumed capacity is small and not negative"
)]
fn count(tenths: &AtomicU64, consumed: Option<&ConsumedCapacity>) {
    let units = consumed.and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
    tenths.fetch_add((units * 10.0).round() as u64, Ordering::Relaxed);
}
