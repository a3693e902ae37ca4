//! Why the store did not do what was asked: for the log, never for a caller.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// An operation that was not done, after its retries.
///
/// Holds names and codes alone: DynamoDB's own messages may quote keys and values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {fault}")]
pub struct StoreError {
    /// The operation, by the name the API gives it.
    pub operation: &'static str,
    /// What went wrong.
    pub fault: Fault,
}

/// What went wrong with an operation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// No answer in time.
    #[error("timed out")]
    TimedOut,
    /// No connection, or a broken one.
    #[error("unreachable")]
    Unreachable,
    /// DynamoDB refused, with this code.
    #[error("refused with {0}")]
    Refused(String),
    /// Other requests changed the item again and again.
    #[error("contended")]
    Contended,
    /// An item, or an answer, that is not what this code writes or expects.
    #[error("unreadable")]
    Unreadable,
}

impl StoreError {
    /// Whether the table had no capacity for the operation.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        const CODES: [&str; 3] =
            ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];
        matches!(&self.fault, Fault::Refused(code) if CODES.contains(&code.as_str()))
    }

    pub(crate) fn unreadable(operation: &'static str) -> Self {
        Self { operation, fault: Fault::Unreadable }
    }

    /// `operation` lost every race for an item.
    pub(crate) fn conflict(operation: &'static str) -> Self {
        Self { operation, fault: Fault::Contended }
    }

    /// The table left part of `operation` undone, after all retries.
    pub(crate) fn throttled(operation: &'static str) -> Self {
        Self { operation, fault: Fault::Refused("ProvisionedThroughputExceededException".to_owned()) }
    }

    /// Names the fault of `operation` by the SDK's error.
    pub(crate) fn of<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E>) -> Self {
        let fault = match error {
            SdkError::TimeoutError(_) => Fault::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Fault::TimedOut,
            SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => Fault::Unreachable,
            SdkError::ServiceError(_) => Fault::Refused(error.code().unwrap_or("no code").to_owned()),
            _ => Fault::Unreadable,
        };
        Self { operation, fault }
    }
}
