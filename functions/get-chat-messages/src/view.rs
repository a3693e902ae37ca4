//! Messages and the state of a chat, as the response shows them.

use model::{AppId, Timestamp, customer_service::MessageFields};
use serde::Serialize;
use store::{RecordId, chat::MessageRecord, tail::RecordKey};

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
    /// `user` for a message of the user; absent for one of an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    /// The number of the user's message in its chat; absent for one of an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(flatten)]
    fields: MessageFields,
}

impl MessageView {
    pub(crate) fn new(key: RecordKey, record: MessageRecord<'static>) -> Self {
        let MessageRecord { app_id, fromuser, content, received_at, seq, .. } = record;
        Self {
            id: RecordId::from_bytes(key).to_string(),
            app_id: app_id.into_owned(),
            msgtype: content.msgtype(),
            fromuser: fromuser.map(String::from).unwrap_or_default(),
            received_at: received_at.date_time(),
            from: seq.map(|_| "user"),
            seq,
            fields: content.into(),
        }
    }
}

/// The side that answers the user since the last `begin` or `end`.
#[derive(Debug, Serialize)]
pub(crate) struct ChatState {
    /// `robot` or `human`.
    state: &'static str,
    /// The agent's name: the sender of the `begin`, or of the last message since if the system sent the `begin`. Empty if no
    /// agent has sent a message yet, and for the robot.
    agent: String,
    /// `yyyy-MM-dd HH:mm:ss` in UTC+8; empty before the first event.
    since: String,
}

impl From<store::chat::ChatState> for ChatState {
    fn from(state: store::chat::ChatState) -> Self {
        Self {
            state: if state.is_human { "human" } else { "robot" },
            agent: state.agent,
            since: state.since.map(Timestamp::date_time).unwrap_or_default(),
        }
    }
}
