//! The one error type of every `handle`.

use store::StoreError;

use crate::Envelope;

/// Why a request was not done: what the caller reads, and what only the log says.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure<E> {
    /// The answer, in the product's words.
    pub answer: E,
    /// What is behind a [`Envelope::SYSTEM_ERROR`].
    pub cause: Option<String>,
}

impl<E: Envelope> Failure<E> {
    /// A fault of ours.
    pub(crate) fn of_ours(cause: impl Into<String>) -> Self {
        Self { answer: E::SYSTEM_ERROR, cause: Some(cause.into()) }
    }
}

impl<E: Envelope> From<E> for Failure<E> {
    fn from(answer: E) -> Self {
        Self { answer, cause: None }
    }
}

impl<E: Envelope> From<StoreError> for Failure<E> {
    fn from(cause: StoreError) -> Self {
        Self::of_ours(cause.to_string())
    }
}
