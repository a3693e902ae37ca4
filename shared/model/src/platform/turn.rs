//! The robot's turn in a conversation.

use crate::{ChatId, Content, EntryId, JsonObject, ParameterError, ReplyMode, Source, Timestamp};

/// A question and the robot's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotTurn {
    /// `source`.
    pub source: Source,
    /// `openId`.
    pub chat: ChatId,
    /// `question`.
    pub question: Content,
    /// `reply`.
    pub reply: Content,
    /// `replyMode`.
    pub reply_mode: Option<ReplyMode>,
    /// `dateTime`; by default the time of the request.
    pub at: Option<Timestamp>,
    /// `entryId`, which makes a retry safe: the turn is stored once per chat.
    pub entry: Option<EntryId>,
}

impl RobotTurn {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first that applies: `source`, then `openId`, `question`, `reply`, `replyMode`, `dateTime` and `entryId`.
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, ParameterError> {
        let source = Source::parse(&body.get("source"))?;
        let chat = body.get("openId").required("openId")?;
        let question = body.get("question").required("question")?;
        let reply = body.get("reply").required("reply")?;
        let reply_mode = body.get("replyMode").optional("replyMode")?;
        let date_time = body.get("dateTime");
        let at = date_time
            .text()
            .map_err(|_| ParameterError::NotAString("dateTime"))?
            .map(|text| {
                Timestamp::parse_date_time(text.trim()).ok_or(ParameterError::NotADateTime("dateTime"))
            })
            .transpose()?;
        let entry = body.get("entryId").optional("entryId")?;
        Ok(Self { source, chat, question, reply, reply_mode, at, entry })
    }
}
