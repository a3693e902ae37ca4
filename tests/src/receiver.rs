//! A partner's receiver of webhooks, which fails on demand. When it ends, it checks all that it received against the document.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
};

use crate::REFERENCE;

/// The longest that a test waits for a webhook.
const PATIENCE: Duration = Duration::from_mins(1);
/// The delay of a receiver that stalls: longer than an attempt takes.
const STALL: Duration = Duration::from_secs(15);

/// What a receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Answers with a status and header lines, each of which ends with CRLF.
    Answer(u16, &'static str),
    /// Reads the request and resets the connection.
    Reset,
    /// Sends nothing.
    StallHeaders,
    /// Sends the head of a 200 and half of its body.
    StallBody,
    /// Answers 200, and closes the connection before the body is complete.
    CloseEarly,
    /// Answers 200 after a delay.
    Slow(Duration),
}

/// A 200.
pub const ACCEPT: Reaction = Reaction::Answer(200, "");

/// A webhook that arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub reaction: Reaction,
    /// When the whole request had arrived.
    pub at: Instant,
}

impl Received {
    /// The `webhook-id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// The entries of the body.
    #[must_use]
    pub fn entries(&self) -> Vec<Value> {
        let body: Value = serde_json::from_str(&self.body).expect("the body is JSON");
        body["data"]["messages"].as_array().expect("there are entries").clone()
    }

    /// Whether one of the signatures is that of a secret, as the library of partners makes it.
    #[must_use]
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let webhook = Webhook::new(secret).expect("it is a secret");
        let timestamp = self.headers["webhook-timestamp"].parse().expect("it is a number");
        let expected = webhook.sign(self.id(), timestamp, self.body.as_bytes()).expect("it can be signed");
        self.headers["webhook-signature"].split(' ').any(|signature| signature == expected)
    }

    /// Whether the receiver answered with a success.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self.reaction, Reaction::Answer(200..300, _) | Reaction::Slow(_))
    }
}

/// Decides about a request by its number, counted from 0.
type Plan = Box<dyn Fn(usize) -> Reaction + Send>;

/// A receiver on loopback.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
    _reserved: TcpSocket,
}

struct Shared {
    plan: Mutex<Plan>,
    received: Mutex<Vec<Received>>,
}

impl Receiver {
    /// A receiver that accepts everything.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(|_| ACCEPT)
    }

    /// A receiver with a plan.
    pub fn start_with(plan: impl Fn(usize) -> Reaction + Send + 'static) -> Self {
        let mut receiver = Self::refusing();
        receiver.react(plan);
        receiver.listen();
        receiver
    }

    /// A receiver that refuses connections until [`Self::listen`].
    #[must_use]
    pub fn refusing() -> Self {
        // A bound socket that never listens reserves the port.
        let reserved = bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = reserved.local_addr().expect("it has an address");
        let plan: Plan = Box::new(|_| ACCEPT);
        let shared = Arc::new(Shared { plan: Mutex::new(plan), received: Mutex::default() });
        Self { address, shared, server: None, _reserved: reserved }
    }

    /// Listens from now on.
    pub fn listen(&mut self) {
        let listener = bind(self.address).listen(1024).expect("it listens");
        self.server = Some(tokio::spawn(serve(listener, Arc::clone(&self.shared))));
    }

    /// Replaces the plan. The count of requests goes on.
    pub fn react(&self, plan: impl Fn(usize) -> Reaction + Send + 'static) {
        *self.shared.plan.lock().expect("no holder panics") = Box::new(plan);
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// All requests, in the order of their arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().expect("no holder panics").clone()
    }

    /// The requests that were answered with a success.
    #[must_use]
    pub fn accepted(&self) -> Vec<Received> {
        self.received().into_iter().filter(Received::is_accepted).collect()
    }

    /// The numbers of each chat in the order in which a partner takes effect of them: of accepted requests, those that are
    /// greater than the last one of the chat.
    #[must_use]
    pub fn effects(&self) -> BTreeMap<String, Vec<u64>> {
        let mut chats: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for entry in self.accepted().iter().flat_map(Received::entries) {
            let chat = entry["openId"].as_str().expect("openId is text").to_owned();
            let seq = entry["seq"].as_u64().expect("seq is a number");
            let numbers = chats.entry(chat).or_default();
            if numbers.last().is_none_or(|last| *last < seq) {
                numbers.push(seq);
            }
        }
        chats
    }

    /// Waits until `count` requests arrived.
    ///
    /// # Panics
    /// It takes more than a minute.
    pub async fn arrived(&self, count: usize) {
        self.until(|receiver| receiver.received().len() >= count).await;
    }

    /// Waits until `holds`.
    ///
    /// # Panics
    /// It takes more than a minute.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let arrived = tokio::time::timeout(PATIENCE, waiting).await;
        arrived.unwrap_or_else(|_| panic!("{} requests arrived", self.received().len()));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
        if !std::thread::panicking() {
            for Received { headers, body, .. } in self.received() {
                REFERENCE.check_webhook(&headers, &body);
            }
        }
    }
}

fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("there is a socket");
    socket.set_reuseport(true).expect("a port can be shared");
    socket.bind(address).expect("the port is free, or this receiver's");
    socket
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(handle(stream, Arc::clone(&shared)));
    }
}

/// Handles one request: each connection has one.
async fn handle(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some((headers, body)) = read(&mut stream).await else { return };
    let reaction = {
        let mut received = shared.received.lock().expect("no holder panics");
        let reaction = shared.plan.lock().expect("no holder panics")(received.len());
        received.push(Received { headers, body, reaction, at: Instant::now() });
        reaction
    };
    let accept = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n";
    let sent = match reaction {
        Reaction::Answer(status, lines) => {
            let head =
                format!("HTTP/1.1 {status} X\r\n{lines}content-length: 4\r\nconnection: close\r\n\r\nbody");
            stream.write_all(head.as_bytes()).await
        }
        Reaction::Reset => stream.set_zero_linger(),
        Reaction::StallHeaders => {
            tokio::time::sleep(STALL).await;
            Ok(())
        }
        Reaction::StallBody => {
            let head = stream.write_all(format!("{accept}o").as_bytes()).await;
            tokio::time::sleep(STALL).await;
            head
        }
        Reaction::CloseEarly => stream.write_all(format!("{accept}o").as_bytes()).await,
        Reaction::Slow(delay) => {
            tokio::time::sleep(delay).await;
            stream.write_all(format!("{accept}ok").as_bytes()).await
        }
    };
    // The sender may have given up.
    drop(sent);
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<(BTreeMap<String, String>, String)> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let headers: BTreeMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some((headers, String::from_utf8(bytes[head_end..].to_vec()).ok()?))
}
