//! A partner's system, which calls both products with one token.

use std::{fmt::Display, ops::Deref};

use serde_json::{Value, json};

use crate::{Caller, Reply, path_with, paths};

/// The answer to a message that is stored.
pub const RECEIVED: &str = r#"{"status":0,"message":"ok"}"#;

/// A partner. Its methods call with the token of its [`Caller`].
#[derive(Debug, Clone)]
pub struct Partner(Caller);

/// The body of a push.
#[must_use]
pub fn push_request(users: &str, content: &str, id: &str, hours: u64) -> Value {
    json!({"userIds": users, "content": content, "messageId": id, "expireTime": hours})
}

/// A text message of an agent.
#[must_use]
pub fn text_message(chat: &str, agent: &str, content: &str) -> Value {
    json!({"touser": chat, "fromuser": agent, "msgtype": "text", "text": {"content": content}})
}

/// The event that begins a conversation with a human.
#[must_use]
pub fn begin_event(chat: &str, agent: &str) -> Value {
    json!({"touser": chat, "fromuser": agent, "msgtype": "event", "eventType": "begin"})
}

/// The event that ends a conversation with a human.
#[must_use]
pub fn end_event(chat: &str) -> Value {
    json!({"touser": chat, "msgtype": "event", "eventType": "end"})
}

impl Partner {
    /// A partner with the token of `caller`.
    #[must_use]
    pub const fn new(caller: Caller) -> Self {
        Self(caller)
    }

    /// Pushes a message, which must succeed.
    pub async fn push(&self, users: &str, content: &str, id: &str, hours: u64) {
        self.try_push(push_request(users, content, id, hours)).await.is_code(200, "success");
    }

    /// Sends any body to the push endpoint.
    pub async fn try_push(&self, body: impl Display) -> Reply {
        self.post(paths::PUSH, body.to_string()).await
    }

    /// Recalls a message, which must succeed.
    pub async fn recall(&self, id: &str) {
        self.try_recall(json!({"messageId": id})).await.is_code(200, "success");
    }

    /// Sends any body to the recall endpoint.
    pub async fn try_recall(&self, body: impl Display) -> Reply {
        self.post(paths::RECALL, body.to_string()).await
    }

    /// The `data` of the status of a message.
    pub async fn status(&self, id: &str) -> Value {
        self.get_status(&[("messageId", id)]).await.data()
    }

    /// The `data` of the status of a message, its users sorted by id.
    pub async fn status_by_user(&self, id: &str) -> Value {
        let mut data = self.status(id).await;
        let users = data["users"].as_array_mut().expect("users is a list");
        users.sort_by_key(|user| user["userId"].as_str().expect("userId is a string").to_owned());
        data
    }

    /// The state of one user in the status of a message, and its time.
    pub async fn state(&self, id: &str, user: &str) -> (String, String) {
        let data = self.status(id).await;
        let mut users = data["users"].as_array().expect("users is a list").iter();
        let found = users.find(|found| found["userId"] == user).expect("the user is listed");
        let text = |name: &str| found[name].as_str().expect("it is a string").to_owned();
        (text("state"), text("at"))
    }

    /// Calls the status endpoint with any parameters.
    pub async fn get_status(&self, parameters: &[(&str, &str)]) -> Reply {
        self.get(&path_with(paths::STATUS, parameters)).await
    }

    /// Sends a message to a chat of source 1, which must succeed.
    pub async fn receive(&self, message: impl Display) {
        self.try_receive(message).await.is(200, RECEIVED);
    }

    /// Sends any body to the receive endpoint.
    pub async fn try_receive(&self, body: impl Display) -> Reply {
        self.post(paths::RECEIVE, body.to_string()).await
    }

    /// Sends any body to the receive endpoint with an encoded query.
    pub async fn try_receive_with(&self, query: &str, body: impl Display) -> Reply {
        self.post(&paths::with_query(paths::RECEIVE, query), body.to_string()).await
    }

    /// Calls the chat log endpoint with any parameters.
    pub async fn chatlog(&self, parameters: &[(&str, &str)]) -> Reply {
        self.get(&path_with(paths::CHATLOG, parameters)).await
    }

    /// Calls the chat log endpoint with an encoded query.
    pub async fn chatlog_with(&self, query: &str) -> Reply {
        self.get(&paths::with_query(paths::CHATLOG, query)).await
    }

    /// One page of the feed of source 1. An empty cursor is that of the first page.
    pub async fn sync(&self, cursor: &str) -> Value {
        self.get_feed(&[("source", "1"), ("cursor", cursor)]).await.success()
    }

    /// Calls the feed endpoint with any parameters.
    pub async fn get_feed(&self, parameters: &[(&str, &str)]) -> Reply {
        self.get(&path_with(paths::SYNC, parameters)).await
    }

    /// Calls the user endpoint with any parameters.
    pub async fn user_info(&self, parameters: &[(&str, &str)]) -> Reply {
        self.get(&path_with(paths::USER_INFO, parameters)).await
    }

    /// Calls the user endpoint with an encoded query.
    pub async fn user_info_with(&self, query: &str) -> Reply {
        self.get(&paths::with_query(paths::USER_INFO, query)).await
    }
}

impl Deref for Partner {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}
