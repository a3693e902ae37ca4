//! Messages and the state of a chat, as the response shows them.

use model::AppId;
use serde::Serialize;
use store::chat::{ChatMessage, EventType, LastEvent, MessageContent, MessageRecord};

/// A message of a chat, with the fields of its `msgtype` as they were sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    id: String,
    app_id: AppId,
    msgtype: &'static str,
    /// Empty if the message names nobody.
    fromuser: String,
    /// `yyyy-MM-dd HH:mm:ss` in UTC+8.
    received_at: String,
    #[serde(flatten)]
    content: ContentView,
}

/// The fields that depend on `msgtype`, as in the request that sent the message.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ContentView {
    #[serde(rename_all = "camelCase")]
    Event {
        event_type: EventType,
    },
    Evaluate {
        url: String,
    },
    Text {
        text: Text,
    },
    Image {
        image: Image,
    },
    File {
        file: File,
    },
}

#[derive(Debug, Serialize)]
struct Text {
    content: String,
}

#[derive(Debug, Serialize)]
struct Image {
    image_url: String,
}

#[derive(Debug, Serialize)]
struct File {
    file_name: String,
    file_url: String,
}

impl From<ChatMessage> for MessageView {
    fn from(ChatMessage { id, record }: ChatMessage) -> Self {
        let MessageRecord { app_id, fromuser, content, received_at, .. } = record;
        Self {
            id: id.to_string(),
            app_id: app_id.into_owned(),
            msgtype: content.msgtype(),
            fromuser: fromuser.map(String::from).unwrap_or_default(),
            received_at: received_at.date_time(),
            content: ContentView::from(content),
        }
    }
}

impl From<MessageContent<'_>> for ContentView {
    fn from(content: MessageContent<'_>) -> Self {
        match content {
            MessageContent::Event { event_type } => Self::Event { event_type },
            MessageContent::Evaluate { url } => Self::Evaluate { url: url.into() },
            MessageContent::Text { content } => Self::Text { text: Text { content: content.into() } },
            MessageContent::Image { image_url } => {
                Self::Image { image: Image { image_url: image_url.into() } }
            }
            MessageContent::File { file_name, file_url } => {
                Self::File { file: File { file_name: file_name.into(), file_url: file_url.into() } }
            }
        }
    }
}

/// The side that answers the user since the last `begin` or `end`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ChatState {
    /// `robot` or `human`.
    state: &'static str,
    /// The agent's name: the sender of the `begin`, or of the last message since if the system sent the `begin`. Empty if no
    /// agent has sent a message yet, and for the robot.
    agent: String,
    /// `yyyy-MM-dd HH:mm:ss` in UTC+8; empty before the first event.
    since: String,
}

impl ChatState {
    pub(crate) fn after(event: Option<LastEvent>, speaker: Option<String>) -> Self {
        let Some(event) = event else {
            return Self { state: "robot", agent: String::new(), since: String::new() };
        };
        let since = event.at.date_time();
        match event.event_type {
            EventType::Begin => {
                let named = if event.is_begin_of_system() { speaker } else { event.fromuser };
                Self { state: "human", agent: named.unwrap_or_default(), since }
            }
            EventType::End => Self { state: "robot", agent: String::new(), since },
        }
    }
}
