//! `chatbotctl webhook set`: an endpoint for each source of the application.

use store::webhooks::{self, Endpoint, EndpointStatus, Seek};
use webhook::endpoint::{EndpointUrl, UrlPolicy};

use super::{Operator, named, obstacles, record, secret};
use crate::{
    arguments::{Set, Settings},
    error::Error,
    view::webhook::SetView,
};

/// A repeated command completes one that failed half-way: the endpoints that exist keep their cursors, and the secret is
/// generated last.
pub async fn run(settings: Settings, set: Set) -> Result<(), Error> {
    let url = set.url().map_err(Error::NotAnEndpoint)?;
    let (id, operator) = (&set.app, Operator::connect(settings).await?);
    let application = operator.find(id).await?.application;
    let sources = &application.sources;
    let entry = operator.entry(format!("set the webhook of {} to {url}", named(sources))).await?;
    let mut new_since = None;
    for source in sources {
        let endpoint = Endpoint {
            source: *source,
            app_id: id.clone(),
            url: url.to_string(),
            status: EndpointStatus::Enabled,
            changed_at: entry.at,
        };
        let existing = operator.told_of_webhooks(webhooks::find(&operator.webhooks, *source, id).await)?;
        let seek = if existing.is_some() {
            Seek::Unchanged
        } else {
            new_since = Some(entry.at);
            Seek::To(entry.at)
        };
        let table = &operator.webhooks;
        // Before the endpoint: old failures could disable it again, and a new one would get the messages of eight days.
        operator.told_of_webhooks(webhooks::reset(table, *source, id, seek).await)?;
        operator.told_of_webhooks(webhooks::put(table, &endpoint).await)?;
    }
    let mut warnings = obstacles(&application);
    if is_for_development(&url) {
        warnings.push("Only `local` delivers to this URL.".to_owned());
    }
    let (secret, stored) = secret::first(&operator, id).await?;
    let view = SetView::new(id, &url, sources, secret, new_since, warnings);
    operator.print(&view.to_string(), &view)?;
    stored?;
    record(&operator, id, &entry).await
}

/// Whether a URL is one that no deployed stack delivers to.
pub fn is_for_development(url: &EndpointUrl) -> bool {
    EndpointUrl::parse(url.as_str(), UrlPolicy::AnyPort).is_err()
}
