//! The WebSocket API of a simulated deployment: open connections on one side, the functions' `@connections` on the other. That one
//! fails in every weather, so that calls of the REST APIs meet failing sockets also when nothing else fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{Method, StatusCode},
    routing::any,
};
use fastrand::Rng;
use tokio::{
    net::TcpListener,
    time::{Duration, sleep},
};

use super::Topic;
use crate::histories::time::{HOUR, MINUTE, Millis, Time};

/// API Gateway ends a connection on which nothing was sent for this time.
const IDLE: Millis = 10 * MINUTE;

/// API Gateway ends a connection after this time.
const LONGEST: Millis = 2 * HOUR;

/// The reactions to a call of `@connections` are drawn of this number.
const CHANCES: u32 = 2_000;

/// A clone is the same API.
#[derive(Clone)]
pub(in crate::histories) struct SocketApi(Arc<Shared>);

struct Shared {
    seed: u64,
    time: Time,
    state: Mutex<Recorded>,
}

#[derive(Default)]
struct Recorded {
    connections: BTreeMap<String, Connection>,
    calls: Vec<Call>,
    batches: Vec<Batch>,
}

struct Connection {
    opened: Millis,
    active: Millis,
    is_open: bool,
    /// Whether there still is a browser, which may have vanished without a close frame.
    has_browser: bool,
}

/// A call of `@connections`.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) at: Millis,
    pub(super) connection: String,
    /// The message; `None` for a call that ends the connection.
    pub(super) message: Option<String>,
    /// Whether the browser got it.
    is_delivered: bool,
    /// Whether it was answered 410, although the connection may be open.
    pub(super) is_gone: bool,
}

/// A batch of the stream that was given to `notify-users`.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) begun: Millis,
    pub(super) ended: Millis,
    pub(super) topics: BTreeSet<Topic>,
}

/// What `@connections` does with a call.
#[derive(Debug, Clone, Copy)]
enum Reaction {
    Takes(Duration),
    Answers(StatusCode),
    /// The message is lost.
    Forgets,
    /// The caller gives up; the message arrives.
    Hangs,
}

impl fmt::Debug for SocketApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketApi").field("seed", &self.0.seed).finish_non_exhaustive()
    }
}

impl SocketApi {
    /// Serves `@connections` on a listener.
    pub(in crate::histories) fn start(listener: TcpListener, seed: u64, time: Time) -> Self {
        let api = Self(Arc::new(Shared { seed, time, state: Mutex::default() }));
        let router = Router::new().route("/@connections/{id}", any(manage)).with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        api
    }

    pub(in crate::histories) fn now(&self) -> Millis {
        self.0.time.now()
    }

    /// Records a batch that is given to `notify-users`.
    pub(in crate::histories) async fn note_batch<T>(
        &self,
        topics: BTreeSet<Topic>,
        invocation: impl Future<Output = T>,
    ) {
        let begun = self.now();
        invocation.await;
        self.recorded().batches.push(Batch { begun, ended: self.now(), topics });
    }

    /// The messages that reached a browser.
    pub(in crate::histories) fn delivered(&self) -> usize {
        self.recorded().calls.iter().filter(|call| call.is_delivered && call.message.is_some()).count()
    }

    /// Opens a connection, whose `$connect` was answered with a success.
    pub(super) fn open(&self, id: &str) {
        let now = self.now();
        let connection = Connection { opened: now, active: now, is_open: true, has_browser: true };
        self.recorded().connections.insert(id.to_owned(), connection);
    }

    /// Notes a message of the browser. Returns whether the connection is open.
    pub(super) fn touch(&self, id: &str) -> bool {
        let now = self.now();
        let mut recorded = self.recorded();
        let open = recorded.connections.get_mut(id).filter(|connection| connection.is_open_at(now));
        open.map(|connection| connection.active = now).is_some()
    }

    /// The browser closes a connection, or API Gateway notices that it is gone. Returns whether the connection was open.
    pub(super) fn end(&self, id: &str) -> bool {
        let now = self.now();
        let mut recorded = self.recorded();
        let open = recorded.connections.get_mut(id).filter(|connection| connection.is_open_at(now));
        open.map(|connection| connection.is_open = false).is_some()
    }

    /// The browser vanishes, and API Gateway does not notice it before the connection is idle for too long.
    pub(super) fn vanish(&self, id: &str) {
        if let Some(connection) = self.recorded().connections.get_mut(id) {
            connection.has_browser = false;
        }
    }

    /// The connections with a browser.
    pub(super) fn connected(&self) -> Vec<String> {
        let now = self.now();
        let recorded = self.recorded();
        let connected = recorded.connections.iter().filter(|(_, one)| one.is_open_at(now) && one.has_browser);
        connected.map(|(id, _)| id.clone()).collect()
    }

    /// Ends the connections that are idle or last too long, and returns them.
    pub(in crate::histories) fn end_expired(&self) -> Vec<String> {
        let now = self.now();
        let mut recorded = self.recorded();
        let expired = recorded.connections.iter_mut().filter(|(_, one)| one.is_open && !one.is_open_at(now));
        expired
            .map(|(id, connection)| {
                connection.is_open = false;
                id.clone()
            })
            .collect()
    }

    /// All calls of `@connections`, in the order of their arrival.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.recorded().calls.clone()
    }

    /// The batches that were given to `notify-users`, in their order.
    pub(super) fn batches(&self) -> Vec<Batch> {
        self.recorded().batches.clone()
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        // A poisoned lock is safe: each holder makes one change.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the reaction by the time and the connection, so that a part of a history meets the same ones as the whole.
    fn draw(&self, id: &str) -> Reaction {
        let mut hasher = DefaultHasher::new();
        (self.0.seed, self.now(), id).hash(&mut hasher);
        let mut rng = Rng::with_seed(hasher.finish());
        match rng.u32(..CHANCES) {
            // A connection that is open is said to be gone.
            0 => Reaction::Answers(StatusCode::GONE),
            1..60 => Reaction::Answers(StatusCode::FORBIDDEN),
            60..120 => Reaction::Answers(StatusCode::TOO_MANY_REQUESTS),
            120..180 => Reaction::Answers(StatusCode::INTERNAL_SERVER_ERROR),
            180..240 => Reaction::Forgets,
            240..270 => Reaction::Hangs,
            270..370 => Reaction::Takes(Duration::from_millis(rng.u64(20..900))),
            _ => Reaction::Takes(Duration::from_millis(rng.u64(2..20))),
        }
    }

    /// Passes a message on to the browser, or ends the connection. Returns whether there is such a connection, and whether
    /// there is a browser.
    fn pass_on(&self, id: &str, is_end: bool) -> (bool, bool) {
        let now = self.now();
        let mut recorded = self.recorded();
        let Some(connection) = recorded.connections.get_mut(id).filter(|one| one.is_open_at(now)) else {
            return (false, false);
        };
        connection.active = now;
        connection.is_open = !is_end;
        (true, connection.has_browser)
    }
}

impl Connection {
    const fn is_open_at(&self, now: Millis) -> bool {
        self.is_open && now < self.active + IDLE && now < self.opened + LONGEST
    }
}

/// Answers a call of `@connections`. Anything but a POST or a DELETE is not allowed to the functions.
async fn manage(
    State(api): State<SocketApi>,
    method: Method,
    Path(connection): Path<String>,
    body: Bytes,
) -> StatusCode {
    let message = match method {
        Method::POST => Some(String::from_utf8_lossy(&body).into_owned()),
        Method::DELETE => None,
        _ => return StatusCode::FORBIDDEN,
    };
    let is_end = message.is_none();
    let number = {
        let call = Call {
            at: api.now(),
            connection: connection.clone(),
            message,
            is_delivered: false,
            is_gone: false,
        };
        let mut recorded = api.recorded();
        recorded.calls.push(call);
        recorded.calls.len() - 1
    };
    let (time, is_lost) = match api.draw(&connection) {
        Reaction::Answers(status) => {
            api.recorded().calls[number].is_gone = status == StatusCode::GONE;
            return status;
        }
        Reaction::Takes(time) => (time, false),
        Reaction::Forgets => (Duration::from_millis(10), true),
        Reaction::Hangs => (Duration::from_secs(2), false),
    };
    sleep(time).await;
    let (is_found, has_browser) = api.pass_on(&connection, is_end && !is_lost);
    api.recorded().calls[number].is_delivered = has_browser && !is_lost;
    if is_found { StatusCode::OK } else { StatusCode::GONE }
}
