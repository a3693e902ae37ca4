//! Revocation: RFC 7009.

use api::{Empty, Failure, Metric, OAuth, UnauthenticatedRequest};
use model::oauth::{ClientCredentials, Form, TokenParameter};
use store::{applications, tokens};

use crate::{Deps, client::authenticate};

/// Deletes the token of a request if it is the client's own; another application's is left alone, and the response is the
/// same. Two round trips: the application, and the deletion.
///
/// # Errors
/// The first that applies: the parameters, the client authentication; or the store.
pub(crate) async fn revoke(
    deps: &Deps,
    request: &UnauthenticatedRequest,
    form: &Form,
) -> Result<Empty, Failure<OAuth>> {
    let parameter = TokenParameter::parse(form)?;
    let credentials = ClientCredentials::read(request.authorization(), form)?;
    let access = request.table(&deps.access);
    let found = applications::find(&access, &credentials.app).await?;
    let client = authenticate(request, &credentials, found, deps.clock.now())?;
    if let Some(token) = parameter.token
        && tokens::revoke(&access, &client.application.app_id, &token.hash(), None).await?
    {
        request.count(Metric::TokensRevoked);
    }
    Ok(Empty {})
}
