//! What is worth another attempt beyond what the SDK knows.

use aws_sdk_dynamodb::{
    config::{
        interceptors::InterceptorContext,
        retry::{ClassifyRetry, RetryAction},
    },
    operation::transact_write_items::TransactWriteItemsError,
};

/// The reasons of a cancelled transaction that pass by themselves.
const PASSING: [&str; 3] = ["ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"];

/// Tries a transaction again that was cancelled because the table was busy.
///
/// The SDK takes every cancelled transaction for final, since a condition may have failed. The client request token
/// is the same for every attempt, so that a transaction that was applied after all is not applied twice.
#[derive(Debug)]
pub(crate) struct ThrottledTransactions;

impl ClassifyRetry for ThrottledTransactions {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let cancelled = context
            .output_or_error()
            .and_then(Result::err)
            .and_then(|error| error.as_operation_error())
            .and_then(|error| error.downcast_ref::<TransactWriteItemsError>());
        match cancelled {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if cancelled
                    .cancellation_reasons()
                    .iter()
                    .any(|reason| reason.code().is_some_and(|code| PASSING.contains(&code))) =>
            {
                RetryAction::throttling_error()
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "Throttled transactions"
    }
}
