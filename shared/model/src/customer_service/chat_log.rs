//! The user's conversation with the robot: contract, "GET /chatbot/servlet/third/msg/chatlog/get".

use serde::{Deserialize, Serialize};

use super::ChatLogCursor;
use crate::{ChatId, PageSize, Parameter, ParameterError, Source};

/// The most entries of one response. Absent, it is as many as a response holds.
pub type ChatLogPageSize = PageSize<1000, 1000>;

/// A question of the user and the robot's reply, as the API shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChatLogEntry {
    /// The user's question.
    pub question: String,
    /// The robot's reply.
    pub reply: String,
    /// When, as `yyyy-MM-dd HH:mm:ss` in UTC+8.
    pub date_time: String,
    /// How the robot came to its answer; empty if it did not say.
    pub reply_mode: String,
}

/// The parameters of a request for a chat log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLogQuery {
    /// The conversation, `openId`.
    pub chat: ChatId,
    /// The most entries to return, `limit`.
    pub limit: Option<ChatLogPageSize>,
    /// After which entry to go on, `cursor`.
    pub after: Option<ChatLogCursor>,
}

impl ChatLogQuery {
    /// Reads the parameters of a request for a chat log of `source`.
    ///
    /// # Errors
    /// The first that applies, of `openId`, `limit` and `cursor`.
    pub fn parse<'a>(
        source: Source,
        parameter: impl Fn(&'static str) -> Parameter<'a>,
    ) -> Result<Self, ParameterError> {
        let chat = parameter("openId").required("openId")?;
        let limit = ChatLogPageSize::parse_optional(&parameter("limit"))?;
        let after = ChatLogCursor::parse(&parameter("cursor"), source, &chat)?;
        Ok(Self { chat, limit, after })
    }
}
