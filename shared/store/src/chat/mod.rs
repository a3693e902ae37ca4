//! Chats: messages from third-party systems to users, and the state of each chat.
//!
//! A message is written once under `MSG#`. A `begin` or `end` is written a second time under `EVT#`, so that the state of a
//! chat is one read, however many messages came since. A `msgId` is marked under `ID#` for 24 hours.

mod append;
mod read;
mod record;
mod state;

pub use append::{Appended, append};
pub use read::{ChatMessage, ChatPage, MessageKey, ReadChat, read};
pub use record::{Acceptance, EventType, MessageContent, MessageRecord};
pub use state::{LastEvent, last_event, last_speaker};
