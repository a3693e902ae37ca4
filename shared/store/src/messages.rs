//! What third-party systems send to chats: `CHAT#<source>#<touser>`, an item for each message.
//!
//! The sort key is `MSG#` and an id that sorts by the moment of acceptance. A `begin` or an `end` is stored once more
//! under `EVT#`, so that the state of a chat, its last event, is one read however many messages came since. An id that makes
//! a retry safe is `ID#a#<app>#<msgId>` for 24 hours: applications of one source count on their own.

use model::{
    AgentName, AppId, ChatId, ContentHash, Source, Timestamp,
    customer_service::{MessageBody, ReceivedMessage},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordId, StoreError, Table,
    keys::key,
    record::{from_item, is_absent, to_attributes},
    transaction::{Outcome, TRANSACTION, Transaction},
};

/// What goes with a message beside what it says.
#[derive(Debug, Clone, Copy)]
pub struct Acceptance<'a> {
    /// The third-party system it came from.
    pub source: Source,
    /// The application that brought it.
    pub app: &'a AppId,
    /// When it was accepted.
    pub at: Timestamp,
    /// When it ends, in epoch seconds.
    pub expire_at: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageRecord<'a> {
    app_id: &'a AppId,
    msgtype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fromuser: Option<&'a AgentName>,
    payload: Payload<'a>,
    received_at: Timestamp,
    expire_at: u64,
}

/// The fields a type of message has beside those that all have, named as the contract names them.
#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    #[serde(rename_all = "camelCase")]
    Event {
        event_type: &'static str,
    },
    Evaluate {
        url: &'a str,
    },
    Text {
        content: &'a str,
    },
    Image {
        image_url: &'a str,
    },
    File {
        file_name: &'a str,
        file_url: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    fromuser: Option<&'a AgentName>,
    event_type: &'static str,
    expire_at: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsedIdRecord {
    content_hash: ContentHash,
    expire_at: u64,
}

/// The outcome of adding a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The message is stored.
    Stored,
    /// The message was stored before under its id; nothing was added.
    Repeated,
    /// Its id stands for another message; nothing was stored.
    IdTaken,
}

/// For how long the id of a message makes a retry safe.
const RETRY_HOURS: u64 = 24;

/// Adds a message to its chat: durable when this returns. One request: one item; a `begin` or `end` is two items in one
/// transaction, and an id of the message makes it a transaction with one item more.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn append(
    table: &Table,
    message: &ReceivedMessage,
    acceptance: Acceptance<'_>,
) -> Result<Appended, StoreError> {
    let partition = partition(acceptance.source, &message.chat);
    let id = RecordId::new(acceptance.at);
    let (msgtype, payload) = describe(&message.body);
    let fromuser = message.from.as_ref();
    let event = match payload {
        Payload::Event { event_type } => {
            Some(EventRecord { fromuser, event_type, expire_at: acceptance.expire_at })
        }
        _ => None,
    };
    let record = MessageRecord {
        app_id: acceptance.app,
        msgtype,
        fromuser,
        payload,
        received_at: acceptance.at,
        expire_at: acceptance.expire_at,
    };
    let sort = format!("MSG#{id}");
    if message.id.is_none() && event.is_none() {
        table.put(partition, sort, to_attributes(&record, "PutItem")?).await?;
        return Ok(Appended::Stored);
    }
    let mut transaction = Transaction::on(table);
    let content_hash = record.hash()?;
    if let Some(id) = &message.id {
        let used = UsedIdRecord {
            content_hash: content_hash.clone(),
            expire_at: acceptance.at.plus_hours(RETRY_HOURS).seconds(),
        };
        let used = to_attributes(&used, TRANSACTION)?;
        transaction = transaction.put(
            partition.clone(),
            key("ID#a", &[acceptance.app.as_str(), id.as_str()]),
            used,
            Some(is_absent(acceptance.at)),
        )?;
    }
    transaction = transaction.put(partition.clone(), sort, to_attributes(&record, TRANSACTION)?, None)?;
    if let Some(event) = event {
        let event = to_attributes(&event, TRANSACTION)?;
        transaction = transaction.put(partition, format!("EVT#{id}"), event, None)?;
    }
    match transaction.commit().await? {
        Outcome::Written => Ok(Appended::Stored),
        Outcome::Refused { item, .. } => {
            let used: UsedIdRecord = from_item(item, TRANSACTION)?;
            let is_same = used.content_hash == content_hash;
            Ok(if is_same { Appended::Repeated } else { Appended::IdTaken })
        }
    }
}

impl MessageRecord<'_> {
    /// Tells one message from another, whoever sent it and whenever.
    fn hash(&self) -> Result<ContentHash, StoreError> {
        let said = serde_json::to_vec(&(self.msgtype, self.fromuser, &self.payload));
        said.map(ContentHash::of).map_err(|_| StoreError::unreadable(TRANSACTION))
    }
}

/// The partition of a chat.
pub(crate) fn partition(source: Source, chat: &ChatId) -> String {
    key("CHAT", &[&source.to_string(), chat.as_str()])
}

fn describe(body: &MessageBody) -> (&'static str, Payload<'_>) {
    match body {
        MessageBody::Begin => ("event", Payload::Event { event_type: "begin" }),
        MessageBody::End => ("event", Payload::Event { event_type: "end" }),
        MessageBody::Evaluate(url) => ("evaluate", Payload::Evaluate { url: url.as_str() }),
        MessageBody::Text(content) => ("text", Payload::Text { content: content.as_str() }),
        MessageBody::Image(url) => ("image", Payload::Image { image_url: url.as_str() }),
        MessageBody::File(name, url) => {
            ("file", Payload::File { file_name: name.as_str(), file_url: url.as_str() })
        }
    }
}
