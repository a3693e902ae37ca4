//! `POST /chatbot/api/platform/chat/message`: the user says something in a chat.

use std::sync::Arc;

use api::{Data, Failure, Metric, Platform, Request, WriteDeps};
use model::{ParameterError, platform::UserMessage};
use serde::Serialize;
use store::chat::{self, Acceptance, UserAppended};

/// The number of the message, and the side that answers the user.
#[derive(Debug, Serialize)]
pub struct Sent {
    seq: u64,
    /// `robot` or `human`.
    state: &'static str,
    /// The agent's name; empty for the robot, and for a human who has not said anything yet.
    agent: String,
}

/// Stores a message of the user in its chat and in the feed of its source. It is durable when this returns. A repeat of a
/// `messageId` within 24 hours stores nothing and has the same number.
///
/// # Errors
/// The first that applies: the body, `source`, the fields in their order, a `messageId` that was used for another message;
/// or the store.
pub async fn handle(deps: Arc<WriteDeps>, request: Request) -> Result<Data<Sent>, Failure<Platform>> {
    let body = request.json()?;
    let message = UserMessage::parse(&body)?;
    let now = deps.clock.now();
    let acceptance = Acceptance {
        source: message.source,
        app: &request.principal.app,
        at: now,
        expire_at: deps.retention.expiry(now),
    };
    let (appended, state) = chat::append_of_user(&request.table(&deps.chat), &message, acceptance).await?;
    let (seq, metric) = match appended {
        UserAppended::Stored { seq } => (seq, Metric::UserMessages),
        UserAppended::Repeated { seq } => (seq, Metric::UserMessageReplays),
        UserAppended::IdTaken => return Err(ParameterError::Taken("messageId").into()),
    };
    request.count(metric, 1);
    let side = if state.is_human { "human" } else { "robot" };
    Ok(Data { data: Sent { seq, state: side, agent: state.agent } })
}
