//! Access tokens, in the table `Access`. Stored by their hash: whoever reads the table has no token.

use model::{AppId, PermittedSources, Principal, Scope, Source, Timestamp, TokenHash};
use serde::{Deserialize, Serialize};

use crate::{
    StoreError, Table,
    keys::key,
    record::{from_item, lives, to_attributes},
    table::Read,
};

/// The one sort key of a token.
const TOKEN: &str = "TOKEN";

/// A token that is good now, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Whose it is.
    pub principal: Principal,
    /// What it may be used for, by name: a token may have scopes of products that are not this service's.
    pub scopes: Vec<String>,
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
    /// The end of its life, in epoch seconds.
    pub expire_at: u64,
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
    }))
}

/// Stores what the token with this hash is good for.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn put(table: &Table, hash: &TokenHash, grant: &Grant) -> Result<(), StoreError> {
    let attributes = to_attributes(grant, "PutItem")?;
    table.put(partition(hash), TOKEN.to_owned(), attributes).await
}

fn partition(hash: &TokenHash) -> String {
    key("TOKEN", &[&hash.to_string()])
}
