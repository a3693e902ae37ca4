//! The platform's back end: logs users in, shows their messages and reports what was shown.

use std::{fmt::Display, ops::Deref};

use serde_json::{Value, json};

use crate::{Caller, Reply, path_with, paths};

/// The answer to a turn that is stored.
pub const RECORDED: &str = r#"{"code":200,"message":"success","data":{}}"#;

/// The platform. Its methods call with the token of its [`Caller`].
#[derive(Debug, Clone)]
pub struct Platform(Caller);

/// A text of the user.
#[must_use]
pub fn user_text(chat: &str, id: &str, content: &str) -> Value {
    json!({"chatId": chat, "messageId": id, "msgtype": "text", "text": {"content": content}})
}

/// A ticket for the socket API.
#[derive(Debug, Clone)]
pub struct Ticket {
    pub ticket: String,
    pub url: String,
}

impl Platform {
    /// The platform with the token of `caller`.
    #[must_use]
    pub const fn new(caller: Caller) -> Self {
        Self(caller)
    }

    /// Logs a user in, which must succeed. Returns the `data`: the first page of the inbox.
    pub async fn login(&self, user: &str, client: &str) -> Value {
        let body = json!({"userId": user, "clientId": client, "hostIp": "h", "userAgent": "x"});
        self.try_login(body).await.data()
    }

    /// Sends any body to the login endpoint.
    pub async fn try_login(&self, body: impl Display) -> Reply {
        self.post(paths::LOGIN, body.to_string()).await
    }

    /// Takes a ticket for a user and chats of source 1, which must succeed.
    pub async fn ticket(&self, user: &str, chats: &[&str]) -> Ticket {
        let chats: Vec<_> = chats.iter().map(|chat| json!({"chatId": chat})).collect();
        let data = self.try_ticket(json!({"userId": user, "chats": chats})).await.data();
        let text = |name: &str| data[name].as_str().expect("it is a string").to_owned();
        Ticket { ticket: text("ticket"), url: text("url") }
    }

    /// Sends any body to the endpoint of tickets.
    pub async fn try_ticket(&self, body: impl Display) -> Reply {
        self.post(paths::TICKET, body.to_string()).await
    }

    /// The `data` of one page of an inbox. An empty cursor is that of the first page.
    pub async fn pending(&self, user: &str, cursor: &str) -> Value {
        self.get_pending(&[("userId", user), ("cursor", cursor)]).await.data()
    }

    /// Calls the inbox endpoint with any parameters.
    pub async fn get_pending(&self, parameters: &[(&str, &str)]) -> Reply {
        self.get(&path_with(paths::PENDING, parameters)).await
    }

    /// All pending messages of a user, oldest first, read page by page.
    pub async fn inbox(&self, user: &str) -> Vec<Value> {
        let mut messages = Vec::new();
        let mut cursor = String::new();
        loop {
            let data = self.pending(user, &cursor).await;
            messages.extend(data["messages"].as_array().expect("messages is a list").clone());
            match data["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return messages,
            }
        }
    }

    /// The contents of all pending messages of a user, oldest first.
    pub async fn contents(&self, user: &str) -> Vec<String> {
        let text = |message: &Value| message["content"].as_str().expect("content is a string").to_owned();
        self.inbox(user).await.iter().map(text).collect()
    }

    /// The acknowledgement id of a pending message.
    pub async fn ack_id(&self, user: &str, app: &str, message: &str) -> String {
        let pending = self.inbox(user).await;
        let found = pending.iter().find(|found| found["appId"] == app && found["messageId"] == message);
        let found = found.unwrap_or_else(|| panic!("{message} is not pending for {user}"));
        found["ackId"].as_str().expect("ackId is a string").to_owned()
    }

    /// Acknowledges messages by their acknowledgement ids.
    pub async fn ack(&self, user: &str, ids: &[String], state: &str) -> Reply {
        self.try_ack(json!({"userId": user, "ackIds": ids, "state": state})).await
    }

    /// Acknowledges a pending message of the demo application, which must succeed.
    pub async fn ack_message(&self, user: &str, message: &str, state: &str) {
        let id = self.ack_id(user, "demo", message).await;
        self.ack(user, &[id], state).await.is(200, &acknowledged(1));
    }

    /// Sends any body to the acknowledgement endpoint.
    pub async fn try_ack(&self, body: impl Display) -> Reply {
        self.post(paths::ACK, body.to_string()).await
    }

    /// The `data` of one poll of a chat of source 1. An empty `after` or `limit` counts as absent.
    pub async fn poll(&self, chat: &str, after: &str, limit: &str) -> Value {
        self.chat_messages(&[("chatId", chat), ("source", "1"), ("after", after), ("limit", limit)])
            .await
            .data()
    }

    /// Calls the chat window's endpoint with any parameters.
    pub async fn chat_messages(&self, parameters: &[(&str, &str)]) -> Reply {
        self.get(&path_with(paths::CHAT_MESSAGES, parameters)).await
    }

    /// Sends a text of the user, which must be stored; returns its number.
    pub async fn say(&self, chat: &str, id: &str, content: &str) -> u64 {
        let data = self.try_say(user_text(chat, id, content)).await.data();
        data["seq"].as_u64().expect("seq is a number")
    }

    /// Sends any body to the endpoint of users' messages.
    pub async fn try_say(&self, body: impl Display) -> Reply {
        self.post(paths::SEND_USER_MESSAGE, body.to_string()).await
    }

    /// Sends any body to the endpoint that records turns of the robot.
    pub async fn record_turn(&self, body: impl Display) -> Reply {
        self.post(paths::RECORD_TURN, body.to_string()).await
    }
}

impl Deref for Platform {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// The whole answer to an acknowledgement of `count` messages without an invalid id.
#[must_use]
pub fn acknowledged(count: usize) -> String {
    format!(r#"{{"code":200,"message":"success","data":{{"acknowledged":{count},"invalid":[]}}}}"#)
}
