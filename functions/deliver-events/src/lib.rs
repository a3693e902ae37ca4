//! Posts the messages of a source to the webhook endpoint of an application. An asynchronous invocation is a hint that there
//! may be messages. A lost hint only delays them. A repeated hint finds the lease taken or the feed empty.

mod batch;
mod delivery;
mod target;

use std::sync::Arc;

use api::{Clock, Dependencies, Environment, EnvironmentError, Event, EventFailure};
use model::{AppId, Source};
use serde::Deserialize;
use store::{Client, Table};
use webhook::client::Reach;

/// The invocation's event.
#[derive(Debug, Clone, Deserialize)]
pub struct Delivery {
    /// The source whose messages are delivered.
    pub source: Source,
    /// The application that has the endpoint.
    pub app: AppId,
}

/// `ACCESS_TABLE`, `CHAT_TABLE` and `WEBHOOKS_TABLE`. With `WEBHOOK_REACH=everywhere`, which the template does not set, receivers
/// may listen on this machine and need no TLS.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Applications.
    pub access: Table,
    /// The feed of each source.
    pub chat: Table,
    /// Endpoints, their secrets and the progress of deliveries.
    pub webhooks: Table,
    /// The time, as an input.
    pub clock: Clock,
    /// The addresses that may be dialled.
    pub reach: Reach,
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        let reach = match environment.get::<String>("WEBHOOK_REACH") {
            Ok(reach) if reach == "everywhere" => Reach::Everywhere,
            _ => Reach::Public,
        };
        Ok(Self {
            access: Table::new(client.clone(), environment.get::<String>("ACCESS_TABLE")?),
            chat: Table::new(client.clone(), environment.get::<String>("CHAT_TABLE")?),
            webhooks: Table::new(client, environment.get::<String>("WEBHOOKS_TABLE")?),
            clock,
            reach,
        })
    }

    fn table(&self) -> &Table {
        &self.webhooks
    }
}

/// Delivers until the feed is empty, the backoff is too long to sleep, or 10 minutes have passed. Does nothing if another
/// delivery to the endpoint runs.
///
/// # Errors
/// [`EventFailure`] if the store fails. The next delivery continues.
pub async fn handle(deps: Arc<Deps>, event: Event<Delivery>) -> Result<(), EventFailure> {
    event.set_application(&event.payload.app);
    event.set_source(event.payload.source);
    delivery::run(&deps, &event).await
}
