//! The feed of a source: the messages of its users, as partners read them.

use serde::Serialize;

use crate::PageSize;

/// The most entries of one response of `sync`. Absent, it is as many as a response holds.
pub type FeedPageSize = PageSize<1000, 1000>;

/// A message of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedEntry {
    /// The chat: the `touser` of an answer.
    pub open_id: String,
    /// The number of the message in its chat: 1, 2, 3 …
    pub seq: u64,
    /// The id that the platform gave the message, unique in its chat for 24 hours.
    pub message_id: String,
    /// The user, for `user/info/get`; empty if the platform did not name one.
    pub client_id: String,
    /// When it was accepted, as `yyyy-MM-dd HH:mm:ss` in UTC+8.
    pub time: String,
    /// `text`, `image`, `file` or `event`.
    pub msgtype: &'static str,
    /// The fields of its type.
    #[serde(flatten)]
    pub fields: MessageFields,
}

/// The fields of a message that depend on its `msgtype`, as in the request that sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum MessageFields {
    /// `eventType`.
    #[serde(rename_all = "camelCase")]
    Event {
        /// `begin` or `end` of an agent, `request` or `close` of a user.
        event_type: &'static str,
    },
    /// `url`.
    Evaluate {
        /// An http or https URL.
        url: String,
    },
    /// `text`.
    Text {
        /// The object `text`.
        text: TextFields,
    },
    /// `image`.
    Image {
        /// The object `image`.
        image: ImageFields,
    },
    /// `file`.
    File {
        /// The object `file`.
        file: FileFields,
    },
}

/// The object `text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextFields {
    /// Kept byte for byte.
    pub content: String,
}

/// The object `image`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageFields {
    /// An http or https URL.
    pub image_url: String,
}

/// The object `file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFields {
    /// At most 255 UTF-16 units.
    pub file_name: String,
    /// An http or https URL.
    pub file_url: String,
}
