//! Where to deliver, and whether to.

use api::{Event, EventFailure};
use model::{
    Source, Timestamp,
    oauth::{Application, ApplicationStatus, Scope, ScopeState},
};
use store::{
    applications,
    webhooks::{self, Endpoint, EndpointStatus},
};
use webhook::{
    client::Reach,
    endpoint::{EndpointUrl, UrlPolicy},
    secret::Secret,
};

use crate::{Delivery, Deps};

/// An enabled endpoint of an application that may read the source.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    pub(crate) url: EndpointUrl,
    /// The current one first.
    pub(crate) secrets: Vec<Secret>,
}

/// Reads the endpoint, its secrets and its application; `None` if nothing may be delivered. Three strongly consistent reads in
/// parallel, before each post: a change of an operator takes hold with the next one.
pub(crate) async fn find(
    deps: &Deps,
    event: &Event<Delivery>,
    now: Timestamp,
) -> Result<Option<Target>, EventFailure> {
    let Delivery { source, app } = &event.payload;
    let (access, endpoints) = (event.table(&deps.access), event.table(&deps.webhooks));
    let (application, endpoint, secrets) = tokio::try_join!(
        applications::find(&access, app),
        webhooks::find(&endpoints, *source, app),
        webhooks::find_secrets(&endpoints, app),
    )?;
    let may_read = application.is_some_and(|found| may_read(&found.application, *source));
    let enabled = endpoint.filter(|endpoint| may_read && endpoint.status == EndpointStatus::Enabled);
    let (Some(endpoint), Some(secrets)) = (enabled, secrets) else { return Ok(None) };
    // An operator chose the port. The client refuses addresses that are not public.
    let policy = if deps.reach == Reach::Everywhere { UrlPolicy::Development } else { UrlPolicy::AnyPort };
    // A URL for development is delivered to by `local` only.
    let Ok(url) = EndpointUrl::parse(&endpoint.url, policy) else { return Ok(None) };
    let secrets = secrets.valid_at(now).map(Secret::parse).collect::<Result<_, _>>();
    let secrets = secrets.map_err(|error| EventFailure::caused_by(&error))?;
    Ok(Some(Target { endpoint, url, secrets }))
}

fn may_read(application: &Application, source: Source) -> bool {
    application.status == ApplicationStatus::Enabled
        && application.sources.contains(&source)
        && application.scopes.get(Scope::CustomerService.name()) == Some(&ScopeState::Approved)
}
