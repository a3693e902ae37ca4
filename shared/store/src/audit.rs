//! The audit log of an application: one item per change, in the application's partition. It has no TTL.

use model::{AppId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    dynamodb::{
        error::StoreError,
        key::{Key, Partition},
        query::Query,
        table::{Consistency, Table},
        transaction::Transaction,
    },
    keys::AUDIT,
    record_id::RecordId,
};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When the change was made.
    pub at: Timestamp,
    /// The operator: the ARN that AWS STS returned, or a user name of the machine.
    pub who: String,
    /// The change in English.
    pub what: String,
}

/// Adds the put of an entry to a transaction.
pub(crate) fn put<'t>(
    transaction: Transaction<'t>,
    app: &AppId,
    entry: &AuditEntry,
) -> Result<Transaction<'t>, StoreError> {
    transaction.put(Key::audit_entry(app, RecordId::new(entry.at)), entry, None)
}

/// Stores an entry for a change that no other write records. One transaction of one item, whose request token keeps a retry
/// from storing the entry twice.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn append(table: &Table, app: &AppId, entry: &AuditEntry) -> Result<(), StoreError> {
    put(Transaction::on(table), app, entry)?.commit().await.map(|_| ())
}

/// Reads all entries of an application, oldest first, strongly consistently. One request per megabyte, without a bound: for
/// the command line only.
///
/// # Errors
/// [`StoreError`] if a query fails, or an entry is corrupt.
pub async fn list(table: &Table, app: &AppId) -> Result<Vec<AuditEntry>, StoreError> {
    table.query_to_end(Query::of_kind(Partition::application(app), AUDIT), Consistency::Strong).await
}
