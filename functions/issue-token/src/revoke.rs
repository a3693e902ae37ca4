//! Ending a token: RFC 7009.

use api::{Done, Failure, Metric, UnauthenticatedRequest};
use model::oauth::{ClientCredentials, Form, OAuthError, TokenParameter};
use store::{applications, tokens};

use crate::{Deps, client::authenticate};

/// Ends the token of a request if it is the client's own; another's is left alone, and the answer is the same. Two round
/// trips: who it is, and the deletion.
///
/// # Errors
/// The first that applies: the parameters, who asks; or the store.
pub(crate) async fn revoke(
    deps: &Deps,
    request: &UnauthenticatedRequest,
    form: &Form,
) -> Result<Done, Failure<OAuthError>> {
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
    Ok(Done {})
}
