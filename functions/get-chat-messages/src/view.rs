//! Messages and the state of a chat, as the response shows them.

use model::AppId;
use serde::Serialize;
use store::chats::{ChatMessage, LastEvent, MessageRecord, Payload};

/// A message of a chat, with the fields of its `msgtype` as they were sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    id: String,
    app_id: AppId,
    msgtype: String,
    /// Empty if the message names nobody.
    fromuser: String,
    /// `yyyy-MM-dd HH:mm:ss` in UTC+8.
    received_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Image>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
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
        let MessageRecord { app_id, msgtype, fromuser, payload, received_at, .. } = record;
        let Payload { event_type, url, content, image_url, file_name, file_url } = payload;
        Self {
            id: id.to_string(),
            app_id,
            msgtype,
            fromuser: fromuser.unwrap_or_default(),
            received_at: received_at.date_time(),
            event_type,
            url,
            text: content.map(|content| Text { content }),
            image: image_url.map(|image_url| Image { image_url }),
            file: file_name.zip(file_url).map(|(file_name, file_url)| File { file_name, file_url }),
        }
    }
}

/// Who answers the user since the last `begin` or `end`.
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
        match event {
            None => Self { state: "robot", agent: String::new(), since: String::new() },
            Some(begin) if begin.event_type == "begin" => {
                let since = begin.at.date_time();
                let named = if begin.is_by_the_system() { speaker } else { begin.fromuser };
                Self { state: "human", agent: named.unwrap_or_default(), since }
            }
            Some(LastEvent { at, .. }) => {
                Self { state: "robot", agent: String::new(), since: at.date_time() }
            }
        }
    }
}
