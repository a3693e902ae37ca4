//! What one request has used of DynamoDB.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// The capacity used so far, counted from what DynamoDB reports with each answer.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Used>);

/// Tenths of units: the smallest that is reported is half a unit, and whole numbers add up exactly.
#[derive(Debug, Default)]
struct Used {
    read: AtomicU64,
    write: AtomicU64,
    retries: AtomicU64,
}

impl Meter {
    /// Read units used so far.
    #[must_use]
    pub fn read_units(&self) -> f64 {
        units(&self.0.read)
    }

    /// Write units used so far.
    #[must_use]
    pub fn write_units(&self) -> f64 {
        units(&self.0.write)
    }

    /// How often something was asked for again.
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

#[expect(clippy::cast_precision_loss, reason = "a request uses far fewer than 2^53 tenths of a unit")]
fn units(tenths: &AtomicU64) -> f64 {
    tenths.load(Ordering::Relaxed) as f64 / 10.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small number that is not negative"
)]
fn count(tenths: &AtomicU64, consumed: Option<&ConsumedCapacity>) {
    let units = consumed.and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
    tenths.fetch_add((units * 10.0).round() as u64, Ordering::Relaxed);
}
