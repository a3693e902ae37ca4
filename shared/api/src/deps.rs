//! What a function on the table `Chat` works with.

use store::{Client, Retention, Table};

use crate::{Clock, Environment, EnvironmentError};

/// The table `Chat` and the time.
#[derive(Debug, Clone)]
pub struct ChatDeps {
    /// Messages, chat logs, users and pushes.
    pub chat: Table,
    /// What time it is.
    pub clock: Clock,
}

/// The same for a function that stores what is kept for a time.
#[derive(Debug, Clone)]
pub struct WriteDeps {
    /// Messages, chat logs, users and pushes.
    pub chat: Table,
    /// What time it is.
    pub clock: Clock,
    /// How long what the function stores is kept.
    pub retention: Retention,
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

impl WriteDeps {
    /// Reads `CHAT_TABLE` and `RETENTION_DAYS`.
    ///
    /// # Errors
    /// [`EnvironmentError`] if one is not set, or not valid.
    pub fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        let ChatDeps { chat, clock } = ChatDeps::new(environment, client, clock)?;
        Ok(Self { chat, clock, retention: environment.get("RETENTION_DAYS")? })
    }
}
