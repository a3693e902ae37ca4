//! The parameters of a poll.

use model::{ChatId, PageSize, Parameter, ParameterError, Source};

use crate::poll::PollCursor;

/// The parameters of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatQuery {
    pub(crate) source: Source,
    pub(crate) chat: ChatId,
    /// The cursor of the previous poll.
    pub(crate) after: Option<PollCursor>,
    pub(crate) limit: PageSize<100, 200>,
    /// Without `after`: start with the newest messages instead of the oldest.
    pub(crate) latest: bool,
}

impl ChatQuery {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// The first that applies, of `source`, `chatId`, `after`, `limit` and `latest`.
    pub(crate) fn parse<'a>(
        parameter: impl Fn(&'static str) -> Parameter<'a>,
    ) -> Result<Self, ParameterError> {
        let source = Source::parse(&parameter("source"))?;
        let chat = parameter("chatId").required("chatId")?;
        let after = PollCursor::parse(&parameter("after"), source, &chat)?;
        let limit = PageSize::parse(&parameter("limit"))?;
        let latest = parameter("latest");
        let latest = latest.text().map_err(|_| ParameterError::NotAString("latest"))?;
        let latest = match latest.as_deref().map(str::trim) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(ParameterError::NotOneOf("latest", "true, false")),
        };
        Ok(Self { source, chat, after, limit, latest })
    }
}
