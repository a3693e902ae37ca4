//! Retries: one budget for all that a request asks of DynamoDB.
//!
//! The SDK retries one operation at a time and knows neither unprocessed items nor cancelled transactions, so that its
//! retries multiply with those of a loop around it. Here the SDK sends each attempt once, and this module decides
//! whether there is another one:
//!
//! - a request has [`REQUEST_TIME`] and [`REQUEST_RETRIES`] for all of its operations together;
//! - an instance has [`INSTANCE_RETRIES`] at hand and earns one back with each answer. An operation that fails for good
//!   by faults takes all of them away: in an outage an instance retries once and from then on asks once for each operation;
//! - a fault (no connection, no answer, a 5xx) is retried once, an operation that the table had no capacity for as long as
//!   the budget lasts. A lost race for an item, and the rest of a batch of which a part was done, count against the time
//!   only.

use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use crate::{Fault, Meter, StoreError, Table, backoff::Backoff};

/// The longest that a request may spend on DynamoDB. A partner's client waits 5 to 10 seconds as a rule.
pub const REQUEST_TIME: Duration = Duration::from_secs(3);

/// The most retries of a request.
const REQUEST_RETRIES: u32 = 10;

/// The most retries that an instance may make before anything succeeds. A Lambda instance serves one request at a time, of
/// which a push has the most parallel operations: five.
const INSTANCE_RETRIES: u32 = 10;

/// The most retries after faults, of one operation. With one, a fleet that meets an outage sends at most one retry for
/// each instance and operation; docs/bounds.md has the measured amplification.
const RETRIES_AFTER_FAULTS: u32 = 1;

/// The codes by which DynamoDB says that a transaction is about the same item, or not yet over.
const CONFLICTS: [&str; 2] = ["TransactionConflictException", "TransactionInProgressException"];

/// The longest that an operation of a command line or of a test may take.
const PATIENT_TIME: Duration = Duration::from_secs(15);

/// The time and the retries that a request has left.
#[derive(Debug)]
pub(crate) struct Budget {
    /// `None`: each operation has [`PATIENT_TIME`] of its own.
    deadline: Option<Instant>,
    retries: AtomicU32,
}

impl Budget {
    /// The budget of a request that begins now.
    pub(crate) fn of_request() -> Self {
        let deadline = Some(Instant::now() + REQUEST_TIME);
        Self { deadline, retries: AtomicU32::new(REQUEST_RETRIES) }
    }

    /// The budget of a caller who has time.
    pub(crate) const fn patient() -> Self {
        Self { deadline: None, retries: AtomicU32::new(u32::MAX) }
    }
}

/// The retries that an instance has at hand.
#[derive(Debug)]
pub(crate) struct Quota(AtomicU32);

impl Quota {
    pub(crate) const fn full() -> Self {
        Self(AtomicU32::new(INSTANCE_RETRIES))
    }

    fn earn(&self) {
        let more = |retries: u32| (retries < INSTANCE_RETRIES).then(|| retries + 1);
        // A quota that is full stays so.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    fn drain(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Takes one of `left`; tells whether there was one.
fn take(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// Why an attempt is to be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// DynamoDB was out of reach, or failed.
    Fault,
    /// The table had no capacity for the operation.
    Busy,
    /// The table had capacity for a part of the batch.
    Unprocessed,
    /// Another request changed the same item.
    Conflict,
}

/// An attempt that failed.
#[derive(Debug)]
pub(crate) struct Failed<E> {
    /// The error for the log.
    pub(crate) error: StoreError,
    /// DynamoDB's own error, where it answered with one.
    pub(crate) service: Option<E>,
    /// Why another attempt may succeed; `None` if none can.
    reason: Option<Reason>,
}

impl<E> From<Failed<E>> for StoreError {
    fn from(failed: Failed<E>) -> Self {
        failed.error
    }
}

impl<E: ProvideErrorMetadata> Failed<E> {
    fn new(operation: &'static str, error: SdkError<E>) -> Self {
        let is_server_error =
            error.raw_response().is_some_and(|response| response.status().is_server_error());
        let error_of_store = StoreError::of(operation, &error);
        let reason = match &error_of_store.fault {
            Fault::TimedOut | Fault::Unreachable => Some(Reason::Fault),
            Fault::Refused(code) if CONFLICTS.contains(&code.as_str()) => Some(Reason::Conflict),
            Fault::Refused(_) if error_of_store.is_throttling() => Some(Reason::Busy),
            Fault::Refused(_) | Fault::Unreadable if is_server_error => Some(Reason::Fault),
            Fault::Refused(_) | Fault::Unreadable | Fault::Contended => None,
        };
        let service = match error {
            SdkError::ServiceError(service) => Some(service.into_err()),
            _ => None,
        };
        Self { error: error_of_store, service, reason }
    }
}

/// The attempts of one operation.
pub(crate) struct Attempts<'t> {
    operation: &'static str,
    budget: &'t Budget,
    /// None for a caller who has time: its retries are its own.
    quota: Option<&'t Quota>,
    meter: &'t Meter,
    deadline: Instant,
    backoff: Backoff,
    backoff_for_capacity: Backoff,
    after_faults: u32,
    retries_left: u32,
}

impl<'t> Attempts<'t> {
    /// The attempts of `operation` on `table`, of which it will have at most one and `retries` more.
    pub(crate) fn new(table: &'t Table, operation: &'static str, retries: u32) -> Self {
        Self {
            operation,
            budget: &table.budget,
            quota: table.budget.deadline.map(|_| &*table.quota),
            meter: &table.meter,
            deadline: table.budget.deadline.unwrap_or_else(|| Instant::now() + PATIENT_TIME),
            backoff: Backoff::short(),
            backoff_for_capacity: Backoff::for_capacity(),
            after_faults: 0,
            retries_left: retries,
        }
    }

    /// Makes one attempt, and no longer than until the deadline.
    pub(crate) async fn make<T, E: ProvideErrorMetadata>(
        &self,
        attempt: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, Failed<E>> {
        match tokio::time::timeout_at(self.deadline, attempt).await {
            Ok(Ok(output)) => {
                self.earn();
                Ok(output)
            }
            Ok(Err(error)) => {
                let failed = Failed::new(self.operation, error);
                // A refusal is an answer too.
                if failed.service.is_some() && !matches!(failed.reason, Some(Reason::Fault | Reason::Busy)) {
                    self.earn();
                }
                Err(failed)
            }
            Err(_) => {
                let error = StoreError { operation: self.operation, fault: Fault::TimedOut };
                Err(Failed { error, service: None, reason: Some(Reason::Fault) })
            }
        }
    }

    /// Waits until the next attempt is due.
    ///
    /// # Errors
    /// `failed`, if there may be no other attempt.
    pub(crate) async fn again<E>(&mut self, failed: Failed<E>) -> Result<(), Failed<E>> {
        let Some(reason) = failed.reason else { return Err(failed) };
        if self.wait(reason).await { Ok(()) } else { Err(failed) }
    }

    /// Waits until the next attempt is due; `false` if there may be none.
    pub(crate) async fn wait(&mut self, reason: Reason) -> bool {
        let delay = match reason {
            Reason::Fault | Reason::Conflict => self.backoff.next_delay(),
            Reason::Busy | Reason::Unprocessed => self.backoff_for_capacity.next_delay(),
        };
        let due = Instant::now() + delay;
        if due >= self.deadline || !self.may_retry(reason) {
            return false;
        }
        self.meter.count_retry();
        tracing::debug!(operation = self.operation, reason = ?reason, "another attempt");
        tokio::time::sleep_until(due).await;
        true
    }

    fn may_retry(&mut self, reason: Reason) -> bool {
        let Some(left) = self.retries_left.checked_sub(1) else { return false };
        self.retries_left = left;
        match reason {
            Reason::Conflict | Reason::Unprocessed => true,
            Reason::Busy => self.spend(),
            Reason::Fault => {
                self.after_faults += 1;
                let may_retry = self.after_faults <= RETRIES_AFTER_FAULTS && self.spend();
                if !may_retry && let Some(quota) = self.quota {
                    quota.drain();
                }
                may_retry
            }
        }
    }

    /// Takes a retry from the instance and from the request; `false` if one of them has none.
    fn spend(&self) -> bool {
        self.quota.is_none_or(|quota| take(&quota.0)) && take(&self.budget.retries)
    }

    fn earn(&self) {
        if let Some(quota) = self.quota {
            quota.earn();
        }
    }
}

impl Table {
    /// Sends an operation until it succeeds, is refused, or the budget is spent.
    ///
    /// # Errors
    /// The last attempt's.
    pub(crate) async fn send<T, E, F>(
        &self,
        operation: &'static str,
        attempt: impl Fn() -> F,
    ) -> Result<T, Failed<E>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let mut attempts = Attempts::new(self, operation, u32::MAX);
        loop {
            match attempts.make(Box::pin(attempt())).await {
                Ok(output) => return Ok(output),
                Err(failed) => attempts.again(failed).await?,
            }
        }
    }
}
