//! The event of a Lambda proxy integration of a REST API.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, macros::format_description};
use url::form_urlencoded;

use super::{ACCOUNT, Call};
use crate::template::{Api, Route};

/// `domainName` of every event.
const DOMAIN: &str = "localhost";
/// `sourceIp` of every event.
const CALLER: &str = "127.0.0.1";

/// The event for the function of `route`, as JSON.
pub(super) fn proxy_event(
    api: &Api,
    route: &Route,
    call: &Call,
    body: &[u8],
    authorizer: &Map<String, Value>,
) -> String {
    let mut headers = header_values(&call.headers);
    // API Gateway sets these, whatever the client sent.
    for (name, value) in [
        ("host", DOMAIN),
        ("x-forwarded-for", CALLER),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ] {
        headers.insert(name.to_owned(), vec![value.to_owned()]);
    }
    let query = query_values(call.uri.query().unwrap_or_default());
    let (body, is_base64_encoded) = encode(body, api.binary_bodies);
    let now = OffsetDateTime::now_utc();
    let request_time = now
        .format(format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000"))
        .unwrap_or_default();
    json!({
        "resource": route.path,
        "path": route.path,
        "httpMethod": route.method,
        "headers": last_of_each(&headers),
        "multiValueHeaders": headers,
        "queryStringParameters": if query.is_empty() { Value::Null } else { json!(last_of_each(&query)) },
        "multiValueQueryStringParameters": if query.is_empty() { Value::Null } else { json!(query) },
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": api.id,
            "authorizer": authorizer,
            "domainName": DOMAIN,
            "domainPrefix": api.id,
            "extendedRequestId": call.id.to_string(),
            "httpMethod": route.method,
            "identity": {
                "sourceIp": CALLER,
                "userAgent": call.headers.get("user-agent").and_then(|agent| agent.to_str().ok()),
            },
            "path": format!("/{}{}", api.stage, route.path),
            "protocol": "HTTP/1.1",
            "requestId": call.id.to_string(),
            "requestTime": request_time,
            "requestTimeEpoch": now.unix_timestamp() * 1000 + i64::from(now.millisecond()),
            "resourceId": "local",
            "resourcePath": route.path,
            "stage": api.stage,
        },
        "body": body,
        "isBase64Encoded": is_base64_encoded,
    })
    .to_string()
}

/// A body as API Gateway passes it on: base64 if the API takes binary bodies, otherwise text in which invalid UTF-8 is
/// replaced.
fn encode(body: &[u8], binary: bool) -> (Option<String>, bool) {
    if body.is_empty() {
        (None, false)
    } else if binary {
        (Some(BASE64_STANDARD.encode(body)), true)
    } else {
        (Some(String::from_utf8_lossy(body).into_owned()), false)
    }
}

fn header_values(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        values.entry(name.to_string()).or_default().push(value);
    }
    values
}

fn query_values(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        values.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    values
}

/// Of repeated values API Gateway takes the last, where the event has room for one.
fn last_of_each(values: &BTreeMap<String, Vec<String>>) -> BTreeMap<&str, &str> {
    values.iter().filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str()))).collect()
}
