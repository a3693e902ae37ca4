//! The one error type of every `handle`.

use model::{BodyError, ParameterError};
use store::StoreError;

use crate::Product;

/// Why a request failed: the error for the caller, and the cause for the log.
pub struct Failure<P: Product> {
    /// The error that the response shows.
    pub error: P::Error,
    /// The cause of a [`Product::SYSTEM_ERROR`], which only the log shows.
    pub cause: Option<String>,
}

impl<P: Product> Failure<P> {
    pub(crate) fn caused_by_caller(error: P::Error) -> Self {
        Self { error, cause: None }
    }

    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        Self { error: P::SYSTEM_ERROR, cause: Some(cause.into()) }
    }
}

// Not for every `P::Error`, which would overlap with `From<T> for T`: each product's module implements its own.
impl<P: Product<Error: From<BodyError>>> From<BodyError> for Failure<P> {
    fn from(error: BodyError) -> Self {
        Self::caused_by_caller(error.into())
    }
}

impl<P: Product<Error: From<ParameterError>>> From<ParameterError> for Failure<P> {
    fn from(error: ParameterError) -> Self {
        Self::caused_by_caller(error.into())
    }
}

impl<P: Product> From<StoreError> for Failure<P> {
    fn from(cause: StoreError) -> Self {
        Self::internal(cause.to_string())
    }
}
