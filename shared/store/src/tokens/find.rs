//! Reading tokens.

use model::{
    AppId, Timestamp,
    oauth::{PermittedSources, Principal, Scope, TokenHash},
};

use super::record::{Grant, IssuedToken};
use crate::{
    dynamodb::{
        error::StoreError,
        key::{Key, Partition},
        query::Query,
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::ISSUED_TOKEN,
};

/// A valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The application and its sources.
    pub principal: Principal,
    /// Scopes by name. A token may have scopes of products outside this service.
    pub scopes: Vec<String>,
    /// Absent if an operator stored the token by hand.
    pub issued_at: Option<Timestamp>,
    /// The end of its lifetime, in epoch seconds.
    pub expire_at: u64,
}

impl AccessToken {
    /// Whether the token has `scope`.
    #[must_use]
    pub fn covers(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|name| name == scope.name())
    }
}

/// Reads the token with this hash; `None` if there is none, or it has expired by `now`. One strongly consistent read.
///
/// # Errors
/// [`StoreError`] if the read fails, or the token is corrupt.
pub async fn find(
    table: &Table,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<AccessToken>, StoreError> {
    let grant: Option<Grant> = table.get(Key::token(hash), Consistency::Strong).await?;
    Ok(grant.filter(|grant| is_live(grant.expire_at, now)).map(|grant| AccessToken {
        principal: Principal { app: grant.app_id, sources: PermittedSources::from(grant.sources) },
        scopes: grant.scopes,
        issued_at: grant.issued_at,
        expire_at: grant.expire_at,
    }))
}

/// Reads the tokens of an application that have not expired by `now`, in no order, strongly consistently. One request per
/// megabyte, without a bound: for the command line only.
///
/// # Errors
/// [`StoreError`] if a query fails, or a token is corrupt.
pub async fn issued_to(table: &Table, app: &AppId, now: Timestamp) -> Result<Vec<IssuedToken>, StoreError> {
    let tokens = list(table, app).await?;
    Ok(tokens.into_iter().filter(|token| is_live(token.expire_at, now)).collect())
}

/// All tokens of an application, expired ones included.
pub(super) async fn list(table: &Table, app: &AppId) -> Result<Vec<IssuedToken>, StoreError> {
    let query = Query::of_kind(Partition::application(app), ISSUED_TOKEN);
    table.query_to_end(query, Consistency::Strong).await
}
