//! A browser's side of the socket API.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, protocol::CloseFrame},
};

use crate::System;

/// The longest that a test waits for a message.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection of the socket API. Dropping it breaks the connection without a close frame.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects with a ticket.
    ///
    /// # Errors
    /// The HTTP status of a refusal.
    pub async fn open(url: &str, ticket: &str) -> Result<Self, u16> {
        Self::open_with(&format!("{url}?ticket={ticket}")).await
    }

    /// Connects to a URL with any query.
    ///
    /// # Errors
    /// The HTTP status of a refusal.
    pub async fn open_with(url: &str) -> Result<Self, u16> {
        match connect_async(url).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("the socket API does not answer: {error}"),
        }
    }

    /// The next message.
    ///
    /// # Panics
    /// The connection ends, or there is no message within a minute.
    pub async fn next(&mut self) -> Value {
        match self.receive().await {
            Message::Text(text) => serde_json::from_str(&text).expect("the message is JSON"),
            other => panic!("{other:?} is no message"),
        }
    }

    /// The close code with which the server ends the connection.
    ///
    /// # Panics
    /// A message comes instead, or nothing within a minute.
    pub async fn close_code(&mut self) -> u16 {
        match self.receive().await {
            Message::Close(Some(CloseFrame { code, .. })) => code.into(),
            other => panic!("{other:?} is no close frame"),
        }
    }

    async fn receive(&mut self) -> Message {
        let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message comes");
        message.expect("the connection lasts").expect("the connection does not break")
    }

    /// Sends a text.
    pub async fn send(&mut self, text: impl Into<String>) {
        self.send_message(Message::Text(text.into().into())).await;
    }

    /// Sends bytes, which no route takes.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.send_message(Message::Binary(bytes.to_vec().into())).await;
    }

    async fn send_message(&mut self, message: Message) {
        self.0.send(message).await.expect("the connection does not break");
    }

    /// Sends a `ping`; the messages before its answer, which was sent after them.
    pub async fn until_pong(&mut self) -> Vec<Value> {
        self.send(json!({"action": "ping"}).to_string()).await;
        let mut before = Vec::new();
        loop {
            let message = self.next().await;
            if message == json!({"type": "pong"}) {
                return before;
            }
            before.push(message);
        }
    }

    /// Closes the connection as a browser does, and waits for the server's answer.
    pub async fn close(mut self) {
        self.0.close(None).await.expect("the connection does not break");
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

impl System {
    /// Connects a browser of a user that watches chats of source 1. It must be accepted.
    pub async fn connect(&self, user: &str, chats: &[&str]) -> Socket {
        let ticket = self.platform.ticket(user, chats).await;
        Socket::open(&ticket.url, &ticket.ticket).await.expect("the ticket is accepted")
    }
}
