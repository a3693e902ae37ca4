//! The start of a function, and its loop over invocations.

use std::{convert::Infallible, future::Future, sync::Arc};

use lambda_http::{Error, service_fn};
use serde::Serialize;
use store::Table;

use crate::{Clock, Dependencies, Environment, Failure, FromEvent, Product, logging, respond};

/// Starts the function `name` and answers API Gateway's events with `handle` until Lambda ends the process.
///
/// # Errors
/// An environment variable is missing or not valid, or Lambda's runtime API fails.
pub async fn run<D, R, P, T, F>(
    name: &'static str,
    warm_up: impl AsyncFnOnce(&Table),
    handle: impl Fn(Arc<D>, R) -> F + Send + Sync,
) -> Result<(), Error>
where
    D: Dependencies,
    R: FromEvent,
    P: Product,
    T: Serialize,
    F: Future<Output = Result<T, Failure<P>>> + Send,
{
    let deps = start::<D>(warm_up).await?;
    let handle = &handle;
    lambda_http::run(service_fn(|event| {
        let deps = Arc::clone(&deps);
        async move { Ok::<_, Infallible>(respond(name, event, |request| handle(deps, request)).await) }
    }))
    .await
}

/// Sets up logging, makes the dependencies, and opens the connection to DynamoDB: all that is done before the first
/// invocation.
///
/// # Errors
/// An environment variable is missing or not valid.
pub async fn start<D: Dependencies>(warm_up: impl AsyncFnOnce(&Table)) -> Result<Arc<D>, Error> {
    let environment = Environment::of_process();
    logging::init(&environment);
    let deps = D::new(&environment, store::client::from_environment(), Clock::system())?;
    warm_up(deps.table()).await;
    Ok(Arc::new(deps))
}
