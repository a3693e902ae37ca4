//! The content of a message as it is stored. Text is borrowed where it is written, and owned where it is read.

use std::borrow::Cow;

use model::{
    ContentHash,
    customer_service::{FileFields, ImageFields, MessageBody, MessageFields, TextFields},
    platform::UserMessageBody,
};
use serde::{Deserialize, Serialize};

use crate::dynamodb::{error::StoreError, operation::TRANSACT_WRITE_ITEMS};

/// The content of a message by its `msgtype`. The fields of `payload` have the names of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "msgtype", content = "payload", rename_all = "lowercase")]
pub enum MessageContent<'a> {
    /// An event of an agent or of the user.
    #[serde(rename_all = "camelCase")]
    Event {
        /// Its name in the contract.
        event_type: EventType,
    },
    /// A request to rate the service.
    Evaluate {
        /// An http or https URL.
        url: Cow<'a, str>,
    },
    /// Text.
    Text {
        /// Kept byte for byte; not trimmed.
        content: Cow<'a, str>,
    },
    /// A picture.
    Image {
        /// An http or https URL.
        image_url: Cow<'a, str>,
    },
    /// A file.
    File {
        /// At most 255 UTF-16 units.
        file_name: Cow<'a, str>,
        /// An http or https URL.
        file_url: Cow<'a, str>,
    },
}

/// The `eventType` of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    /// A human takes over.
    Begin,
    /// The robot takes over again.
    End,
    /// The user asks for a human.
    Request,
    /// The user leaves.
    Close,
}

impl EventType {
    /// Its name in the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::End => "end",
            Self::Request => "request",
            Self::Close => "close",
        }
    }
}

impl MessageContent<'_> {
    /// The SHA-256 of the JSON array `[msgtype, sender, payload]`.
    pub(crate) fn hash(&self, sender: Option<&str>) -> Result<ContentHash, StoreError> {
        let invalid = |_| StoreError::invalid_request(TRANSACT_WRITE_ITEMS);
        let content = serde_json::to_value(self).map_err(invalid)?;
        let hashed = (content.get("msgtype"), sender, content.get("payload"));
        serde_json::to_vec(&hashed).map(ContentHash::of).map_err(invalid)
    }

    /// The value of the attribute `msgtype`.
    #[must_use]
    pub const fn msgtype(&self) -> &'static str {
        match self {
            Self::Event { .. } => "event",
            Self::Evaluate { .. } => "evaluate",
            Self::Text { .. } => "text",
            Self::Image { .. } => "image",
            Self::File { .. } => "file",
        }
    }
}

impl<'a> From<&'a MessageBody> for MessageContent<'a> {
    fn from(body: &'a MessageBody) -> Self {
        match body {
            MessageBody::Begin => Self::Event { event_type: EventType::Begin },
            MessageBody::End => Self::Event { event_type: EventType::End },
            MessageBody::Evaluate(url) => Self::Evaluate { url: url.as_str().into() },
            MessageBody::Text(content) => Self::Text { content: content.as_str().into() },
            MessageBody::Image(url) => Self::Image { image_url: url.as_str().into() },
            MessageBody::File(name, url) => {
                Self::File { file_name: name.as_str().into(), file_url: url.as_str().into() }
            }
        }
    }
}

impl<'a> From<&'a UserMessageBody> for MessageContent<'a> {
    fn from(body: &'a UserMessageBody) -> Self {
        match body {
            UserMessageBody::Request => Self::Event { event_type: EventType::Request },
            UserMessageBody::Close => Self::Event { event_type: EventType::Close },
            UserMessageBody::Text(content) => Self::Text { content: content.as_str().into() },
            UserMessageBody::Image(url) => Self::Image { image_url: url.as_str().into() },
            UserMessageBody::File(name, url) => {
                Self::File { file_name: name.as_str().into(), file_url: url.as_str().into() }
            }
        }
    }
}

impl From<MessageContent<'_>> for MessageFields {
    fn from(content: MessageContent<'_>) -> Self {
        match content {
            MessageContent::Event { event_type } => Self::Event { event_type: event_type.name() },
            MessageContent::Evaluate { url } => Self::Evaluate { url: url.into() },
            MessageContent::Text { content } => Self::Text { text: TextFields { content: content.into() } },
            MessageContent::Image { image_url } => {
                Self::Image { image: ImageFields { image_url: image_url.into() } }
            }
            MessageContent::File { file_name, file_url } => {
                Self::File { file: FileFields { file_name: file_name.into(), file_url: file_url.into() } }
            }
        }
    }
}
