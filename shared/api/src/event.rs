//! Events that no caller waits for: the batches of a stream, a schedule, asynchronous invocations.

use std::{future::Future, sync::Arc, time::Instant};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use model::{AppId, Source};
use serde::{Deserialize, Serialize};
use store::{StoreError, Table};
use thiserror::Error as ThisError;

use crate::{Dependencies, Metric, RequestMetrics, logging::RequestLine, run::start};

/// An event with the metrics of its invocation.
#[derive(Debug)]
pub struct Event<E> {
    /// The event as the sender wrote it.
    pub payload: E,
    metrics: RequestMetrics,
}

/// Why an invocation failed. Lambda and the log show the cause.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{0}")]
pub struct EventFailure(String);

impl EventFailure {
    /// A failure with this cause, which must not hold a token, a secret or a message.
    #[must_use]
    pub fn caused_by(cause: &impl ToString) -> Self {
        Self(cause.to_string())
    }
}

impl From<StoreError> for EventFailure {
    fn from(cause: StoreError) -> Self {
        Self::caused_by(&cause)
    }
}

impl From<EventFailure> for Diagnostic {
    fn from(failure: EventFailure) -> Self {
        Self { error_type: "Failed".to_owned(), error_message: failure.0 }
    }
}

impl<E> Event<E> {
    /// Adds `by` to `metric`, which the invocation's log line shows.
    pub fn count(&self, metric: Metric, by: usize) {
        self.metrics.count(metric, by);
    }

    /// Sets the application that the log line names.
    pub fn set_application(&self, application: &AppId) {
        self.metrics.set_application(application);
    }

    /// Sets the third-party system, a dimension of the counts.
    pub fn set_source(&self, source: Source) {
        self.metrics.set_source(source);
    }

    /// `table` with its consumed capacity counted here. Each call starts a budget of time and retries of its own.
    #[must_use]
    pub fn table(&self, table: &Table) -> Table {
        self.metrics.table(table)
    }
}

/// Starts the function `name` and handles events until Lambda ends the process.
///
/// # Errors
/// An environment variable is missing or not valid, or Lambda's runtime API fails.
pub async fn run_events<D, E, T, F>(
    name: &'static str,
    warm_up: impl AsyncFnOnce(&Table),
    handle: impl Fn(Arc<D>, Event<E>) -> F + Send + Sync,
) -> Result<(), Error>
where
    D: Dependencies,
    E: for<'e> Deserialize<'e> + Send,
    T: Serialize,
    F: Future<Output = Result<T, EventFailure>> + Send,
{
    let deps = start::<D>(warm_up).await?;
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<E>| {
        let deps = Arc::clone(&deps);
        async move { process(name, event, |event| handle(deps, event)).await }
    }))
    .await
}

/// Handles one event, and logs one line with its outcome, `ok` or `error`.
///
/// # Errors
/// [`EventFailure`] of `handle`. Lambda retries the event as the template says.
pub async fn process<E, T, F>(
    function: &str,
    event: LambdaEvent<E>,
    handle: impl FnOnce(Event<E>) -> F,
) -> Result<T, EventFailure>
where
    F: Future<Output = Result<T, EventFailure>>,
{
    let started = Instant::now();
    let metrics = RequestMetrics::default();
    let LambdaEvent { payload, context, .. } = event;
    let outcome = handle(Event { payload, metrics: metrics.clone() }).await;
    let cause = outcome.as_ref().err().map(ToString::to_string);
    let line = RequestLine {
        request_id: &context.request_id,
        gateway_request_id: None,
        function,
        outcome: if cause.is_none() { "ok" } else { "error" }.into(),
        cause: cause.as_deref(),
        duration: started.elapsed(),
    };
    line.write(&metrics);
    outcome
}
