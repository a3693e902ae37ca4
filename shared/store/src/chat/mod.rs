//! Chats: messages between third-party systems and users, and the state of each chat.
//!
//! An agent's message is written once under `MSG#`, a user's a second time to the feed of its source. A `begin` or `end` is
//! written a second time under `EVT#`, so that the state of a chat is one read, however many messages came since. A `msgId`
//! or `messageId` is marked under `ID#` for 24 hours.

mod append;
mod append_of_user;
mod record;
mod state;

use model::{ChatId, Source};

pub use append::{Appended, append};
pub use append_of_user::{UserAppended, append_of_user};
pub use record::{Acceptance, MessageRecord};
pub use state::{ChatState, state};

pub use crate::message_content::{EventType, MessageContent};
use crate::{
    dynamodb::{key::Partition, table::Table},
    tail::Log,
};

/// The messages of a chat, to be read with a [`Tail`](crate::tail::Tail) of [`MessageRecord`]s.
#[must_use]
pub fn log<'t>(table: &'t Table, source: Source, chat: &ChatId) -> Log<'t> {
    Log::new(table, Partition::chat(source, chat))
}
