//! The records of a chat. Text is borrowed where a record is written, and owned where it is read.

use std::borrow::Cow;

use model::{
    AppId, ContentHash, Source, Timestamp, customer_service::ReceivedMessage, platform::UserMessage,
};
use serde::{Deserialize, Serialize};

use crate::{
    dynamodb::error::StoreError,
    message_content::{EventType, MessageContent},
    tail::TailRecord,
};

/// The sender of a message and the time of its acceptance.
#[derive(Debug, Clone, Copy)]
pub struct Acceptance<'a> {
    /// The third-party system.
    pub source: Source,
    /// The application that sent the message; the platform's if the user wrote it.
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
    /// The number of the user's message in its chat; `None` if an agent wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// In epoch seconds.
    pub(super) expire_at: u64,
}

impl TailRecord for MessageRecord<'static> {
    fn expire_at(&self) -> u64 {
        self.expire_at
    }
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

/// The mark of a used id: the `msgId` of an agent's message, the `messageId` of a user's.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsedIdRecord {
    pub(super) content_hash: ContentHash,
    /// The number of the user's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seq: Option<u64>,
    pub(super) expire_at: u64,
}

impl<'a> MessageRecord<'a> {
    pub(super) fn new(message: &'a ReceivedMessage, acceptance: &Acceptance<'a>) -> Self {
        Self {
            app_id: Cow::Borrowed(acceptance.app),
            fromuser: message.from.as_ref().map(|name| Cow::Borrowed(name.as_str())),
            content: MessageContent::from(&message.body),
            received_at: acceptance.at,
            seq: None,
            expire_at: acceptance.expire_at,
        }
    }

    /// The user's message with this number.
    pub(super) fn of_user(message: &'a UserMessage, acceptance: &Acceptance<'a>, seq: u64) -> Self {
        Self {
            app_id: Cow::Borrowed(acceptance.app),
            fromuser: None,
            content: MessageContent::from(&message.body),
            received_at: acceptance.at,
            seq: Some(seq),
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

    /// Equal for a retry of the message.
    pub(super) fn hash(&self) -> Result<ContentHash, StoreError> {
        self.content.hash(self.fromuser.as_deref())
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
