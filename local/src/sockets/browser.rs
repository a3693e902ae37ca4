//! The browsers' side: handshakes, messages, the end of a connection.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{
        RawQuery, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{SinkExt, Stream, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::mpsc, time::timeout};
use uuid::Uuid;

use super::{PATH, Shared, event, registry::Outgoing};
use crate::functions::FunctionError;

/// API Gateway's limit of a message, in bytes.
pub(super) const MESSAGE_LIMIT: usize = 128 * 1024;

/// The limit at which the connection breaks without a close code, in bytes.
const FRAME_LIMIT: usize = 1024 * 1024;

/// The read buffer of a connection, in bytes. The default of 128 KiB would be the memory of each connection, whose messages are short.
const READ_BUFFER: usize = 4 * 1024;

/// How long an ended connection waits for the browser's close frame.
const CLOSE_TIME: Duration = Duration::from_secs(1);

// Close codes of RFC 6455.
const UNSUPPORTED_DATA: u16 = 1003;
const NO_STATUS: u16 = 1005;
const ABNORMAL: u16 = 1006;
const TOO_BIG: u16 = 1009;

pub(super) fn pages(shared: Arc<Shared>) -> Router {
    Router::new().route(PATH, any(connect)).with_state(shared)
}

/// The response of a function to a handshake.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
}

/// Opens a connection if the route `$connect` answers with a success. The ticket of the query is not logged.
async fn connect(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let id = connection_id();
    let event = event::connect(&shared.api, &id, &headers, &query.unwrap_or_default());
    let status = match shared.invoke("$connect", event).await {
        Ok(answer) => serde_json::from_str::<Answer>(&answer).map_or(502, |answer| answer.status_code),
        Err(_) => 500,
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    tracing::info!("{} connect {PATH}", status.as_u16());
    if !status.is_success() {
        let reason = status.canonical_reason().unwrap_or_default();
        return (status, Json(json!({"message": reason, "connectionId": id}))).into_response();
    }
    let messages = shared.connections.open(&id);
    upgrade
        .max_message_size(FRAME_LIMIT)
        .max_frame_size(FRAME_LIMIT)
        .read_buffer_size(READ_BUFFER)
        .on_upgrade(move |socket| serve(shared, id, socket, messages))
}

/// A new id of the form that API Gateway's have.
fn connection_id() -> String {
    let random = Uuid::new_v4();
    BASE64_STANDARD.encode(random.as_bytes().get(..11).unwrap_or_default())
}

/// Serves a connection to its end.
async fn serve(shared: Arc<Shared>, id: String, socket: WebSocket, mut messages: mpsc::Receiver<Outgoing>) {
    let (mut to_browser, from_browser) = socket.split();
    let reading = read(&shared, &id, from_browser);
    let writing = async {
        while let Some(message) = messages.recv().await {
            let (message, code) = match message {
                Outgoing::Text(text) => (Message::Text(text.into()), None),
                Outgoing::Close(code) => {
                    (Message::Close(Some(CloseFrame { code, reason: "".into() })), Some(code))
                }
            };
            if to_browser.send(message).await.is_err() {
                return ABNORMAL;
            }
            if let Some(code) = code {
                return code;
            }
        }
        ABNORMAL
    };
    tokio::pin!(reading);
    let code = tokio::select! {
        code = &mut reading => code,
        code = writing => {
            let _ = timeout(CLOSE_TIME, reading).await;
            code
        }
    };
    shared.connections.remove(&id);
    tracing::info!("{code} disconnect {PATH}");
    // Like API Gateway, nobody waits for the outcome.
    let _ = shared.invoke("$disconnect", event::disconnect(&shared.api, &id, code)).await;
}

/// Passes the browser's messages on, until the connection ends. Returns the close code.
async fn read(
    shared: &Shared,
    id: &str,
    mut messages: impl Stream<Item = Result<Message, axum::Error>> + Unpin,
) -> u16 {
    while let Some(message) = messages.next().await {
        match message {
            Ok(Message::Text(text)) if text.len() > MESSAGE_LIMIT => _ = shared.connections.end(id, TOO_BIG),
            Ok(Message::Text(text)) => {
                shared.connections.touch(id);
                pass_on(shared, id, &text).await;
            }
            Ok(Message::Binary(_)) => _ = shared.connections.end(id, UNSUPPORTED_DATA),
            Ok(Message::Close(frame)) => return frame.map_or(NO_STATUS, |frame| frame.code),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Err(_) => return ABNORMAL,
        }
    }
    ABNORMAL
}

/// Invokes the function of a message's route. Its response is not sent: the routes have no route responses.
async fn pass_on(shared: &Shared, id: &str, text: &str) {
    #[derive(Deserialize)]
    struct Selected {
        action: String,
    }
    let action = serde_json::from_str(text).map(|selected: Selected| selected.action).unwrap_or_default();
    let is_route = shared.api.routes.contains_key(&action) && !action.starts_with('$');
    let route = if is_route { action.as_str() } else { "$default" };
    if shared.invoke(route, event::message(&shared.api, id, route, text)).await.is_err() {
        let failure = json!({"message": "Internal server error", "connectionId": id});
        let _ = shared.connections.send(id, failure.to_string());
    }
}

impl Shared {
    /// Invokes the function of a route.
    async fn invoke(&self, route: &str, event: String) -> Result<String, FunctionError> {
        let function = self.api.routes.get(route).map(String::as_str).unwrap_or_default();
        self.functions.invoke(function, event).await
    }
}
