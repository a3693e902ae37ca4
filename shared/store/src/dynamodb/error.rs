//! Errors of the store. They go to the log, never into an answer.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// An operation that failed after its retries.
///
/// Holds an operation name and an error code only: DynamoDB's own messages may quote keys and values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {fault}")]
pub struct StoreError {
    /// The name of the operation in DynamoDB's API, such as `GetItem`.
    pub operation: &'static str,
    /// The class of the failure.
    pub fault: Fault,
}

/// The class of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// No response within the attempt timeout or the request's deadline.
    #[error("timed out")]
    TimedOut,
    /// No connection, or a connection that broke.
    #[error("unreachable")]
    Unreachable,
    /// DynamoDB answered with this error code.
    #[error("refused with {0}")]
    Refused(String),
    /// Concurrent writes changed the item before each attempt of a conditional write.
    #[error("conflict")]
    Conflict,
    /// A stored item does not have the shape that this crate writes.
    #[error("corrupt item")]
    CorruptItem,
    /// The SDK could not build the request, or a record could not be serialized: a defect of this code. Nothing was sent.
    #[error("invalid request")]
    InvalidRequest,
}

impl StoreError {
    /// Whether DynamoDB throttled the operation.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        const CODES: [&str; 3] =
            ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];
        matches!(&self.fault, Fault::Refused(code) if CODES.contains(&code.as_str()))
    }

    pub(crate) const fn corrupt_item(operation: &'static str) -> Self {
        Self { operation, fault: Fault::CorruptItem }
    }

    pub(crate) const fn invalid_request(operation: &'static str) -> Self {
        Self { operation, fault: Fault::InvalidRequest }
    }

    pub(crate) const fn conflict(operation: &'static str) -> Self {
        Self { operation, fault: Fault::Conflict }
    }

    /// Part of a batch stayed unprocessed after all retries.
    pub(crate) fn throttled(operation: &'static str) -> Self {
        Self { operation, fault: Fault::Refused("ProvisionedThroughputExceededException".to_owned()) }
    }

    pub(crate) fn of<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E>) -> Self {
        let fault = match error {
            SdkError::TimeoutError(_) => Fault::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Fault::TimedOut,
            SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => Fault::Unreachable,
            SdkError::ServiceError(_) => Fault::Refused(error.code().unwrap_or("no code").to_owned()),
            // Construction of the request failed: the enum is non-exhaustive.
            _ => Fault::InvalidRequest,
        };
        Self { operation, fault }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::get_item::GetItemError;

    use super::*;

    #[test]
    fn a_request_that_the_sdk_could_not_build_is_not_a_corrupt_item() {
        let error: SdkError<GetItemError> = SdkError::construction_failure("no region");
        assert_eq!(StoreError::of("GetItem", &error), StoreError::invalid_request("GetItem"));
        assert_ne!(
            StoreError::invalid_request("GetItem").to_string(),
            StoreError::corrupt_item("GetItem").to_string()
        );
    }
}
