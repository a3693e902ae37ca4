//! The query parameters of a poll.

use model::{ChatId, CursorCodec, PageSize, Parameter, ParameterError, Source};
use store::tail::TailCursor;

use crate::poll::PollRequest;

/// Reads the parameters of a request.
///
/// # Errors
/// The first that applies, of `source`, `chatId`, `after`, `limit` and `latest`.
pub(crate) fn parse<'a>(
    parameter: impl Fn(&'static str) -> Parameter<'a>,
) -> Result<PollRequest, ParameterError> {
    let source = Source::parse(&parameter("source"))?;
    let chat = parameter("chatId").required("chatId")?;
    let after = TailCursor::parse(&parameter("after"), &codec(&source.to_string(), &chat))?;
    let limit = PageSize::parse(&parameter("limit"))?;
    let latest = parameter("latest");
    let latest = latest.text().map_err(|_| ParameterError::NotAString("latest"))?;
    let latest = match latest.as_deref().map(str::trim) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(ParameterError::NotOneOf("latest", "true, false")),
    };
    Ok(PollRequest { source, chat, after, limit, latest })
}

/// The codec of cursors of one chat.
pub(crate) fn codec<'a>(source: &'a str, chat: &'a ChatId) -> CursorCodec<'a> {
    CursorCodec::new(["chat", source, chat.as_str()])
}
