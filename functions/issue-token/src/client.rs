//! Who calls.

use api::{Failure, UnauthenticatedRequest};
use model::{
    Application, ApplicationStatus, Timestamp,
    oauth::{ClientCredentials, OAuthError},
};
use store::VersionedApplication;

/// Checks that `found`, which was read by the id that the client shows, is an application that is enabled and whose
/// secret the client shows too; from then on the request is known to be its.
///
/// Neither the answer nor the time it takes tells a client that is unknown from one that shows another secret. That an
/// application is disabled only its own client learns.
///
/// # Errors
/// [`OAuthError::InvalidClient`], then [`OAuthError::UnauthorizedClient`].
pub(crate) fn authenticate(
    request: &UnauthenticatedRequest,
    credentials: &ClientCredentials,
    found: Option<VersionedApplication>,
    now: Timestamp,
) -> Result<VersionedApplication, Failure<OAuthError>> {
    let application = found.as_ref().map(|found| &found.application);
    let is_authentic = Application::authenticates(application, &credentials.secret, now);
    let found = found.filter(|_| is_authentic).ok_or(OAuthError::InvalidClient)?;
    request.belongs_to(&found.application.app_id);
    match found.application.status {
        ApplicationStatus::Enabled => Ok(found),
        ApplicationStatus::Disabled => Err(OAuthError::UnauthorizedClient.into()),
    }
}
