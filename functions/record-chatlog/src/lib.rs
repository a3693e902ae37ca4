//! `POST /chatbot/api/platform/chatlog`: the robot records a question and its reply.

use std::sync::Arc;

use api::{Data, Empty, Failure, Metric, Platform, Request, WriteDeps};
use model::{ParameterError, platform::RobotTurn};
use store::{
    RecordId,
    chat_log::{self, PutOnce, Turn, TurnRecord},
};

/// Stores a turn of a conversation. It is durable when this returns. Idempotent with an `entryId`.
///
/// # Errors
/// The first that applies: the body, `source`, the fields in their order, an `entryId` that was used for another turn; or
/// the store.
pub async fn handle(deps: Arc<WriteDeps>, request: Request) -> Result<Data<Empty>, Failure<Platform>> {
    let body = request.json()?;
    let RobotTurn { source, chat, question, reply, reply_mode, at, entry } = RobotTurn::parse(&body)?;
    let now = deps.clock.now();
    let record = TurnRecord {
        question: question.as_str().to_owned(),
        reply: reply.as_str().to_owned(),
        reply_mode: reply_mode.map(|mode| mode.to_string()),
        expire_at: deps.retention.expiry(now),
    };
    let turn = Turn { at: at.unwrap_or(now), id: RecordId::new(now), record };
    let table = request.table(&deps.chat);
    let stored = match entry {
        Some(entry) => chat_log::put_once(&table, source, &chat, &entry, &turn, now).await?,
        None => chat_log::put(&table, source, &chat, &turn).await.map(|()| PutOnce::Stored)?,
    };
    if stored == PutOnce::IdTaken {
        return Err(ParameterError::Taken("entryId").into());
    }
    request.count(Metric::TurnsRecorded, 1);
    Ok(Data { data: Empty {} })
}
