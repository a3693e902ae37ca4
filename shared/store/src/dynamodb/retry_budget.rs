//! The limits on retries: a time and retry budget per request, and a retry quota per Lambda instance.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// The time that all operations of one request may take together. A partner's client usually waits 5 to 10 seconds.
pub const REQUEST_TIME: Duration = Duration::from_secs(3);

/// The retries that all operations of one request may take together.
const REQUEST_RETRIES: u32 = 10;

/// The retries that an instance may take before an operation succeeds. A Lambda instance serves one request at a time, and
/// a push has the most parallel operations: five.
const INSTANCE_RETRIES: u32 = 10;

/// The time that one operation may take outside a request: in the command line and in tests.
const OPERATION_TIME: Duration = Duration::from_secs(15);

/// The time and the retries of one request.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    /// `None` outside a request: each operation then has [`OPERATION_TIME`].
    deadline: Option<Instant>,
    retries: AtomicU32,
}

impl RetryBudget {
    /// The budget of a request that starts now.
    pub(crate) fn for_request() -> Self {
        let deadline = Some(Instant::now() + REQUEST_TIME);
        Self { deadline, retries: AtomicU32::new(REQUEST_RETRIES) }
    }

    /// [`OPERATION_TIME`] for each operation, and no limit on retries.
    pub(crate) const fn per_operation() -> Self {
        Self { deadline: None, retries: AtomicU32::new(u32::MAX) }
    }

    pub(crate) const fn is_of_request(&self) -> bool {
        self.deadline.is_some()
    }

    /// The deadline of an operation that starts now.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline.unwrap_or_else(|| Instant::now() + OPERATION_TIME)
    }

    /// Takes one retry; false if none is left.
    pub(crate) fn acquire(&self) -> bool {
        take_one(&self.retries)
    }
}

/// The retries of one Lambda instance.
#[derive(Debug)]
pub(crate) struct RetryQuota(AtomicU32);

impl RetryQuota {
    pub(crate) const fn full() -> Self {
        Self(AtomicU32::new(INSTANCE_RETRIES))
    }

    /// Takes one retry; false if none is left.
    pub(crate) fn acquire(&self) -> bool {
        take_one(&self.0)
    }

    /// Gives one retry back, up to [`INSTANCE_RETRIES`].
    pub(crate) fn refill_one(&self) {
        let more = |retries: u32| (retries < INSTANCE_RETRIES).then(|| retries + 1);
        // An error means that the quota is full.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    pub(crate) fn drain(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

fn take_one(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_refills_up_to_its_size_and_no_further() {
        let quota = RetryQuota::full();
        quota.refill_one();
        assert_eq!((0..20).filter(|_| quota.acquire()).count(), 10);
        quota.refill_one();
        assert!(quota.acquire() && !quota.acquire());
        quota.refill_one();
        quota.drain();
        assert!(!quota.acquire());
    }
}
