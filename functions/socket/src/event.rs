//! The events of a WebSocket API, and the response to them.

use std::fmt;

use model::ConnectionId;
use serde::{Deserialize, Serialize};

/// An event of a connection. The message of a client is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketEvent {
    request_context: RequestContext,
    query_string_parameters: Option<Query>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    route_key: String,
    connection_id: ConnectionId,
}

#[derive(Deserialize)]
struct Query {
    ticket: Option<String>,
}

// Not derived: it must not show the ticket.
impl fmt::Debug for SocketEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketEvent").field("route", &self.request_context.route_key).finish_non_exhaustive()
    }
}

/// The routes of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// A browser wants to connect.
    Connect,
    /// A connection has ended.
    Disconnect,
    /// `{"action":"ping"}`.
    Ping,
    /// Any other message, which is ignored.
    Other,
}

impl SocketEvent {
    pub(crate) fn route(&self) -> Route {
        match self.request_context.route_key.as_str() {
            "$connect" => Route::Connect,
            "$disconnect" => Route::Disconnect,
            "ping" => Route::Ping,
            _ => Route::Other,
        }
    }

    pub(crate) const fn connection(&self) -> &ConnectionId {
        &self.request_context.connection_id
    }

    /// The ticket in the query of a `$connect`.
    pub(crate) fn ticket(&self) -> Option<&str> {
        self.query_string_parameters.as_ref()?.ticket.as_deref()
    }
}

/// The response to API Gateway. Only that of `$connect` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
}

impl Answer {
    pub(crate) const OK: Self = Self { status_code: 200 };
    pub(crate) const UNAUTHORIZED: Self = Self { status_code: 401 };
}
