//! Applications, in the table `Access`: `APPS`, an item for each, and beside it, under `APP#<appId>`, what belongs to it:
//! its history (`AUDIT#`), the tokens that were issued to it (`TOKEN#`) and how many (`ISSUED#`).
//!
//! Each change counts the item's version up on condition that it is still the one that was read, so that of two
//! changes at once one has to be thought over. Issuing a token checks the version too: no token is issued on what an
//! application was a moment ago.

use model::{AppId, Timestamp, oauth::Application};
use serde::{Deserialize, Serialize};

use crate::{
    RecordId, StoreError, Table,
    expression::{Expression, number},
    keys::key,
    record::{from_item, to_attributes},
    table::{Range, Read},
    transaction::{Outcome, TRANSACTION, Transaction},
};

/// The one partition of the applications: they are few, and so are the tokens that are issued on them.
const APPLICATIONS: &str = "APPS";

/// An application as it was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VersionedApplication {
    /// The application.
    #[serde(flatten)]
    pub application: Application,
    version: u64,
}

/// A change of an application, for its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When it was done.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// What was done.
    pub what: String,
}

/// Whether a change was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was.
    Yes,
    /// Nothing was: somebody else was faster. Read the application again.
    Outrun,
}

impl VersionedApplication {
    /// Whether nobody changed the application between `self` and `earlier`, two reads of it.
    #[must_use]
    pub const fn is_unchanged_since(&self, earlier: &Self) -> bool {
        self.version == earlier.version
    }

    /// What holds as long as nobody changes the application.
    fn unchanged(&self) -> Expression {
        Expression::new("version = :read", [(":read", number(self.version))])
    }

    /// Writes the rest of a transaction only if nobody changed the application meanwhile.
    pub(crate) fn check<'t>(&self, transaction: Transaction<'t>) -> Result<Transaction<'t>, StoreError> {
        let sort = belongings(&self.application.app_id);
        transaction.check(APPLICATIONS.to_owned(), sort, self.unchanged())
    }
}

/// Stores a new application; [`Stored::Outrun`] if there is one with its id.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn create(
    table: &Table,
    application: Application,
    entry: &AuditEntry,
) -> Result<Stored, StoreError> {
    let new = VersionedApplication { application, version: 1 };
    write(table, &new, Expression::new("attribute_not_exists(pk)", []), entry).await
}

/// Stores `after` in the place of `before`, unless somebody changed that meanwhile.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn update(
    table: &Table,
    before: &VersionedApplication,
    after: Application,
    entry: &AuditEntry,
) -> Result<Stored, StoreError> {
    let new = VersionedApplication { application: after, version: before.version + 1 };
    write(table, &new, before.unchanged(), entry).await
}

async fn write(
    table: &Table,
    new: &VersionedApplication,
    condition: Expression,
    entry: &AuditEntry,
) -> Result<Stored, StoreError> {
    let id = &new.application.app_id;
    let outcome = add_entry(Transaction::on(table), id, entry)?
        .put(APPLICATIONS.to_owned(), belongings(id), to_attributes(new, TRANSACTION)?, Some(condition))?
        .commit()
        .await?;
    Ok(match outcome {
        Outcome::Written => Stored::Yes,
        Outcome::Refused { .. } => Stored::Outrun,
    })
}

/// Writes `entry` into the history of an application.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn add_to_history(table: &Table, id: &AppId, entry: &AuditEntry) -> Result<(), StoreError> {
    add_entry(Transaction::on(table), id, entry)?.commit().await.map(|_| ())
}

/// Writes `entry` into the history of the application with the rest of a transaction.
pub(crate) fn add_entry<'t>(
    transaction: Transaction<'t>,
    id: &AppId,
    entry: &AuditEntry,
) -> Result<Transaction<'t>, StoreError> {
    let sort = format!("AUDIT#{}", RecordId::new(entry.at));
    transaction.put(belongings(id), sort, to_attributes(entry, TRANSACTION)?, None)
}

/// Finds an application. One consistent read.
///
/// # Errors
/// [`StoreError`] if the table cannot be read.
pub async fn find(table: &Table, id: &AppId) -> Result<Option<VersionedApplication>, StoreError> {
    let item = table.get(APPLICATIONS.to_owned(), &belongings(id), Read::Consistent).await?;
    item.map(|item| from_item(item, "GetItem")).transpose()
}

/// Every application, by id.
///
/// # Errors
/// [`StoreError`] if the table cannot be read.
pub async fn list(table: &Table) -> Result<Vec<Application>, StoreError> {
    let found = table.query_all(APPLICATIONS.to_owned(), Range { from: "APP#", to: "APP$" }).await?;
    let read = |item| from_item(item, "Query").map(|found: VersionedApplication| found.application);
    found.into_iter().map(read).collect()
}

/// What was done to an application, oldest first.
///
/// # Errors
/// [`StoreError`] if the table cannot be read.
pub async fn history(table: &Table, id: &AppId) -> Result<Vec<AuditEntry>, StoreError> {
    let found = table.query_all(belongings(id), Range { from: "AUDIT#", to: "AUDIT$" }).await?;
    found.into_iter().map(|item| from_item(item, "Query")).collect()
}

/// The key of an application within [`APPLICATIONS`], and the partition of what belongs to it.
pub(crate) fn belongings(id: &AppId) -> String {
    key("APP", &[id.as_str()])
}
