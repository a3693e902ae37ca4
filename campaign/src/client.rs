//! A client of all APIs. It times each call, and checks the envelope and the content type of each answer.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use local::demo::{CLIENT_ID, CLIENT_SECRET, CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tests::{path_with, paths};

use crate::{findings::Findings, lock::lock};

/// Longer than API Gateway waits for a function.
const TIMEOUT: Duration = Duration::from_secs(30);

const CONTENT_TYPE: &str = "application/json;charset=UTF-8";

/// The calls, each of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Receive,
    Chatlog,
    UserInfo,
    Sync,
    Push,
    Recall,
    Status,
    Login,
    Pending,
    Acknowledge,
    Poll,
    Say,
    Turn,
    Ticket,
    IssueToken,
    Introspect,
    RevokeToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    CustomerService,
    MessagePush,
    Platform,
    OAuth,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Chatlog => "chatlog/get",
            Self::UserInfo => "user/info/get",
            Self::Sync => "sync",
            Self::Push => "push",
            Self::Recall => "recall",
            Self::Status => "status",
            Self::Login => "login",
            Self::Pending => "pending",
            Self::Acknowledge => "ack",
            Self::Poll => "chat/messages",
            Self::Say => "chat/message",
            Self::Turn => "chatlog",
            Self::Ticket => "ticket",
            Self::IssueToken => "token",
            Self::Introspect => "introspect",
            Self::RevokeToken => "revoke",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Receive => paths::RECEIVE,
            Self::Chatlog => paths::CHATLOG,
            Self::UserInfo => paths::USER_INFO,
            Self::Sync => paths::SYNC,
            Self::Push => paths::PUSH,
            Self::Recall => paths::RECALL,
            Self::Status => paths::STATUS,
            Self::Login => paths::LOGIN,
            Self::Pending => paths::PENDING,
            Self::Acknowledge => paths::ACK,
            Self::Poll => paths::CHAT_MESSAGES,
            Self::Say => paths::SEND_USER_MESSAGE,
            Self::Turn => paths::RECORD_TURN,
            Self::Ticket => paths::TICKET,
            Self::IssueToken => paths::TOKEN,
            Self::Introspect => paths::INTROSPECT,
            Self::RevokeToken => paths::REVOKE,
        }
    }

    const fn product(self) -> Product {
        match self {
            Self::Receive | Self::Chatlog | Self::UserInfo | Self::Sync => Product::CustomerService,
            Self::Push | Self::Recall | Self::Status => Product::MessagePush,
            Self::IssueToken | Self::Introspect | Self::RevokeToken => Product::OAuth,
            Self::Login
            | Self::Pending
            | Self::Acknowledge
            | Self::Poll
            | Self::Say
            | Self::Turn
            | Self::Ticket => Product::Platform,
        }
    }
}

impl Product {
    const fn system_error(self) -> &'static str {
        match self {
            Self::CustomerService => r#"{"status":-1,"errcode":-1,"message":"system error"}"#,
            Self::MessagePush | Self::Platform => r#"{"code":500,"message":"system error"}"#,
            Self::OAuth => r#"{"error":"server_error","error_description":"system error"}"#,
        }
    }

    fn is_success(self, body: &Value) -> bool {
        match self {
            Self::CustomerService => body.get("status").is_some_and(|status| status == 0),
            Self::MessagePush | Self::Platform => body.get("code").is_some_and(|code| code == 200),
            Self::OAuth => true,
        }
    }

    fn authorize(self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::CustomerService => request.bearer_auth(CUSTOMER_SERVICE_TOKEN),
            Self::MessagePush => request.bearer_auth(MESSAGE_PUSH_TOKEN),
            Self::Platform => request.bearer_auth(PLATFORM_TOKEN),
            Self::OAuth => request.basic_auth(CLIENT_ID, Some(CLIENT_SECRET)),
        }
    }
}

/// The outcome of a call that is answered as the contract says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    /// The envelope of the product for an unreachable store.
    SystemError,
    /// No answer, or another one.
    Other,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) started: Instant,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

/// A clone writes to the same journal.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    journal: Arc<Mutex<Vec<Entry>>>,
    findings: Findings,
}

impl Client {
    /// A client of the APIs at the base URL `url`.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub(crate) fn new(url: &str, findings: Findings) -> io::Result<Self> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(io::Error::other)?;
        Ok(Self { http, url: url.to_owned(), journal: Arc::default(), findings })
    }

    /// Calls an endpoint that is read. Returns the body of a success.
    pub(crate) async fn get(&self, kind: Kind, parameters: &[(&str, &str)]) -> Option<Value> {
        let path = path_with(kind.path(), parameters);
        self.send(kind, self.http.request(Method::GET, format!("{}{path}", self.url))).await
    }

    /// Posts a body. Returns the body of a success.
    pub(crate) async fn post(&self, kind: Kind, body: impl ToString) -> Option<Value> {
        let request = self.http.request(Method::POST, format!("{}{}", self.url, kind.path()));
        self.send(kind, request.body(body.to_string())).await
    }

    async fn send(&self, kind: Kind, request: RequestBuilder) -> Option<Value> {
        let started = Instant::now();
        let answer = answer(kind.product().authorize(request)).await;
        let took = started.elapsed();
        let (outcome, body) = match answer {
            Ok((200, body)) => match serde_json::from_str(&body) {
                Ok(body) if kind.product().is_success(&body) => (Outcome::Success, Some(body)),
                _ => self.unexpected(kind, &body),
            },
            Ok((500, body)) if body == kind.product().system_error() => (Outcome::SystemError, None),
            Ok((status, body)) => self.unexpected(kind, &format!("{status} {body}")),
            Err(error) => self.unexpected(kind, &error.to_string()),
        };
        lock(&self.journal).push(Entry { kind, started, took, outcome });
        body
    }

    fn unexpected(&self, kind: Kind, answer: &str) -> (Outcome, Option<Value>) {
        self.findings.add(format!("{}: {answer}", kind.name()));
        (Outcome::Other, None)
    }

    /// The calls that ended so far, in the order of their ends.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        lock(&self.journal).clone()
    }

    /// The number of calls that ended so far.
    pub(crate) fn calls(&self) -> usize {
        lock(&self.journal).len()
    }
}

/// The status and the body.
async fn answer(request: RequestBuilder) -> io::Result<(u16, String)> {
    let response = request.send().await.map_err(io::Error::other)?;
    let status = response.status().as_u16();
    let is_json = response.headers().get("content-type").is_some_and(|value| value == CONTENT_TYPE);
    let body = response.text().await.map_err(io::Error::other)?;
    if is_json { Ok((status, body)) } else { Err(io::Error::other(format!("another content type: {body}"))) }
}
