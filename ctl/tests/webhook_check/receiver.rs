//! A partner's receiver, with or without a mistake.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{HeaderMap, Request, StatusCode},
    routing::post,
};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};

pub const SECRET: &str = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// A mistake of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    None,
    /// Fails on a message that has no text.
    KnowsTextOnly,
    /// Looks whether there is a signature, not which one.
    BelievesEachSignature,
    /// Verifies a signature only if there is one.
    BelievesUnsigned,
    IgnoresTheTimestamp,
    /// Compares the first signature of the header.
    ReadsOneSignature,
    RefusesRepeats,
    RefusesUnknownTypes,
    LimitsBodiesTo100Kb,
    WaitsThreeSeconds,
    /// Refuses with 410, which disables the endpoint.
    RefusesAsGone,
    /// Answers each request with a redirect.
    Redirects,
}

/// A receiver on loopback, until it is dropped.
pub struct Receiver {
    pub url: String,
    served: JoinHandle<()>,
    kept: Arc<Kept>,
}

struct Kept {
    mistake: Mistake,
    ids: Mutex<HashSet<String>>,
    /// The last number of each chat.
    last: Mutex<HashMap<String, u64>>,
    messages: Mutex<Vec<Value>>,
}

impl Receiver {
    pub async fn start(mistake: Mistake) -> Self {
        let kept = Arc::new(Kept {
            mistake,
            ids: Mutex::default(),
            last: Mutex::default(),
            messages: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let app = Router::new().route("/hooks", post(answer)).with_state(kept.clone());
        let served = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, served, kept }
    }

    /// The messages that were received, each once.
    pub fn messages(&self) -> Vec<Value> {
        self.kept.messages.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn answer(State(kept): State<Arc<Kept>>, request: Request<Body>) -> StatusCode {
    let mistake = kept.mistake;
    if mistake == Mistake::Redirects {
        return StatusCode::PERMANENT_REDIRECT;
    }
    let (head, body) = request.into_parts();
    let time = Duration::from_secs(if mistake == Mistake::WaitsThreeSeconds { 3 } else { 10 });
    let Ok(body) = timeout(time, to_bytes(body, 262_144)).await else {
        return StatusCode::REQUEST_TIMEOUT;
    };
    let body = body.unwrap();
    if mistake == Mistake::LimitsBodiesTo100Kb && body.len() > 100_000 {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    if !is_genuine(mistake, &head.headers, &body) {
        let is_gone = mistake == Mistake::RefusesAsGone;
        return if is_gone { StatusCode::GONE } else { StatusCode::UNAUTHORIZED };
    }
    let id = head.headers["webhook-id"].to_str().unwrap().to_owned();
    if !kept.ids.lock().unwrap().insert(id) && mistake == Mistake::RefusesRepeats {
        return StatusCode::CONFLICT;
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    if body["type"] != "chat.messages" {
        let refuses = mistake == Mistake::RefusesUnknownTypes;
        return if refuses { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::ACCEPTED };
    }
    for message in body["data"]["messages"].as_array().unwrap() {
        if mistake == Mistake::KnowsTextOnly && message["msgtype"] != "text" {
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        let (chat, seq) = (message["openId"].as_str().unwrap(), message["seq"].as_u64().unwrap());
        let mut last = kept.last.lock().unwrap();
        let last = last.entry(chat.to_owned()).or_default();
        if seq > *last {
            *last = seq;
            kept.messages.lock().unwrap().push(message.clone());
        }
    }
    StatusCode::NO_CONTENT
}

fn is_genuine(mistake: Mistake, headers: &HeaderMap, body: &Bytes) -> bool {
    let webhook = Webhook::new(SECRET).unwrap();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let timestamp: i64 = text("webhook-timestamp").parse().unwrap();
    let signatures = text("webhook-signature");
    let expected = webhook.sign(text("webhook-id"), timestamp, body).unwrap();
    match mistake {
        Mistake::BelievesEachSignature => !signatures.is_empty() && is_recent(timestamp),
        Mistake::BelievesUnsigned if signatures.is_empty() => true,
        Mistake::IgnoresTheTimestamp => signatures.split(' ').any(|signature| signature == expected),
        Mistake::ReadsOneSignature => signatures.split(' ').next() == Some(&expected) && is_recent(timestamp),
        _ => webhook.verify(body, headers).is_ok(),
    }
}

fn is_recent(timestamp: i64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    u64::try_from(timestamp).unwrap().abs_diff(now) <= 300
}
