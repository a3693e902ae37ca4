//! The records of a chat. Text is borrowed where a record is written, and owned where it is read.

use std::borrow::Cow;

use model::{
    AppId, ContentHash, Source, Timestamp,
    customer_service::{MessageBody, ReceivedMessage},
};
use serde::{Deserialize, Serialize};

use crate::dynamodb::{error::StoreError, operation::TRANSACT_WRITE_ITEMS};

/// The sender of a message and the time of its acceptance.
#[derive(Debug, Clone, Copy)]
pub struct Acceptance<'a> {
    /// The third-party system.
    pub source: Source,
    /// The application that sent the message.
    pub app: &'a AppId,
    /// The time of the request.
    pub at: Timestamp,
    /// The TTL of the message, in epoch seconds.
    pub expire_at: u64,
}

/// A message of a chat as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageRecord<'a> {
    /// The application that sent it.
    pub app_id: Cow<'a, AppId>,
    /// The name of the speaker. Optional in an `end` and an `evaluate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fromuser: Option<Cow<'a, str>>,
    /// The attributes `msgtype` and `payload`.
    #[serde(flatten)]
    pub content: MessageContent<'a>,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// In epoch seconds.
    pub(super) expire_at: u64,
}

/// The content of a message by its `msgtype`. The fields of `payload` have the names of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "msgtype", content = "payload", rename_all = "lowercase")]
pub enum MessageContent<'a> {
    /// A human takes over from the robot, or the robot takes over again.
    #[serde(rename_all = "camelCase")]
    Event {
        /// `begin` or `end`.
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
}

/// The second copy of a `begin` or `end`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fromuser: Option<Cow<'a, str>>,
    pub(super) event_type: EventType,
    pub(super) expire_at: u64,
}

/// The mark of a used `msgId`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsedIdRecord {
    pub(super) content_hash: ContentHash,
    pub(super) expire_at: u64,
}

impl<'a> MessageRecord<'a> {
    pub(super) fn new(message: &'a ReceivedMessage, acceptance: &Acceptance<'a>) -> Self {
        Self {
            app_id: Cow::Borrowed(acceptance.app),
            fromuser: message.from.as_ref().map(|name| Cow::Borrowed(name.as_str())),
            content: MessageContent::from(&message.body),
            received_at: acceptance.at,
            expire_at: acceptance.expire_at,
        }
    }

    /// The second copy, if the message is a `begin` or `end`.
    pub(super) fn event(&self) -> Option<EventRecord<'a>> {
        match self.content {
            MessageContent::Event { event_type } => {
                let fromuser = self.fromuser.clone();
                Some(EventRecord { fromuser, event_type, expire_at: self.expire_at })
            }
            MessageContent::Evaluate { .. }
            | MessageContent::Text { .. }
            | MessageContent::Image { .. }
            | MessageContent::File { .. } => None,
        }
    }

    /// The SHA-256 of the JSON array `[msgtype, fromuser, payload]`: equal for a retry of the message.
    pub(super) fn hash(&self) -> Result<ContentHash, StoreError> {
        let invalid = |_| StoreError::invalid_request(TRANSACT_WRITE_ITEMS);
        let content = serde_json::to_value(&self.content).map_err(invalid)?;
        let hashed = (content.get("msgtype"), &self.fromuser, content.get("payload"));
        serde_json::to_vec(&hashed).map(ContentHash::of).map_err(invalid)
    }
}

impl MessageContent<'_> {
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

#[cfg(test)]
mod tests {
    use model::{BoundedText, JsonObject};
    use serde_json::{Value, json};

    use super::*;
    use crate::dynamodb::item::{from_item, to_item};

    fn received(body: &Value) -> ReceivedMessage {
        ReceivedMessage::parse(&JsonObject::from_body(body.to_string().as_bytes()).unwrap()).unwrap()
    }

    /// One message of each type, with its stored `msgtype` and `payload`.
    fn messages() -> [(Value, &'static str, Value); 6] {
        let event = |event_type: &str| json!({"touser": "c", "fromuser": "a", "msgtype": "event", "eventType": event_type});
        [
            (event("begin"), "event", json!({"eventType": "begin"})),
            (event("end"), "event", json!({"eventType": "end"})),
            (
                json!({"touser": "c", "msgtype": "evaluate", "url": "http://a/e"}),
                "evaluate",
                json!({"url": "http://a/e"}),
            ),
            (
                json!({"touser": "c", "fromuser": "a", "msgtype": "text", "text": {"content": " x "}}),
                "text",
                json!({"content": " x "}),
            ),
            (
                json!({"touser": "c", "fromuser": "a", "msgtype": "image", "image": {"image_url": "http://a/b"}}),
                "image",
                json!({"image_url": "http://a/b"}),
            ),
            (
                json!({"touser": "c", "fromuser": "a", "msgtype": "file", "file": {"file_name": "n", "file_url": "http://a/b"}}),
                "file",
                json!({"file_name": "n", "file_url": "http://a/b"}),
            ),
        ]
    }

    #[test]
    fn every_type_of_message_is_read_as_it_was_written() {
        let app = AppId::parse("app").unwrap();
        let at = Timestamp::from_millis(7);
        for (body, msgtype, payload) in messages() {
            let message = received(&body);
            let acceptance = Acceptance { source: Source::DEFAULT, app: &app, at, expire_at: 9 };
            let record = MessageRecord::new(&message, &acceptance);
            let item = to_item(&record, "PutItem").unwrap();
            let mut stored = json!({
                "appId": "app", "msgtype": msgtype, "payload": payload, "receivedAt": 7, "expireAt": 9,
            });
            if let Some(fromuser) = body.get("fromuser") {
                stored["fromuser"] = fromuser.clone();
            }
            assert_eq!(serde_dynamo::from_item::<_, Value>(item.clone()).unwrap(), stored);
            assert_eq!(record.content.msgtype(), msgtype);
            assert_eq!(from_item::<MessageRecord<'static>>(item, "Query").unwrap(), record);
        }
    }

    #[test]
    fn a_message_of_an_unknown_type_or_without_its_payload_is_a_corrupt_item() {
        let corrupt = |msgtype: &str, payload: Value| {
            let item: crate::dynamodb::item::Item = serde_dynamo::to_item(json!({
                "appId": "app", "msgtype": msgtype, "payload": payload, "receivedAt": 7, "expireAt": 9,
            }))
            .unwrap();
            from_item::<MessageRecord<'static>>(item, "Query").unwrap_err()
        };
        for error in [corrupt("voice", json!({"url": "x"})), corrupt("file", json!({"file_name": "n"}))] {
            assert_eq!(error, StoreError::corrupt_item("Query"));
        }
    }

    #[test]
    fn the_hash_is_of_type_speaker_and_payload() {
        let app = AppId::parse("app").unwrap();
        let hash = |body: &Value, at: u64| {
            let message = received(body);
            let at = Timestamp::from_millis(at);
            let acceptance = Acceptance { source: Source::DEFAULT, app: &app, at, expire_at: 9 };
            MessageRecord::new(&message, &acceptance).hash().unwrap()
        };
        let text = |from: &str| json!({"touser": "c", "fromuser": from, "msgtype": "text", "text": {"content": "x"}});
        assert_eq!(hash(&text("a"), 1), ContentHash::of(r#"["text","a",{"content":"x"}]"#));
        assert_eq!(hash(&text("a"), 1), hash(&text("a"), 2));
        assert_ne!(hash(&text("a"), 1), hash(&text("b"), 1));
        let (file, _, _) = &messages()[5];
        let expected = r#"["file","a",{"file_name":"n","file_url":"http://a/b"}]"#;
        assert_eq!(hash(file, 1), ContentHash::of(expected));
    }
}
