//! Access tokens, in the table `Access`. Stored by their hash: whoever reads the table has no token.
//!
//! A token is two items, written and deleted together: `TOKEN#<hash>`, by which the authorizer finds it in one read, and
//! one among the belongings of its application, by which all of an application's tokens are found.

use std::num::NonZeroU32;

use futures_util::{TryStreamExt, stream};
use model::{
    AppId, Source, Timestamp,
    oauth::{Application, PermittedSources, Principal, Scope, ScopeList, TokenHash},
};
use serde::{Deserialize, Serialize};

use crate::{
    AuditEntry, StoreError, Table, VersionedApplication,
    applications::{add_entry, belongings},
    expression::{Expression, number, text},
    keys::key,
    record::{from_item, lives, to_attributes},
    table::{Item, Range, Read},
    transaction::{Outcome, TRANSACTION, Transaction},
};

/// The one sort key of a token, and the beginning of its sort key among its application's belongings.
const TOKEN: &str = "TOKEN";

/// The seconds over which an application's tokens are counted.
const LIMIT_WINDOW: u64 = 60;

/// The most tokens whose two items each fit one transaction of DynamoDB's.
const TOKENS_PER_TRANSACTION: usize = 50;

/// How many such transactions are under way at once when many tokens are to end.
const TRANSACTIONS_AT_ONCE: usize = 16;

/// A token that is good now, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Whose it is.
    pub principal: Principal,
    /// What it may be used for, by name: a token may have scopes of products that are not this service's.
    pub scopes: Vec<String>,
    /// When it was issued, if whoever stored it said so.
    pub issued_at: Option<Timestamp>,
    /// The end of its life, in epoch seconds.
    pub expire_at: u64,
}

impl AccessToken {
    /// Whether the token may be used for `scope`.
    #[must_use]
    pub fn covers(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|name| name == scope.name())
    }
}

/// What is granted to an application with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Whose the token is.
    pub app_id: AppId,
    /// What it may be used for, by name.
    pub scopes: Vec<String>,
    /// The third-party systems the application may speak for.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// When it was issued; not known of one that an operator stored by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// The end of its life, in epoch seconds.
    pub expire_at: u64,
}

impl Grant {
    /// What `application` gets with a token for `scopes`.
    #[must_use]
    pub fn to(application: &Application, scopes: &ScopeList, issued_at: Timestamp, expire_at: u64) -> Self {
        Self {
            app_id: application.app_id.clone(),
            scopes: scopes.iter().map(str::to_owned).collect(),
            sources: application.sources.clone(),
            issued_at: Some(issued_at),
            expire_at,
        }
    }
}

/// A token among its application's belongings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken {
    /// What it is stored by.
    pub hash: TokenHash,
    /// What it may be used for, by name.
    pub scopes: Vec<String>,
    /// When it was issued, if whoever stored it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// The end of its life, in epoch seconds.
    pub expire_at: u64,
}

/// A minute of the clock, over which an application's tokens are counted.
#[derive(Debug, Clone, Copy)]
pub struct Minute {
    number: u64,
    /// Seconds until it is over.
    left: u64,
}

impl Minute {
    /// The minute that `now` is in.
    #[must_use]
    pub const fn of(now: Timestamp) -> Self {
        let seconds = now.seconds();
        Self { number: seconds / LIMIT_WINDOW, left: LIMIT_WINDOW - seconds % LIMIT_WINDOW }
    }

    fn sort(self) -> String {
        format!("ISSUED#{}", self.number)
    }

    const fn end(self) -> u64 {
        (self.number + 1) * LIMIT_WINDOW
    }

    const fn limit_reached(self) -> Issue {
        Issue::LimitReached { retry_after: self.left }
    }
}

/// What came of issuing a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issue {
    /// It is good.
    Done,
    /// Nothing was stored: the application was changed meanwhile. Read it again.
    Outrun,
    /// Nothing was stored: the application has as many tokens of this minute as it may take.
    LimitReached {
        /// Seconds until the next minute.
        retry_after: u64,
    },
}

/// Finds the token with this hash, if its life has not ended by `now`. One consistent read.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or the token cannot be understood.
pub async fn find(
    table: &Table,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<AccessToken>, StoreError> {
    let item = table.get(partition(hash), TOKEN, Read::Consistent).await?;
    let Some(item) = item else { return Ok(None) };
    let grant: Grant = from_item(item, "GetItem")?;
    Ok(lives(grant.expire_at, now).then(|| AccessToken {
        principal: Principal { app: grant.app_id, sources: PermittedSources::from(grant.sources) },
        scopes: grant.scopes,
        issued_at: grant.issued_at,
        expire_at: grant.expire_at,
    }))
}

/// Stores what the token with this hash is good for, whether or not there is such an application.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn put(table: &Table, hash: &TokenHash, grant: &Grant) -> Result<(), StoreError> {
    put_both(Transaction::on(table), hash, grant)?.commit().await.map(|_| ())
}

/// Tells whether an application has taken `limit` tokens in this minute already, so that one that asks again and again
/// is turned away by a read and not by a transaction. One consistent read.
///
/// # Errors
/// [`StoreError`] if the table cannot be read.
pub async fn rate_limit(
    table: &Table,
    app: &AppId,
    minute: Minute,
    limit: NonZeroU32,
) -> Result<Option<Issue>, StoreError> {
    #[derive(Deserialize)]
    struct Count {
        issued: u32,
    }
    let item = table.get(belongings(app), &minute.sort(), Read::Consistent).await?;
    let count = item.map(|item| from_item::<Count>(item, "GetItem")).transpose()?;
    Ok(count.filter(|count| count.issued >= limit.get()).map(|_| minute.limit_reached()))
}

/// Stores what the token with this hash is good for, if the application is still what was read, and if it has taken
/// fewer than `limit` tokens in this minute. One request.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn issue(
    table: &Table,
    application: &VersionedApplication,
    hash: &TokenHash,
    grant: &Grant,
    minute: Minute,
    limit: NonZeroU32,
) -> Result<Issue, StoreError> {
    const CHECK: usize = 0;
    let one_more = Expression::new(
        "SET expireAt = :end ADD issued :one",
        [(":end", number(minute.end())), (":one", number(1)), (":limit", number(limit.get().into()))],
    );
    let transaction = application.check(Transaction::on(table))?.update(
        belongings(&grant.app_id),
        minute.sort(),
        one_more,
        "attribute_not_exists(issued) OR issued < :limit",
    )?;
    Ok(match put_both(transaction, hash, grant)?.commit().await? {
        Outcome::Written => Issue::Done,
        Outcome::Refused { step: CHECK, .. } => Issue::Outrun,
        Outcome::Refused { .. } => minute.limit_reached(),
    })
}

fn put_both<'t>(
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
    let (grant_item, issued_item) =
        (to_attributes(grant, TRANSACTION)?, to_attributes(&issued, TRANSACTION)?);
    transaction.put(partition(hash), TOKEN.to_owned(), grant_item, None)?.put(
        belongings(&grant.app_id),
        belonging(&hash.to_string()),
        issued_item,
        None,
    )
}

/// Revokes the token with this hash if it is the application's, and writes `entry` into its history if there is one.
/// Tells whether there was such a token. One request.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn revoke(
    table: &Table,
    app: &AppId,
    hash: &TokenHash,
    entry: Option<&AuditEntry>,
) -> Result<bool, StoreError> {
    let is_its_own = Expression::new("appId = :app", [(":app", text(app.as_str()))]);
    let mut transaction = Transaction::on(table)
        .delete(partition(hash), TOKEN.to_owned(), Some(is_its_own))?
        .delete(belongings(app), belonging(&hash.to_string()), None)?;
    if let Some(entry) = entry {
        transaction = add_entry(transaction, app, entry)?;
    }
    Ok(transaction.commit().await? == Outcome::Written)
}

/// Revokes those tokens of an application for which `of_these` holds, and tells how many were good at `now`. Stopped
/// half-way, what is left is found by the next call.
///
/// # Errors
/// [`StoreError`] if the table cannot be read or written.
pub async fn revoke_all(
    table: &Table,
    app: &AppId,
    now: Timestamp,
    of_these: impl Fn(&IssuedToken) -> bool,
) -> Result<usize, StoreError> {
    let tokens: Vec<_> = belonging_to(table, app).await?.into_iter().filter(of_these).collect();
    stream::iter(tokens.chunks(TOKENS_PER_TRANSACTION).map(Ok))
        .try_for_each_concurrent(TRANSACTIONS_AT_ONCE, |tokens| async move {
            let mut transaction = Transaction::on(table);
            for token in tokens {
                let belonging = belonging(&token.hash.to_string());
                transaction = transaction.delete(partition(&token.hash), TOKEN.to_owned(), None)?;
                transaction = transaction.delete(belongings(app), belonging, None)?;
            }
            transaction.commit().await.map(|_| ())
        })
        .await?;
    Ok(tokens.iter().filter(|token| lives(token.expire_at, now)).count())
}

/// The tokens of an application that are good at `now`, in no particular order.
///
/// # Errors
/// [`StoreError`] if the table cannot be read.
pub async fn issued_to(table: &Table, app: &AppId, now: Timestamp) -> Result<Vec<IssuedToken>, StoreError> {
    let tokens = belonging_to(table, app).await?;
    Ok(tokens.into_iter().filter(|token| lives(token.expire_at, now)).collect())
}

async fn belonging_to(table: &Table, app: &AppId) -> Result<Vec<IssuedToken>, StoreError> {
    let items = table.query_all(belongings(app), Range { from: "TOKEN#", to: "TOKEN$" }).await?;
    items.into_iter().map(|item: Item| from_item(item, "Query")).collect()
}

fn partition(hash: &TokenHash) -> String {
    key(TOKEN, &[&hash.to_string()])
}

/// The sort key of a token among its application's belongings.
fn belonging(hash: &str) -> String {
    key(TOKEN, &[hash])
}
