//! Webhooks: set up, tested, moved and repaired by an operator.

mod attempts;
mod endpoints;
mod receiver;
mod seek;
mod signing_secrets;
mod status;
mod tests_of_receivers;

use model::{AppId, BoundedText, Source, Timestamp};
use serde_json::Value;
use store::webhooks::{self, Endpoint, Lease};
use tests::{CUSTOMER_SERVICE, System};

use crate::operator::Operator;

const URL: &str = "https://partner.example/hooks";

/// An application of sources 1 and 2 that is approved for customer service; returns its id.
async fn application(operator: &Operator) -> AppId {
    let id = unapproved(operator, "--source 1 --source 2").await;
    operator.text(&format!("app request-scope {id} {CUSTOMER_SERVICE}")).await;
    operator.text(&format!("app approve {id} {CUSTOMER_SERVICE}")).await;
    id
}

/// An application without scopes; returns its id.
async fn unapproved(operator: &Operator, sources: &str) -> AppId {
    let created = operator.json(&format!("app create x {sources}")).await;
    AppId::parse(created["clientId"].as_str().unwrap()).unwrap()
}

fn source(number: u32) -> Source {
    Source::try_from(number).unwrap()
}

async fn endpoint(system: &System, id: &AppId, of: u32) -> Endpoint {
    webhooks::find(&system.webhooks_table(), source(of), id).await.unwrap().unwrap()
}

/// The time before which all messages of a source are delivered.
async fn delivered_until(system: &System, id: &AppId, of: u32) -> Timestamp {
    let progress = webhooks::progress(&system.webhooks_table(), source(of), id, system.clock.now()).await;
    progress.unwrap().delivery.cursor().unwrap().moment()
}

/// A running delivery.
async fn delivery(system: &System, id: &AppId, of: u32) -> Lease {
    let now = system.clock.now();
    let taken = webhooks::take(&system.webhooks_table(), source(of), id, now, now.plus_millis(60_000)).await;
    taken.unwrap().unwrap()
}

/// The changes of an application's webhook in its history, oldest first.
async fn changes(operator: &Operator, id: &AppId) -> Vec<String> {
    let history = operator.json(&format!("app history {id}")).await;
    assert!(!history.to_string().contains("whsec_"), "{history}");
    let entries = history.as_array().unwrap().iter();
    let what = entries.map(|entry| entry["what"].as_str().unwrap().to_owned());
    what.filter(|what| what.contains("webhook") || what.contains("signing")).collect()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}
