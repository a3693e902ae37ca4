//! `POST /chatbot/api/platform/message/ack`: the platform's front end acknowledges messages that a user got, or read.

use std::sync::Arc;

use api::{ChatDeps, Data, Failure, Metric, Platform, Request};
use model::platform::Acknowledgement;
use serde::Serialize;
use store::push::acknowledge;

#[derive(Debug, Serialize)]
pub struct Acknowledged {
    acknowledged: usize,
    /// Ids that were altered or are another user's.
    invalid: Vec<String>,
}

/// Stores the acknowledgements of a request. All are durable when this returns. Idempotent.
///
/// # Errors
/// The first that applies: the body, `userId`, `ackIds`, `state`; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<Data<Acknowledged>, Failure<Platform>> {
    let body = request.json()?;
    let Acknowledgement { user, ack_ids, invalid, state } = Acknowledgement::parse(&body)?;
    let chat = request.table(&deps.chat);
    let acknowledged = ack_ids.len();
    acknowledge::acknowledge(&chat, &user, ack_ids, state, deps.clock.now()).await?;
    request.count(Metric::Acknowledgements, acknowledged);
    Ok(Data { data: Acknowledged { acknowledged, invalid } })
}
