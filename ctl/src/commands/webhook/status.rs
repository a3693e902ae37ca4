//! `chatbotctl webhook enable` and `disable`: all endpoints of an application.

use model::{AppId, Timestamp, oauth::Effect};
use store::webhooks::{self, DisabledBecause, Endpoint, EndpointStatus, Seek};

use super::{super::TRIES, Operator, Webhook, obstacles, progress, record};
use crate::{error::Error, view::webhook::StatusView};

/// Enables the endpoints that are disabled, and ends the waits after failures.
pub async fn enable(operator: &Operator, id: &AppId) -> Result<(), Error> {
    let Webhook { application, endpoints } = Webhook::find(operator, id, None).await?;
    let entry = operator.entry("enabled the webhook".to_owned()).await?;
    let mut effect = Effect::Unchanged;
    for endpoint in endpoints {
        let is_failing = progress(operator, &endpoint).await?.delivery.failures > 0;
        if endpoint.status != EndpointStatus::Enabled || is_failing {
            // Before the status: 72 hours of failures would disable the endpoint after the next one.
            let (table, source) = (&operator.webhooks, endpoint.source);
            let reset = webhooks::reset(table, source, id, Seek::Unchanged).await;
            operator.told_of_webhooks(reset)?;
            set_status(operator, endpoint, EndpointStatus::Enabled, entry.at).await?;
            effect = Effect::Changed;
        }
    }
    let text = match effect {
        Effect::Changed => format!(
            "The webhook of {id} is enabled: delivery goes on where it stopped, with the next message or within a minute."
        ),
        Effect::Unchanged => format!("The webhook of {id} is enabled already."),
    };
    let view = StatusView::new(id, effect, obstacles(&application));
    operator.print(&view.text(text), &view)?;
    match effect {
        Effect::Changed => record(operator, id, &entry).await,
        Effect::Unchanged => Ok(()),
    }
}

/// Disables the endpoints that are enabled. The reason of the others stays.
pub async fn disable(operator: &Operator, id: &AppId) -> Result<(), Error> {
    let Webhook { endpoints, .. } = Webhook::find(operator, id, None).await?;
    let entry = operator.entry("disabled the webhook".to_owned()).await?;
    let mut effect = Effect::Unchanged;
    for endpoint in endpoints.into_iter().filter(|endpoint| endpoint.status == EndpointStatus::Enabled) {
        let disabled = EndpointStatus::Disabled(DisabledBecause::Operator);
        set_status(operator, endpoint, disabled, entry.at).await?;
        effect = Effect::Changed;
    }
    let text = match effect {
        Effect::Changed => format!(
            "The webhook of {id} is disabled. Messages are kept for 8 days: `chatbotctl webhook enable {id}` delivers them."
        ),
        Effect::Unchanged => format!("The webhook of {id} is disabled already."),
    };
    let view = StatusView::new(id, effect, Vec::new());
    operator.print(&view.text(text), &view)?;
    match effect {
        Effect::Changed => record(operator, id, &entry).await,
        Effect::Unchanged => Ok(()),
    }
}

/// Sets the status of an endpoint. Reads it again if it changed concurrently, so that no other change is lost.
async fn set_status(
    operator: &Operator,
    mut endpoint: Endpoint,
    status: EndpointStatus,
    at: Timestamp,
) -> Result<(), Error> {
    let table = &operator.webhooks;
    for _ in 0..TRIES {
        let written = match status {
            EndpointStatus::Enabled => webhooks::enable(table, &endpoint, at).await,
            EndpointStatus::Disabled(because) => webhooks::disable(table, &endpoint, because, at).await,
        };
        if operator.told_of_webhooks(written)? {
            return Ok(());
        }
        let found = webhooks::find(table, endpoint.source, &endpoint.app_id).await;
        endpoint =
            operator.told_of_webhooks(found)?.ok_or_else(|| Error::NoWebhook(endpoint.app_id.clone()))?;
        if endpoint.status == status {
            return Ok(());
        }
    }
    Err(Error::WebhookConflict(endpoint.app_id))
}
