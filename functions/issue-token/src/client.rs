//! Client authentication.

use api::{Failure, OAuth, UnauthenticatedRequest};
use model::{
    Timestamp,
    oauth::{Application, ApplicationStatus, ClientCredentials, OAuthError},
};
use store::VersionedApplication;

/// Checks the secret of `found`, the application with the client's id, and its status; then sets the application of the
/// request.
///
/// An unknown client and a wrong secret cannot be told apart, by response or by time. Only the application's own client
/// learns that it is disabled.
///
/// # Errors
/// [`OAuthError::InvalidClient`], then [`OAuthError::UnauthorizedClient`].
pub(crate) fn authenticate(
    request: &UnauthenticatedRequest,
    credentials: &ClientCredentials,
    found: Option<VersionedApplication>,
    now: Timestamp,
) -> Result<VersionedApplication, Failure<OAuth>> {
    let application = found.as_ref().map(|found| &found.application);
    let is_authentic = Application::authenticates(application, &credentials.secret, now);
    let found = found.filter(|_| is_authentic).ok_or(OAuthError::InvalidClient)?;
    request.set_application(&found.application.app_id);
    match found.application.status {
        ApplicationStatus::Enabled => Ok(found),
        ApplicationStatus::Disabled => Err(OAuthError::UnauthorizedClient.into()),
    }
}
