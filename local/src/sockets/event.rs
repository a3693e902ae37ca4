//! The events of a WebSocket API.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use serde_json::{Value, json};
use time::OffsetDateTime;
use url::form_urlencoded;
use uuid::Uuid;

use crate::template::SocketApi;

/// The event of a handshake.
pub(super) fn connect(api: &SocketApi, connection: &str, headers: &HeaderMap, query: &str) -> String {
    let headers: BTreeMap<_, _> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut event = event(api, connection, "$connect", "CONNECT");
    set(&mut event, "headers", json!(headers));
    let query = if query.is_empty() { Value::Null } else { json!(query) };
    set(&mut event, "queryStringParameters", query);
    event.to_string()
}

/// The event of a message.
pub(super) fn message(api: &SocketApi, connection: &str, route: &str, body: &str) -> String {
    let mut event = event(api, connection, route, "MESSAGE");
    set(&mut event, "body", body.into());
    event.to_string()
}

/// The event of the end of a connection, with its close code.
pub(super) fn disconnect(api: &SocketApi, connection: &str, code: u16) -> String {
    let mut event = event(api, connection, "$disconnect", "DISCONNECT");
    if let Some(context) = event.get_mut("requestContext") {
        set(context, "disconnectStatusCode", code.into());
        set(context, "disconnectReason", "".into());
    }
    event.to_string()
}

fn event(api: &SocketApi, connection: &str, route: &str, kind: &str) -> Value {
    let now = OffsetDateTime::now_utc();
    json!({
        "requestContext": {
            "routeKey": route,
            "eventType": kind,
            "messageDirection": "IN",
            "connectionId": connection,
            "requestId": Uuid::new_v4().to_string(),
            "extendedRequestId": Uuid::new_v4().to_string(),
            "requestTimeEpoch": now.unix_timestamp() * 1000 + i64::from(now.millisecond()),
            "stage": api.stage,
            "apiId": api.id,
            "domainName": "localhost",
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "isBase64Encoded": false,
    })
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}
