//! Revoking tokens.

use futures_util::{TryStreamExt, stream};
use model::{AppId, Timestamp, oauth::TokenHash};

use super::{find::list, record::IssuedToken};
use crate::{
    audit::{self, AuditEntry},
    dynamodb::{
        error::StoreError,
        expression::{Expression, text},
        key::Key,
        table::Table,
        transaction::{Transaction, TransactionOutcome},
        ttl::is_live,
    },
};

/// A token is two items, and DynamoDB's limit is 100 items per transaction.
const TOKENS_PER_TRANSACTION: usize = 50;

/// The transactions of [`revoke_all`] that run at a time.
const CONCURRENCY: usize = 16;

/// Deletes the token with this hash if it was issued to `app`, and stores `entry`, if any, in the audit log. Returns false
/// if there is no such token. One transaction of two or three items.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn revoke(
    table: &Table,
    app: &AppId,
    hash: &TokenHash,
    entry: Option<&AuditEntry>,
) -> Result<bool, StoreError> {
    let is_of_app = Expression::new("appId = :app", [(":app", text(app.as_str()))]);
    let mut transaction = Transaction::on(table)
        .delete(Key::token(hash), Some(is_of_app))?
        .delete(Key::issued_token(app, hash), None)?;
    if let Some(entry) = entry {
        transaction = audit::put(transaction, app, entry)?;
    }
    Ok(transaction.commit().await? == TransactionOutcome::Committed)
}

/// Deletes the tokens of an application for which `should_revoke` holds. Returns how many of them had not expired by `now`.
/// Sends one transaction per 50 tokens, 16 in parallel, without a bound: for the command line only.
///
/// # Errors
/// [`StoreError`] if a read or a write fails. A repeat of the call deletes the rest.
pub async fn revoke_all(
    table: &Table,
    app: &AppId,
    now: Timestamp,
    should_revoke: impl Fn(&IssuedToken) -> bool,
) -> Result<usize, StoreError> {
    let tokens: Vec<_> = list(table, app).await?.into_iter().filter(should_revoke).collect();
    stream::iter(tokens.chunks(TOKENS_PER_TRANSACTION).map(Ok))
        .try_for_each_concurrent(CONCURRENCY, |tokens| async move {
            let mut transaction = Transaction::on(table);
            for token in tokens {
                transaction = transaction.delete(Key::token(&token.hash), None)?;
                transaction = transaction.delete(Key::issued_token(app, &token.hash), None)?;
            }
            transaction.commit().await.map(|_| ())
        })
        .await?;
    Ok(tokens.iter().filter(|token| is_live(token.expire_at, now)).count())
}
