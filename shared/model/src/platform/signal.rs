//! The messages of the socket API to a browser.

use serde::Serialize;

use crate::{ChatId, Source};

/// A message to a browser. It tells where something is new, and never holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Signal {
    /// The user's inbox has a new message.
    Inbox,
    /// A chat has a new message.
    #[serde(rename_all = "camelCase")]
    Chat {
        /// The source of the chat.
        source: Source,
        /// The chat.
        chat_id: ChatId,
    },
    /// The answer to a `ping`.
    Pong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedText;

    #[test]
    fn a_signal_has_the_documented_form() {
        let chat = Signal::Chat { source: Source::DEFAULT, chat_id: ChatId::parse("会话").unwrap() };
        for (signal, json) in [
            (Signal::Inbox, r#"{"type":"inbox"}"#),
            (chat, r#"{"type":"chat","source":1,"chatId":"会话"}"#),
            (Signal::Pong, r#"{"type":"pong"}"#),
        ] {
            assert_eq!(serde_json::to_string(&signal).unwrap(), json);
        }
    }
}
