//! The open connections of a system, reached as a function reaches them: through `@connections`.

use reqwest::{Client, Method};
use serde_json::Value;
use tests::System;
use url::form_urlencoded::byte_serialize;

/// A signature of the form that `local` looks for.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=x/20261127/us-east-1/execute-api/aws4_request";

/// Sends a message to each connection.
pub async fn post(system: &System, message: &str) {
    for id in ids(system).await {
        assert_eq!(call(system, Method::POST, &id, message).await.status(), 200);
    }
}

/// Ends each connection.
pub async fn end(system: &System) {
    for id in ids(system).await {
        // One that has ended already is unknown.
        call(system, Method::DELETE, &id, "").await;
    }
}

/// The times of the only connection: its beginning, and the last message in either direction. In milliseconds since 1970.
pub async fn times(system: &System) -> (u64, u64) {
    let ids = ids(system).await;
    assert_eq!(ids.len(), 1);
    let times = call(system, Method::GET, &ids[0], "").await.text().await.unwrap();
    let times: Value = serde_json::from_str(&times).unwrap();
    (times["connectedAt"].as_u64().unwrap(), times["lastActiveAt"].as_u64().unwrap())
}

/// The ids of the stored connections.
pub async fn ids(system: &System) -> Vec<String> {
    let items = system.connection_items().await;
    let keys = items.iter().filter_map(|item| item["pk"].as_str()?.strip_prefix("CONN#"));
    keys.map(str::to_owned).collect()
}

async fn call(system: &System, method: Method, id: &str, body: &str) -> reqwest::Response {
    let url = system.connections_url.as_ref().expect("the system runs in this process");
    let id: String = byte_serialize(id.as_bytes()).collect();
    let request = Client::new().request(method, format!("{url}/@connections/{id}"));
    request.header("authorization", SIGNATURE).body(body.to_owned()).send().await.unwrap()
}
