//! How each product answers: contract, "Two products, two envelopes"; and the token endpoint, as its RFCs say.

mod customer_service;
mod message_push;
mod oauth;

use std::fmt::Display;

use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

/// How a product answers. Implemented by the product's errors, since they tell the products apart.
pub trait Envelope: Display + Sized + Send {
    /// The answer to every fault of ours.
    const SYSTEM_ERROR: Self;

    /// What the log says of a success.
    const SUCCESS: i32;

    /// Headers that every answer of the product has beside its content type.
    const HEADERS: &'static [(&'static str, &'static str)] = &[];

    /// The product's code for this error, as its body carries it and as the log says it.
    fn code(&self) -> Value;

    /// The HTTP status of this error.
    fn http_status(&self) -> StatusCode;

    /// Headers that this error has beside those of every answer.
    fn headers(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The body of this error.
    fn body(&self) -> String;

    /// The body of a success with `payload`'s fields in it.
    ///
    /// # Errors
    /// That `payload` has no JSON.
    fn success<P: Serialize>(payload: &P) -> serde_json::Result<String>;
}

/// The seconds after which to try again when a request was throttled: a token bucket of the gateway refills within one, and
/// a hot partition of DynamoDB is relieved within a few.
const THROTTLED_FOR: u64 = 1;

/// The header that every 429 carries.
fn retry_after(seconds: Option<u64>) -> Vec<(&'static str, String)> {
    seconds.map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect()
}

fn http_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The error's text as a JSON string.
fn quoted(error: &impl Display) -> Value {
    Value::String(error.to_string())
}
