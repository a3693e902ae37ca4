//! The robot's turn in a conversation.

use crate::{ChatId, Content, EntryId, JsonObject, ParameterError, ReplyMode, Source, Timestamp};

/// A question of a user and the robot's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotTurn {
    /// The third-party system whose users' chat it is.
    pub source: Source,
    /// The chat, `openId`.
    pub chat: ChatId,
    /// What the user asked.
    pub question: Content,
    /// What the robot answered.
    pub reply: Content,
    /// How the robot came to its answer.
    pub reply_mode: Option<ReplyMode>,
    /// When it was; the moment of the request, if the platform does not say.
    pub at: Option<Timestamp>,
    /// What identifies the turn in its chat: however often it is sent, it is stored once.
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
