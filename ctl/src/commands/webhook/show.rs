//! `chatbotctl webhook show`.

use model::AppId;
use store::webhooks;

use super::{Operator, Webhook, obstacles, progress};
use crate::{
    error::Error,
    view::webhook::{EndpointView, WebhookView},
};

pub async fn run(operator: &Operator, id: &AppId) -> Result<(), Error> {
    let Webhook { application, endpoints } = Webhook::find(operator, id, None).await?;
    let secrets = operator.told_of_webhooks(webhooks::find_secrets(&operator.webhooks, id).await)?;
    let now = operator.now();
    let mut views = Vec::new();
    for endpoint in &endpoints {
        let progress = progress(operator, endpoint).await?;
        let cursor = operator.told_of_webhooks(progress.delivery.cursor())?;
        views.push(EndpointView::new(endpoint, &progress, cursor.moment(), now));
    }
    let view = WebhookView::new(id, secrets.as_ref(), views, obstacles(&application), now);
    operator.print(&view.to_string(), &view)
}
