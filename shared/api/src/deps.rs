//! The dependencies of a function, made once at its start.

use store::{Client, Retention, Table};

use crate::{Clock, Environment, EnvironmentError};

/// Dependencies that are made from the environment.
pub trait Dependencies: Send + Sync + Sized + 'static {
    /// Reads the function's environment variables.
    ///
    /// # Errors
    /// [`EnvironmentError`] if one is missing or not valid.
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError>;

    /// The table to which the function opens a connection at its start.
    fn table(&self) -> &Table;
}

/// The dependencies of a function that stores nothing with a retention: `CHAT_TABLE`.
#[derive(Debug, Clone)]
pub struct ChatDeps {
    /// Messages, chat logs, users and pushes.
    pub chat: Table,
    /// The time, as an input.
    pub clock: Clock,
}

/// The dependencies of a function that stores items with a retention: `CHAT_TABLE` and `RETENTION_DAYS`.
#[derive(Debug, Clone)]
pub struct WriteDeps {
    /// Messages, chat logs, users and pushes.
    pub chat: Table,
    /// The time, as an input.
    pub clock: Clock,
    /// How long the items are kept.
    pub retention: Retention,
}

impl Dependencies for ChatDeps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self { chat: Table::new(client, environment.get::<String>("CHAT_TABLE")?), clock })
    }

    fn table(&self) -> &Table {
        &self.chat
    }
}

impl Dependencies for WriteDeps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        let ChatDeps { chat, clock } = ChatDeps::new(environment, client, clock)?;
        Ok(Self { chat, clock, retention: environment.get("RETENTION_DAYS")? })
    }

    fn table(&self) -> &Table {
        &self.chat
    }
}
