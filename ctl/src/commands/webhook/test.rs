//! `chatbotctl webhook test`.

use model::AppId;
use store::webhooks;
use uuid::Uuid;
use webhook::{
    client::{Client, Outcome, Reach},
    endpoint::{EndpointUrl, UrlPolicy},
    payload,
    secret::Secret,
    signature::Signed,
};

use super::{Operator, Webhook, set::is_for_development};
use crate::{error::Error, view::webhook::TestView};

/// Posts to the URL of the first source: `set` gives all sources the same one.
pub async fn run(operator: &Operator, id: &AppId) -> Result<(), Error> {
    let endpoints = Webhook::find(operator, id, None).await?.endpoints;
    let secrets = operator.told_of_webhooks(webhooks::find_secrets(&operator.webhooks, id).await)?;
    let (Some(endpoint), Some(secrets)) = (endpoints.first(), secrets) else {
        return Err(Error::NoWebhook(id.clone()));
    };
    let url = EndpointUrl::parse(&endpoint.url, UrlPolicy::Development).map_err(Error::NotAnEndpoint)?;
    let at = operator.now();
    let secrets: Vec<_> = secrets.valid_at(at).filter_map(|secret| Secret::parse(secret).ok()).collect();
    let reach = if is_for_development(&url) { Reach::Everywhere } else { Reach::Public };
    let (message_id, body) =
        (format!("msg_{}", Uuid::new_v4().simple()), payload::endpoint_test(&at.rfc3339()));
    let timestamp = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    let message = Signed { id: &message_id, timestamp, body: body.as_bytes() };
    let outcome = Client::new(reach).post(&url, message, &secrets).await;
    let view = TestView::new(&url, &outcome, operator.now().millis_since(at));
    operator.print(&view.to_string(), &view)?;
    match outcome {
        Outcome::Answered(answer) if (200..300).contains(&answer.status) => Ok(()),
        Outcome::Answered(_) | Outcome::Failed(_) => Err(Error::TestFailed),
    }
}
