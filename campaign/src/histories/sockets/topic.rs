//! Inboxes and chats, as the keys of items and signals name them.

use serde_json::Value;

/// An inbox or a chat.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::histories) enum Topic {
    /// The inbox of a user.
    Inbox(String),
    /// A chat of a source.
    Chat(u32, String),
}

impl Topic {
    /// The topic of a partition of the tables `Chat` and `Connections`.
    pub(in crate::histories) fn of_partition(key: &str) -> Option<Self> {
        let mut parts = key.split('#');
        let topic = match (parts.next()?, parts.next()?) {
            ("INBOX", user) => Self::Inbox(unescaped(user)),
            ("CHAT", source) => Self::Chat(source.parse().ok()?, unescaped(parts.next()?)),
            _ => return None,
        };
        parts.next().is_none().then_some(topic)
    }

    /// The topic of a signal to a connection of `user`. `None` if the text is another message, or has anything else in it.
    pub(super) fn of_signal(text: &str, user: &str) -> Option<Self> {
        let signal: Value = serde_json::from_str(text).ok()?;
        let members = signal.as_object()?.len();
        match (signal["type"].as_str()?, members) {
            ("inbox", 1) => Some(Self::Inbox(user.to_owned())),
            ("chat", 3) => {
                let source = signal["source"].as_u64().and_then(|source| source.try_into().ok())?;
                Some(Self::Chat(source, signal["chatId"].as_str()?.to_owned()))
            }
            _ => None,
        }
    }
}

/// An id as it was before it became a part of a key.
fn unescaped(part: &str) -> String {
    part.replace("%23", "#").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_from_a_key_and_from_a_signal() {
        let inbox = |user: &str| Some(Topic::Inbox(user.to_owned()));
        let chat = |id: &str| Some(Topic::Chat(2, id.to_owned()));
        for (key, topic) in [
            ("INBOX#a%2523/2", inbox("a%23/2")),
            ("CHAT#2#c%23", chat("c#")),
            ("CHAT#2", None),
            ("CHAT#2#c#d", None),
            ("FEED#2", None),
            ("TICKET#0", None),
        ] {
            assert_eq!(Topic::of_partition(key), topic, "{key}");
        }
        for (text, topic) in [
            (r#"{"type":"inbox"}"#, inbox("u")),
            (r#"{"type":"chat","source":2,"chatId":"c#"}"#, chat("c#")),
            (r#"{"type":"inbox","content":"x"}"#, None),
            (r#"{"type":"chat","source":2,"chatId":"c#","text":"x"}"#, None),
            (r#"{"type":"pong"}"#, None),
            ("x", None),
        ] {
            assert_eq!(Topic::of_signal(text, "u"), topic, "{text}");
        }
    }
}
