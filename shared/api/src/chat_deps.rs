//! What a function on the table `Chat` works with.

use store::{Client, Table};

use crate::{Clock, Environment, EnvironmentError};

/// The table `Chat` and the time.
#[derive(Debug, Clone)]
pub struct ChatDeps {
    /// Messages, chat logs, users and pushes.
    pub chat: Table,
    /// What time it is.
    pub clock: Clock,
}

impl ChatDeps {
    /// Reads `CHAT_TABLE`.
    ///
    /// # Errors
    /// [`EnvironmentError`] if it is not set.
    pub fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self { chat: Table::new(client, environment.get::<String>("CHAT_TABLE")?), clock })
    }
}
