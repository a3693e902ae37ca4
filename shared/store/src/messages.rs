//! What third-party systems send to chats: `CHAT#<source>#<touser>`, an item for each message.
//!
//! The sort key is `MSG#` and an id that sorts by the moment of acceptance. A `begin` or an `end` is stored once more
//! under `EVT#`, so that the state of a chat, its last event, is one read however many messages came since.

use model::{AgentName, AppId, ChatId, MessageBody, ReceivedMessage, Source, Timestamp};
use serde::Serialize;

use crate::{
    RecordId, StoreError, Table,
    keys::key,
    record::to_attributes,
    transaction::{TRANSACTION, Transaction},
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

/// Adds a message to its chat: durable when this returns. One request; a `begin` or `end` is two items in one
/// transaction.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn append(
    table: &Table,
    message: &ReceivedMessage,
    acceptance: Acceptance<'_>,
) -> Result<(), StoreError> {
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
    match event {
        None => table.put(partition, sort, to_attributes(&record, "PutItem")?).await,
        Some(event) => {
            let (message, event) =
                (to_attributes(&record, TRANSACTION)?, to_attributes(&event, TRANSACTION)?);
            Transaction::on(table)
                .put(partition.clone(), sort, message, None)?
                .put(partition, format!("EVT#{id}"), event, None)?
                .commit()
                .await
                .map(|_| ())
        }
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
