//! The commands, and the operator's actions that they share.

pub mod app;
pub mod token;
pub mod webhook;

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use api::Clock;
use dialoguer::Confirm;
use model::{
    AppId, Timestamp,
    oauth::{Application, Effect},
};
use serde::Serialize;
use store::{AuditEntry, StoreError, Stored, Table, VersionedApplication, applications};

use crate::{
    arguments::Settings,
    connection::Connection,
    error::{Error, TableName},
};

/// Attempts of a change when the application changes concurrently.
const TRIES: usize = 10;

/// How long a write may continue after its connection broke. DynamoDB takes about 10 ms.
const SETTLING_TIME: Duration = Duration::from_millis(500);

pub struct Operator {
    table: Table,
    table_name: TableName,
    webhooks: Table,
    webhooks_name: TableName,
    connection: Connection,
    clock: Clock,
    json: bool,
    yes: bool,
}

impl Operator {
    pub async fn connect(settings: Settings) -> Result<Self, Error> {
        let Settings { table, webhooks_table, endpoint_url, json, yes } = settings;
        let (table_name, webhooks_name) = (TableName::Access(table), TableName::Webhooks(webhooks_table));
        let connection = Connection::open(endpoint_url.as_deref()).await?;
        let table = Table::new(connection.client.clone(), table_name.name());
        let webhooks = Table::new(connection.client.clone(), webhooks_name.name());
        let clock = Clock::system();
        Ok(Self { table, table_name, webhooks, webhooks_name, connection, clock, json, yes })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Turns an error on the table of applications and tokens into one with advice.
    fn told<T>(&self, outcome: Result<T, StoreError>) -> Result<T, Error> {
        outcome.map_err(Error::of_store(&self.table_name))
    }

    /// The same for an error on the table of webhooks.
    fn told_of_webhooks<T>(&self, outcome: Result<T, StoreError>) -> Result<T, Error> {
        outcome.map_err(Error::of_store(&self.webhooks_name))
    }

    async fn find(&self, id: &AppId) -> Result<VersionedApplication, Error> {
        let found = self.told(applications::find(&self.table, id).await)?;
        found.ok_or_else(|| Error::NoApplication(id.clone()))
    }

    /// An audit entry of this operator with the current time.
    async fn entry(&self, what: String) -> Result<AuditEntry, Error> {
        Ok(AuditEntry { at: self.now(), who: self.connection.who().await?, what })
    }

    /// Changes an application and adds `what` to its history; writes nothing if nothing changes. Retries `change` if the
    /// application changed concurrently.
    async fn change(
        &self,
        id: &AppId,
        what: &str,
        change: impl Fn(&mut Application) -> Result<Effect, Error>,
    ) -> Result<Effect, Error> {
        for _ in 0..TRIES {
            match self.change_as_seen(&self.find(id).await?, what, &change).await {
                Err(Error::Conflict) => {}
                outcome => return outcome,
            }
        }
        Err(Error::Conflict)
    }

    /// Changes exactly the version that was read before. No retry: a concurrent change may affect the decision.
    async fn change_as_seen(
        &self,
        before: &VersionedApplication,
        what: &str,
        change: impl Fn(&mut Application) -> Result<Effect, Error>,
    ) -> Result<Effect, Error> {
        let mut after = before.application.clone();
        if change(&mut after)? == Effect::Unchanged {
            return Ok(Effect::Unchanged);
        }
        let entry = self.entry(what.to_owned()).await?;
        match self.told(applications::update(&self.table, before, after, &entry).await)? {
            Stored::Yes => Ok(Effect::Changed),
            Stored::Conflict => Err(Error::Conflict),
        }
    }

    /// Asks for confirmation of a command that ends or skips something.
    fn confirm(&self, consequence: &str) -> Result<(), Error> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Error::Unasked(consequence.to_owned()));
        }
        let answer = Confirm::new().with_prompt(format!("{consequence} Go on?")).default(false).interact();
        match answer {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Declined),
            Err(dialoguer::Error::IO(error)) => Err(error.into()),
        }
    }

    /// Prints a result: `text`, or `value` with `--json`.
    fn print(&self, text: &str, value: &impl Serialize) -> Result<(), Error> {
        let mut output = io::stdout().lock();
        if self.json {
            let json = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
            writeln!(output, "{json}").map_err(Error::Output)
        } else {
            writeln!(output, "{text}").map_err(Error::Output)
        }
    }
}
