//! Finds the webhook endpoints that have messages to deliver, and starts a delivery for each: with each batch of the stream
//! of the table `Chat`, and each minute.
//!
//! The stream's records are hints. The tick each minute, the *sweep*, finds all that is not delivered, also if every hint is lost.

mod sweep;
mod trigger;

use std::{collections::BTreeMap, sync::Arc};

use api::{Clock, Dependencies, Environment, EnvironmentError, Event, EventFailure};
use aws_calls::Invoker;
use futures_util::{StreamExt, stream};
use model::{AppId, Source};
use serde::Serialize;
use store::{
    Client, Table,
    webhooks::{self, Endpoint, EndpointStatus},
};

pub use trigger::{BatchResponse, Trigger};

/// The endpoints that are handled at the same time.
const PARALLEL: usize = 16;

/// `CHAT_TABLE`, `WEBHOOKS_TABLE`, `DELIVERY_FUNCTION`, and the endpoint and credentials of Lambda.
#[derive(Debug)]
pub struct Deps {
    /// The feed of each source.
    pub chat: Table,
    /// Endpoints and the progress of deliveries.
    pub webhooks: Table,
    /// The time, as an input.
    pub clock: Clock,
    /// Invokes `deliver-events`.
    pub deliveries: Invoker,
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            chat: Table::new(client.clone(), environment.get::<String>("CHAT_TABLE")?),
            webhooks: Table::new(client, environment.get::<String>("WEBHOOKS_TABLE")?),
            clock,
            deliveries: Invoker::new(environment, "DELIVERY_FUNCTION")?,
        })
    }

    fn table(&self) -> &Table {
        &self.webhooks
    }
}

/// Handles a batch of the stream or the tick of the schedule. A record whose endpoints could not be woken is a failed one of
/// the batch.
///
/// # Errors
/// [`EventFailure`] if the sweep fails for an endpoint. The next sweep is a minute later.
pub async fn handle(deps: Arc<Deps>, event: Event<Trigger>) -> Result<BatchResponse, EventFailure> {
    match event.payload.sources() {
        Some(sources) => Ok(wake_sources(&deps, &event, sources).await),
        None => sweep::run(&deps, &event).await.map(|()| BatchResponse::default()),
    }
}

/// Wakes the endpoints of sources that have new messages. `sources` has the sequence number of each source's first record.
async fn wake_sources(
    deps: &Deps,
    event: &Event<Trigger>,
    sources: BTreeMap<Source, String>,
) -> BatchResponse {
    let woken = stream::iter(sources).map(|(source, record)| async move {
        let woken = for_each_endpoint(deps, event, Some(source), |endpoint| async move {
            wake(deps, event, &endpoint).await
        });
        woken.await.err().map(|_| record)
    });
    let failed: Vec<Option<String>> = woken.buffer_unordered(PARALLEL).collect().await;
    BatchResponse::failed(failed.into_iter().flatten())
}

/// Calls `act` for each enabled endpoint of a source, or of all sources, page by page.
async fn for_each_endpoint<F: Future<Output = Result<(), EventFailure>>>(
    deps: &Deps,
    event: &Event<Trigger>,
    source: Option<Source>,
    act: impl Fn(Endpoint) -> F,
) -> Result<(), EventFailure> {
    let mut outcome = Ok(());
    let mut after = None;
    loop {
        let page = webhooks::page(&event.table(&deps.webhooks), source, after).await?;
        let enabled = page.endpoints.into_iter().filter(|found| found.status == EndpointStatus::Enabled);
        let done: Vec<_> = stream::iter(enabled).map(&act).buffer_unordered(PARALLEL).collect().await;
        outcome = done.into_iter().fold(outcome, Result::and);
        after = page.next;
        if after.is_none() {
            return outcome;
        }
    }
}

/// Counts a hint, and starts a delivery unless one runs or the backoff has not ended.
async fn wake(deps: &Deps, event: &Event<Trigger>, endpoint: &Endpoint) -> Result<(), EventFailure> {
    let now = deps.clock.now();
    let Endpoint { source, app_id: app, .. } = endpoint;
    let hint = webhooks::wake(&event.table(&deps.webhooks), *source, app, now).await?;
    if hint.is_due(now) {
        deps.deliveries.invoke(&delivery(*source, app)).await?;
    }
    Ok(())
}

/// The event of `deliver-events`.
fn delivery(source: Source, app: &AppId) -> String {
    #[derive(Serialize)]
    struct Delivery<'a> {
        source: Source,
        app: &'a AppId,
    }
    // A number and a text always have a form in JSON.
    serde_json::to_string(&Delivery { source, app }).unwrap_or_default()
}
