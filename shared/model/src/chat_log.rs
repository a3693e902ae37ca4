//! The user's conversation with the robot: contract, "GET /chatbot/servlet/third/msg/chatlog/get".

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{
    ChatId, Cursor, Parameter, ParameterError, Source,
    parameter_error::{optional_integer, required},
};

/// One question of the user and the robot's reply, in the form the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChatLogEntry {
    /// What the user asked.
    pub question: String,
    /// What the robot answered.
    pub reply: String,
    /// When, as `yyyy-MM-dd HH:mm:ss` in UTC+8.
    pub date_time: String,
    /// How the robot came to its answer; empty if it did not say.
    pub reply_mode: String,
}

/// What part of which conversation a caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLogQuery {
    /// The conversation, `openId`.
    pub chat: ChatId,
    /// The most entries to return, `limit`.
    pub limit: Option<Limit>,
    /// After which entry to go on, `cursor`.
    pub after: Option<Cursor>,
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
        let chat = required(&parameter("openId"), "openId")?;
        let limit = Limit::parse(&parameter("limit"))?;
        let after = Cursor::parse(&parameter("cursor"), source, &chat)?;
        Ok(Self { chat, limit, after })
    }
}

/// The most entries of one answer, `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// The numbers of entries that may be asked for.
    pub const RANGE: RangeInclusive<u32> = 1..=1000;

    fn parse(parameter: &Parameter<'_>) -> Result<Option<Self>, ParameterError> {
        Ok(optional_integer(parameter, "limit", Self::RANGE)?.map(Self))
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}
