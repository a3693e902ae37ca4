//! `chatbotctl webhook seek`.

use std::cmp::Ordering;

use model::{AppId, Source, Timestamp};
use store::webhooks::{self, Seek};

use super::{Operator, Webhook, named, progress, record};
use crate::{arguments::SeekTo, error::Error, view, view::webhook::SeekView};

pub async fn run(operator: &Operator, id: &AppId, to: SeekTo, of: Option<Source>) -> Result<(), Error> {
    let now = operator.now();
    let to = match to {
        SeekTo::Now => now,
        SeekTo::Oldest => Timestamp::from_millis(0),
        SeekTo::Time(moment) if moment > now => return Err(Error::InTheFuture),
        SeekTo::Time(moment) => moment,
    };
    let Webhook { endpoints, .. } = Webhook::find(operator, id, of).await?;
    let mut consequences = Vec::new();
    for endpoint in &endpoints {
        let cursor = operator.told_of_webhooks(progress(operator, endpoint).await?.delivery.cursor())?;
        consequences.push(consequence(endpoint.source, cursor.moment(), to));
    }
    operator.confirm(&consequences.join(" "))?;
    let sources: Vec<_> = endpoints.iter().map(|endpoint| endpoint.source).collect();
    let entry = operator.entry(format!("moved the webhook of {} to {}", named(&sources), place(to))).await?;
    for source in &sources {
        let reset = webhooks::reset(&operator.webhooks, *source, id, Seek::To(to)).await;
        operator.told_of_webhooks(reset)?;
    }
    let text = format!(
        "{} Delivery goes on with the next message or within a minute, if the webhook is enabled.",
        consequences.join(" ")
    );
    operator.print(&text, &SeekView::new(id, &sources, to))?;
    record(operator, id, &entry).await
}

/// The effect of moving a cursor between two times.
fn consequence(source: Source, from: Timestamp, to: Timestamp) -> String {
    match to.cmp(&from) {
        Ordering::Less => {
            format!(
                "Source {source} goes back to {}: its messages since then are delivered again.",
                place(to)
            )
        }
        Ordering::Greater => format!(
            "Source {source} goes forward to {}: its messages from before, as far as they are not delivered, are skipped.",
            place(to)
        ),
        Ordering::Equal => format!("Source {source} goes on from where it is."),
    }
}

fn place(moment: Timestamp) -> String {
    if moment.millis() == 0 { "the oldest message that is kept".to_owned() } else { view::moment(moment) }
}
