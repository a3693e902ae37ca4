//! `POST /chatbot/api/platform/chatlog`: the robot says what a user asked and what it replied.

use std::convert::Infallible;

pub use api::WriteDeps as Deps;
use api::{Data, Done, Failure, Metric, Request};
use lambda_http::{Body, Response};
use model::{ParameterError, PushError, platform::RobotTurn};
use store::{
    RecordId,
    chat_log::{self, Once, Turn, TurnRecord},
};

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Stores a turn of a conversation; with an `entryId` once, however often it is sent. It is durable when this returns.
///
/// # Errors
/// The first that applies: the body, `source`, the fields in their order, that `entryId` stands for another turn; or the
/// store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<Done>, Failure<PushError>> {
    let body = request.json().map_err(PushError::from)?;
    let RobotTurn { source, chat, question, reply, reply_mode, at, entry } =
        RobotTurn::parse(&body).map_err(PushError::from)?;
    let now = deps.clock.now();
    let said = TurnRecord {
        question: question.as_str().to_owned(),
        reply: reply.as_str().to_owned(),
        reply_mode: reply_mode.map(|mode| mode.to_string()),
        expire_at: deps.retention.expiry(now),
    };
    let turn = Turn { at: at.unwrap_or(now), id: RecordId::new(now), said };
    let table = request.table(&deps.chat);
    let stored = match entry {
        Some(entry) => chat_log::put_once(&table, source, &chat, &entry, &turn, now).await?,
        None => chat_log::put(&table, source, &chat, &turn).await.map(|()| Once::Stored)?,
    };
    if stored == Once::Taken {
        return Err(PushError::from(ParameterError::Taken("entryId")).into());
    }
    request.count(Metric::TurnsRecorded, 1);
    Ok(Data { data: Done {} })
}
