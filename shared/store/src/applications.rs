//! Applications: one item each, with a version.
//!
//! Every write increments the version, on condition that it is the version that was read. Of two concurrent changes one is
//! therefore a conflict. Issuing a token checks the version too, so that no token is issued from a stale application record.

use model::{AppId, oauth::Application};
use serde::{Deserialize, Serialize};

use crate::{
    audit::{self, AuditEntry},
    dynamodb::{
        error::StoreError,
        expression::{Expression, number},
        key::{Key, Partition},
        query::Query,
        table::{Consistency, Table},
        transaction::{Transaction, TransactionOutcome},
    },
    keys::APPLICATION,
};

/// An application with the version that was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VersionedApplication {
    /// The application.
    #[serde(flatten)]
    pub application: Application,
    version: u64,
}

/// The outcome of a write of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The application is written.
    Yes,
    /// A concurrent request wrote the application first. Nothing was written: read the application again.
    Conflict,
}

impl VersionedApplication {
    /// Whether two reads returned the same version.
    #[must_use]
    pub const fn is_unchanged_since(&self, earlier: &Self) -> bool {
        self.version == earlier.version
    }

    fn is_unchanged(&self) -> Expression {
        Expression::new("version = :read", [(":read", number(self.version))])
    }

    /// Adds the condition that the application still has this version.
    pub(crate) fn check<'t>(&self, transaction: Transaction<'t>) -> Result<Transaction<'t>, StoreError> {
        transaction.check(Key::application(&self.application.app_id), self.is_unchanged())
    }
}

/// Stores a new application and an audit entry. [`Stored::Conflict`] if the id is in use. One transaction of two items.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn create(
    table: &Table,
    application: Application,
    entry: &AuditEntry,
) -> Result<Stored, StoreError> {
    let new = VersionedApplication { application, version: 1 };
    write(table, &new, Expression::new("attribute_not_exists(pk)", []), entry).await
}

/// Replaces `before` by `after` and stores an audit entry. [`Stored::Conflict`] if the version is no longer that of
/// `before`. One transaction of two items.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn update(
    table: &Table,
    before: &VersionedApplication,
    after: Application,
    entry: &AuditEntry,
) -> Result<Stored, StoreError> {
    let new = VersionedApplication { application: after, version: before.version + 1 };
    write(table, &new, before.is_unchanged(), entry).await
}

async fn write(
    table: &Table,
    new: &VersionedApplication,
    condition: Expression,
    entry: &AuditEntry,
) -> Result<Stored, StoreError> {
    let id = &new.application.app_id;
    let outcome = audit::put(Transaction::on(table), id, entry)?
        .put(Key::application(id), new, Some(condition))?
        .commit()
        .await?;
    Ok(match outcome {
        TransactionOutcome::Committed => Stored::Yes,
        TransactionOutcome::ConditionFailed { .. } => Stored::Conflict,
    })
}

/// Reads an application. One strongly consistent read.
///
/// # Errors
/// [`StoreError`] if the read fails, or the application is corrupt.
pub async fn find(table: &Table, id: &AppId) -> Result<Option<VersionedApplication>, StoreError> {
    table.get(Key::application(id), Consistency::Strong).await
}

/// Reads all applications in the order of their ids, strongly consistently. One request per megabyte, without a bound: for
/// the command line only.
///
/// # Errors
/// [`StoreError`] if a query fails, or an application is corrupt.
pub async fn list(table: &Table) -> Result<Vec<Application>, StoreError> {
    let query = Query::of_kind(Partition::applications(), APPLICATION);
    let found: Vec<VersionedApplication> = table.query_to_end(query, Consistency::Strong).await?;
    Ok(found.into_iter().map(|found| found.application).collect())
}
