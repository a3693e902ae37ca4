//! Requests of functions to AWS's APIs.

use axum::http::{HeaderMap, header::AUTHORIZATION};

/// Whether a request has a signature for a service. The signature itself is not checked.
pub(crate) fn is_signed(headers: &HeaderMap, service: &str) -> bool {
    let signature = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    signature.starts_with("AWS4-HMAC-SHA256 ") && signature.contains(&format!("/{service}/aws4_request"))
}
