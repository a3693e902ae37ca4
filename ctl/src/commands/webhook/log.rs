//! `chatbotctl webhook log`.

use model::{AppId, Source};

use super::{Operator, Webhook, progress};
use crate::{
    error::Error,
    view::webhook::{AttemptView, attempts},
};

pub async fn run(operator: &Operator, id: &AppId, of: Option<Source>) -> Result<(), Error> {
    let mut found = Vec::new();
    for endpoint in Webhook::find(operator, id, of).await?.endpoints {
        let delivery = progress(operator, &endpoint).await?.delivery;
        found.extend(delivery.attempts.into_iter().map(|attempt| (endpoint.source, attempt)));
    }
    found.sort_by_key(|(_, attempt)| attempt.at);
    let views: Vec<_> = found.iter().map(|(source, attempt)| AttemptView::new(*source, attempt)).collect();
    operator.print(&attempts(&views), &views)
}
