//! The customer-service product: what third-party systems send, read and get as errors.

mod chat_log;
mod chat_log_cursor;
mod error;
mod feed;
mod received_message;
mod user_profile;

pub use chat_log::{ChatLogEntry, ChatLogPageSize, ChatLogQuery};
pub use chat_log_cursor::ChatLogCursor;
pub use error::CustomerServiceError;
pub use feed::{FeedEntry, FeedPageSize, FileFields, ImageFields, MessageFields, TextFields};
pub use received_message::{MessageBody, ReceivedMessage};
pub use user_profile::{ChannelConfig, ChatUser, UserProfile};
