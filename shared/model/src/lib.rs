//! What the contract says, as types that cannot hold an invalid value.
//!
//! Nothing here knows AWS, HTTP or the clock. A request is parsed once, into the types of this crate; whatever has
//! such a value in hand need not check it again. Every limit of the contract is a constant of the type it limits,
//! and every text of the contract is the `Display` of an error.

mod application;
mod chat_log;
mod chat_user;
mod cursor;
mod cursor_codec;
mod customer_service;
mod digest;
mod json_body;
pub mod oauth;
mod parameter;
mod parameter_error;
pub mod platform;
mod principal;
mod push_error;
mod push_request;
mod push_status;
mod received_message;
mod source;
mod text;
mod timestamp;
mod token;

pub use application::{Application, ApplicationStatus, Effect, NotApprovable, NotRequested, ScopeState};
pub use chat_log::{ChatLogEntry, ChatLogQuery, Limit};
pub use chat_user::{ChannelConfig, ChatUser, UserProfile};
pub use cursor::Cursor;
pub use customer_service::CustomerServiceError;
pub use digest::{ContentHash, sha256_hex};
pub use json_body::{BODY_LIMIT, BodyError, JsonObject};
pub use parameter::{IntegerError, NotAString, Parameter};
pub use parameter_error::ParameterError;
pub use principal::{PermittedSources, Principal};
pub use push_error::PushError;
pub use push_request::{ExpireHours, PushRequest, RecallRequest, UserIds};
pub use push_status::{StatusCursor, StatusLimit, StatusQuery};
pub use received_message::{MessageBody, ReceivedMessage};
pub use source::{InvalidSource, Source};
pub use text::{
    AgentName, AppId, AppName, BoundedText, ChatId, ClientId, Content, EntryId, FileName, HostIp, HttpUrl,
    MessageId, MsgId, ReplyMode, TextError, UserAgent, UserDetail, UserId,
};
pub use timestamp::Timestamp;
pub use token::{BearerToken, MalformedToken, Scope, TokenHash};
