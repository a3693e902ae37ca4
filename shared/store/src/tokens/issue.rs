//! Issuing tokens, within a limit per application and minute.

use std::num::NonZeroU32;

use model::{AppId, Timestamp, oauth::TokenHash};
use serde::Deserialize;

use super::record::{Grant, IssuedToken};
use crate::{
    applications::VersionedApplication,
    dynamodb::{
        error::StoreError,
        expression::{Expression, number},
        key::Key,
        table::{Consistency, Table},
        transaction::{Transaction, TransactionOutcome},
    },
};

/// The fixed window of the limit, in seconds.
const WINDOW_SECONDS: u64 = 60;

/// A minute of the clock: the window over which the tokens of an application are counted.
#[derive(Debug, Clone, Copy)]
pub struct Minute {
    /// Since the epoch.
    number: u64,
    seconds_left: u64,
}

impl Minute {
    /// The minute that contains `now`.
    #[must_use]
    pub const fn of(now: Timestamp) -> Self {
        let seconds = now.seconds();
        Self { number: seconds / WINDOW_SECONDS, seconds_left: WINDOW_SECONDS - seconds % WINDOW_SECONDS }
    }

    const fn end(self) -> u64 {
        (self.number + 1) * WINDOW_SECONDS
    }

    const fn limit_reached(self) -> IssueOutcome {
        IssueOutcome::LimitReached { retry_after: self.seconds_left }
    }
}

/// The outcome of [`issue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueOutcome {
    /// The token is stored.
    Issued,
    /// The application changed since it was read. Nothing was written: read it again.
    Conflict,
    /// The application has taken all tokens of this minute. Nothing was written.
    LimitReached {
        /// Seconds until the next minute.
        retry_after: u64,
    },
}

/// Returns [`IssueOutcome::LimitReached`] if an application has taken `limit` tokens in this minute. One strongly consistent
/// read, which turns excess requests away before they need a transaction.
///
/// # Errors
/// [`StoreError`] if the read fails, or the counter is corrupt.
pub async fn rate_limit(
    table: &Table,
    app: &AppId,
    minute: Minute,
    limit: NonZeroU32,
) -> Result<Option<IssueOutcome>, StoreError> {
    #[derive(Deserialize)]
    struct IssuedCount {
        issued: u32,
    }
    let key = Key::issued_count(app, minute.number);
    let count: Option<IssuedCount> = table.get(key, Consistency::Strong).await?;
    Ok(count.filter(|count| count.issued >= limit.get()).map(|_| minute.limit_reached()))
}

/// Stores a token if the application still has the version that was read, and has taken fewer than `limit` tokens in this
/// minute. One transaction of four items.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn issue(
    table: &Table,
    application: &VersionedApplication,
    hash: &TokenHash,
    grant: &Grant,
    minute: Minute,
    limit: NonZeroU32,
) -> Result<IssueOutcome, StoreError> {
    const VERSION_CHECK: usize = 0;
    let increment = Expression::new(
        "SET expireAt = :end ADD issued :one",
        [(":end", number(minute.end())), (":one", number(1)), (":limit", number(limit.get().into()))],
    );
    let transaction = application.check(Transaction::on(table))?.update(
        Key::issued_count(&grant.app_id, minute.number),
        increment,
        "attribute_not_exists(issued) OR issued < :limit",
    )?;
    Ok(match put_items(transaction, hash, grant)?.commit().await? {
        TransactionOutcome::Committed => IssueOutcome::Issued,
        TransactionOutcome::ConditionFailed { step: VERSION_CHECK, .. } => IssueOutcome::Conflict,
        TransactionOutcome::ConditionFailed { .. } => minute.limit_reached(),
    })
}

/// Stores a token without a limit, whether or not its application exists: for seeds and tests. One transaction of two items.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn put(table: &Table, hash: &TokenHash, grant: &Grant) -> Result<(), StoreError> {
    put_items(Transaction::on(table), hash, grant)?.commit().await.map(|_| ())
}

fn put_items<'t>(
    transaction: Transaction<'t>,
    hash: &TokenHash,
    grant: &Grant,
) -> Result<Transaction<'t>, StoreError> {
    let issued = IssuedToken {
        hash: hash.clone(),
        scopes: grant.scopes.clone(),
        issued_at: grant.issued_at,
        expire_at: grant.expire_at,
    };
    transaction.put(Key::token(hash), grant, None)?.put(Key::issued_token(&grant.app_id, hash), &issued, None)
}
