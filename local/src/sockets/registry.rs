//! The open connections, and their limits.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use api::Clock;
use model::Timestamp;
use tokio::sync::mpsc;

/// API Gateway ends a connection on which nothing was sent for this time.
const IDLE: Duration = Duration::from_mins(10);

/// API Gateway ends a connection after this time.
const LONGEST: Duration = Duration::from_hours(2);

/// The messages that wait for a browser. Those that have no room are lost.
const CAPACITY: usize = 1024;

/// A message to a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outgoing {
    Text(String),
    /// The end of the connection, with this close code.
    Close(u16),
}

/// There is no such connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

#[derive(Debug)]
struct Connection {
    outbox: mpsc::Sender<Outgoing>,
    connected_at: Timestamp,
    active_at: Timestamp,
}

#[derive(Debug)]
pub(super) struct Registry {
    clock: Clock,
    connections: Mutex<HashMap<String, Connection>>,
}

impl Registry {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, connections: Mutex::default() }
    }

    /// Adds a connection, and returns the messages to its browser.
    pub(super) fn open(&self, id: &str) -> mpsc::Receiver<Outgoing> {
        let (outbox, messages) = mpsc::channel(CAPACITY);
        let now = self.clock.now();
        self.locked().insert(id.to_owned(), Connection { outbox, connected_at: now, active_at: now });
        messages
    }

    /// Notes that the browser has sent a message.
    pub(super) fn touch(&self, id: &str) {
        let now = self.clock.now();
        if let Some(connection) = self.locked().get_mut(id) {
            connection.active_at = now;
        }
    }

    /// Sends a message to a browser.
    pub(super) fn send(&self, id: &str, text: String) -> Result<(), Gone> {
        let now = self.clock.now();
        let mut connections = self.locked();
        let connection = connections.get_mut(id).ok_or(Gone)?;
        connection.active_at = now;
        // A full outbox loses it.
        let _ = connection.outbox.try_send(Outgoing::Text(text));
        Ok(())
    }

    /// Ends a connection.
    pub(super) fn end(&self, id: &str, code: u16) -> Result<(), Gone> {
        let connection = self.locked().remove(id).ok_or(Gone)?;
        let _ = connection.outbox.try_send(Outgoing::Close(code));
        Ok(())
    }

    /// When a connection began, and when something was sent on it last.
    pub(super) fn times(&self, id: &str) -> Result<(Timestamp, Timestamp), Gone> {
        self.locked().get(id).map(|open| (open.connected_at, open.active_at)).ok_or(Gone)
    }

    /// Forgets a connection that has ended.
    pub(super) fn remove(&self, id: &str) {
        self.locked().remove(id);
    }

    /// Ends the connections that are idle, or last too long.
    pub(super) fn end_expired(&self) {
        let now = self.clock.now();
        let since = |then| Duration::from_millis(now.millis_since(then));
        self.end_if(|connection| {
            since(connection.active_at) >= IDLE || since(connection.connected_at) >= LONGEST
        });
    }

    /// Ends all connections.
    pub(super) fn end_all(&self) {
        self.end_if(|_| true);
    }

    fn end_if(&self, ends: impl Fn(&Connection) -> bool) {
        /// RFC 6455: the server goes away. API Gateway sends it for its limits.
        const GOING_AWAY: u16 = 1001;
        self.locked().retain(|_, connection| {
            let ends = ends(connection);
            if ends {
                let _ = connection.outbox.try_send(Outgoing::Close(GOING_AWAY));
            }
            !ends
        });
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Connection>> {
        // A poisoned lock is safe: nothing is half done under it.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
