//! Values and parameters that the products share.

mod cursor_codec;
mod digest;
mod json_body;
mod page_size;
mod parameter;
mod parameter_error;
mod source;
mod text;
mod timestamp;

pub use cursor_codec::CursorCodec;
pub(crate) use digest::is_sha256_hex;
pub use digest::{ContentHash, InvalidHash, sha256_hex};
pub use json_body::{BODY_LIMIT, BodyError, JsonObject};
pub use page_size::PageSize;
pub use parameter::{IntegerError, NotAString, Parameter};
pub use parameter_error::ParameterError;
pub use source::{InvalidSource, Source};
pub use text::{
    AgentName, AppId, AppName, BoundedText, ChatId, ClientId, ConnectionId, Content, EntryId, FileName,
    HostIp, HttpUrl, MessageId, MsgId, ReplyMode, TextError, UserAgent, UserDetail, UserId, UserMessageId,
};
pub use timestamp::Timestamp;
