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
    /// An item, or an answer, that is not what this code writes or expects.
    #[error("unreadable")]
    Unreadable,
}

impl StoreError {
    /// Whether the table was too busy.
    pub(crate) fn is_throttling(&self) -> bool {
        const CODES: [&str; 3] =
            ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];
        matches!(&self.fault, Fault::Refused(code) if CODES.contains(&code.as_str()))
    }

    pub(crate) fn unreadable(operation: &'static str) -> Self {
        Self { operation, fault: Fault::Unreadable }
    }

    /// Tells what went wrong with `operation` from the SDK's error.
    pub(crate) fn of<E: ProvideErrorMetadata>(operation: &'static str) -> impl Fn(SdkError<E>) -> Self {
        move |error| {
            let fault = match &error {
                SdkError::TimeoutError(_) => Fault::TimedOut,
                SdkError::DispatchFailure(failure) if failure.is_timeout() => Fault::TimedOut,
                SdkError::DispatchFailure(_) => Fault::Unreachable,
                SdkError::ServiceError(_) => Fault::Refused(error.code().unwrap_or("no code").to_owned()),
                _ => Fault::Unreadable,
            };
            Self { operation, fault }
        }
    }
}
