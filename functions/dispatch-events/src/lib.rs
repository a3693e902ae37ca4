//! Finds the webhook endpoints that have messages to deliver, and starts a delivery for each: with each batch of the stream
//! of the table `Chat`, and each minute.

mod batch;

use std::sync::Arc;

use api::{Clock, Dependencies, Environment, EnvironmentError, Event, EventFailure};
use store::{Client, Table};

pub use batch::{BatchResponse, Trigger};

/// `CHAT_TABLE` and `WEBHOOKS_TABLE`.
#[derive(Debug, Clone)]
pub struct Deps {
    /// The feed of each source.
    pub chat: Table,
    /// Endpoints and the progress of deliveries.
    pub webhooks: Table,
    /// The time, as an input.
    pub clock: Clock,
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            chat: Table::new(client.clone(), environment.get::<String>("CHAT_TABLE")?),
            webhooks: Table::new(client, environment.get::<String>("WEBHOOKS_TABLE")?),
            clock,
        })
    }

    fn table(&self) -> &Table {
        &self.webhooks
    }
}

/// Handles a batch of the stream or the tick of the schedule.
///
/// # Errors
/// [`EventFailure`] if the store fails.
pub async fn handle(_deps: Arc<Deps>, _event: Event<Trigger>) -> Result<BatchResponse, EventFailure> {
    Ok(BatchResponse::default())
}
