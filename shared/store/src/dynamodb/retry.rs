//! The one retry policy.
//!
//! The SDK's retries are off, because they see one operation at a time: they know neither unprocessed items nor cancelled
//! transactions, and would multiply with a loop around them. The SDK sends each attempt once, and this module decides
//! about the next attempt:
//!
//! - A request has [`REQUEST_TIME`](super::REQUEST_TIME) and ten retries for all of its operations together.
//! - An instance has a quota of ten retries and gets one back with each response. An operation that fails for good after
//!   faults drains the quota. In an outage an instance therefore retries once, and then sends each operation once.
//! - A fault (no connection, no response, a 5xx) is retried once. A throttled operation is retried while the budget lasts.
//! - Conflicts, and the rest of a partly processed batch, are limited by the time only.

use std::future::Future;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use super::{
    backoff::Backoff,
    error::{Fault, StoreError},
    meter::Meter,
    retry_budget::{RetryBudget, RetryQuota},
};

/// The retries of one operation after faults. With one, a fleet in an outage sends at most one retry per instance and
/// operation. docs/bounds.md has the measured amplification.
const RETRIES_AFTER_FAULTS: u32 = 1;

/// Error codes of a concurrent transaction on the same item, and of an earlier attempt that is still in progress.
const CONFLICT_CODES: [&str; 2] = ["TransactionConflictException", "TransactionInProgressException"];

/// The reason for a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryReason {
    /// No connection, no response, or a 5xx.
    Fault,
    /// DynamoDB throttled the whole operation.
    Throttled,
    /// DynamoDB processed a part of the batch.
    Unprocessed,
    /// A concurrent request wrote the same item.
    Conflict,
}

/// An attempt that failed.
#[derive(Debug)]
pub(crate) struct FailedAttempt<E> {
    pub(crate) error: StoreError,
    /// DynamoDB's error, if DynamoDB answered.
    pub(crate) service: Option<E>,
    /// `None` if a retry cannot succeed.
    reason: Option<RetryReason>,
}

impl<E> From<FailedAttempt<E>> for StoreError {
    fn from(failed: FailedAttempt<E>) -> Self {
        failed.error
    }
}

impl<E: ProvideErrorMetadata> FailedAttempt<E> {
    fn new(operation: &'static str, sdk_error: SdkError<E>) -> Self {
        let is_server_error =
            sdk_error.raw_response().is_some_and(|response| response.status().is_server_error());
        let error = StoreError::of(operation, &sdk_error);
        let reason = match &error.fault {
            Fault::TimedOut | Fault::Unreachable => Some(RetryReason::Fault),
            Fault::Refused(code) if CONFLICT_CODES.contains(&code.as_str()) => Some(RetryReason::Conflict),
            Fault::Refused(_) if error.is_throttling() => Some(RetryReason::Throttled),
            Fault::Refused(_) if is_server_error => Some(RetryReason::Fault),
            Fault::Refused(_) | Fault::Conflict | Fault::CorruptItem | Fault::InvalidRequest => None,
        };
        let service = match sdk_error {
            SdkError::ServiceError(service) => Some(service.into_err()),
            _ => None,
        };
        Self { error, service, reason }
    }

    fn timed_out(operation: &'static str) -> Self {
        let error = StoreError { operation, fault: Fault::TimedOut };
        Self { error, service: None, reason: Some(RetryReason::Fault) }
    }
}

/// The attempts of one operation.
pub(crate) struct Attempts<'t> {
    operation: &'static str,
    budget: &'t RetryBudget,
    /// `None` outside a request.
    quota: Option<&'t RetryQuota>,
    meter: &'t Meter,
    deadline: Instant,
    backoff: Backoff,
    throttling_backoff: Backoff,
    retries_after_faults: u32,
    retries_left: u32,
}

impl<'t> Attempts<'t> {
    /// At most one attempt and `max_retries` retries of `operation`, within `budget` and `quota`.
    pub(crate) fn new(
        operation: &'static str,
        max_retries: u32,
        budget: &'t RetryBudget,
        quota: &'t RetryQuota,
        meter: &'t Meter,
    ) -> Self {
        Self {
            operation,
            budget,
            quota: budget.is_of_request().then_some(quota),
            meter,
            deadline: budget.deadline(),
            backoff: Backoff::short(),
            throttling_backoff: Backoff::for_throttling(),
            retries_after_faults: 0,
            retries_left: max_retries,
        }
    }

    /// Sends one attempt. Gives up at the deadline.
    pub(crate) async fn send<T, E: ProvideErrorMetadata>(
        &self,
        attempt: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, FailedAttempt<E>> {
        match tokio::time::timeout_at(self.deadline, attempt).await {
            Ok(Ok(output)) => {
                self.refill_quota();
                Ok(output)
            }
            Ok(Err(error)) => {
                let failed = FailedAttempt::new(self.operation, error);
                // A 4xx such as a failed condition proves that DynamoDB works.
                if failed.service.is_some()
                    && !matches!(failed.reason, Some(RetryReason::Fault | RetryReason::Throttled))
                {
                    self.refill_quota();
                }
                Err(failed)
            }
            Err(_) => Err(FailedAttempt::timed_out(self.operation)),
        }
    }

    /// Waits for the next attempt after `failed`.
    ///
    /// # Errors
    /// `failed`, if a retry cannot succeed or none is left.
    pub(crate) async fn retry_after<E>(&mut self, failed: FailedAttempt<E>) -> Result<(), FailedAttempt<E>> {
        let Some(reason) = failed.reason else { return Err(failed) };
        if self.retry(reason).await { Ok(()) } else { Err(failed) }
    }

    /// Waits for the next attempt; false if no retry is left.
    pub(crate) async fn retry(&mut self, reason: RetryReason) -> bool {
        let delay = match reason {
            RetryReason::Fault | RetryReason::Conflict => self.backoff.next_delay(),
            RetryReason::Throttled | RetryReason::Unprocessed => self.throttling_backoff.next_delay(),
        };
        let due = Instant::now() + delay;
        if due >= self.deadline || !self.may_retry(reason) {
            return false;
        }
        self.meter.count_retry();
        tracing::debug!(operation = self.operation, reason = ?reason, "retry");
        tokio::time::sleep_until(due).await;
        true
    }

    fn may_retry(&mut self, reason: RetryReason) -> bool {
        let Some(left) = self.retries_left.checked_sub(1) else { return false };
        self.retries_left = left;
        match reason {
            RetryReason::Conflict | RetryReason::Unprocessed => true,
            RetryReason::Throttled => self.acquire(),
            RetryReason::Fault => {
                self.retries_after_faults += 1;
                let may_retry = self.retries_after_faults <= RETRIES_AFTER_FAULTS && self.acquire();
                if !may_retry && let Some(quota) = self.quota {
                    quota.drain();
                }
                may_retry
            }
        }
    }

    /// Takes one retry from the instance's quota and one from the request's budget.
    fn acquire(&self) -> bool {
        self.quota.is_none_or(RetryQuota::acquire) && self.budget.acquire()
    }

    fn refill_quota(&self) {
        if let Some(quota) = self.quota {
            quota.refill_one();
        }
    }
}
