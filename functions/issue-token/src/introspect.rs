//! Introspection: RFC 7662.

use api::{Failure, OAuth, UnauthenticatedRequest};
use model::{
    Timestamp,
    oauth::{ClientCredentials, Form, TokenParameter},
};
use serde::Serialize;
use store::{
    StoreError, Table, applications,
    tokens::{self, AccessToken},
};

use crate::{Deps, client::authenticate};

/// The metadata of a token. An inactive one has none, not even its application.
#[derive(Debug, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<ActiveToken>,
}

#[derive(Debug, Serialize)]
struct ActiveToken {
    scope: String,
    client_id: String,
    token_type: &'static str,
    /// In epoch seconds.
    exp: u64,
    /// In epoch seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
}

/// Reads the metadata of a token, if it is the client's own and active. One round trip of two reads.
///
/// # Errors
/// The first that applies: the parameters, the client authentication; or the store.
pub(crate) async fn introspect(
    deps: &Deps,
    request: &UnauthenticatedRequest,
    form: &Form,
) -> Result<Introspection, Failure<OAuth>> {
    let parameter = TokenParameter::parse(form)?;
    let credentials = ClientCredentials::read(request.authorization(), form)?;
    let access = request.table(&deps.access);
    let (found, token) = tokio::try_join!(
        applications::find(&access, &credentials.app),
        find_token(deps, &access, &parameter),
    )?;
    let client = authenticate(request, &credentials, found, deps.clock.now())?;
    let own = token.filter(|token| token.principal.app == client.application.app_id);
    Ok(Introspection { active: own.is_some(), token: own.map(ActiveToken::from) })
}

async fn find_token(
    deps: &Deps,
    access: &Table,
    parameter: &TokenParameter,
) -> Result<Option<AccessToken>, StoreError> {
    match &parameter.token {
        Some(token) => tokens::find(access, &token.hash(), deps.clock.now()).await,
        None => Ok(None),
    }
}

impl From<AccessToken> for ActiveToken {
    fn from(token: AccessToken) -> Self {
        Self {
            scope: token.scopes.join(" "),
            client_id: token.principal.app.to_string(),
            token_type: "bearer",
            exp: token.expire_at,
            iat: token.issued_at.map(Timestamp::seconds),
        }
    }
}
