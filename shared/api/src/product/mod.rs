//! The envelope of each product's responses: contract, "Two products, two envelopes"; that of the token endpoint is its RFCs'.

mod customer_service;
mod message_push;
mod oauth;
mod platform;

use std::fmt::Display;

use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

pub use customer_service::CustomerService;
pub use message_push::MessagePush;
pub use oauth::OAuth;
pub use platform::Platform;

/// One of the APIs, with an envelope of its own. Implemented by marker types.
pub trait Product {
    /// Why a request fails. Its text is the message that the caller reads.
    type Error: Display + Send;

    /// The response to every internal fault.
    const SYSTEM_ERROR: Self::Error;

    /// The outcome that the log shows for a success.
    const SUCCESS: i32;

    /// Headers of every response, in addition to its content type.
    const HEADERS: &'static [(&'static str, &'static str)] = &[];

    /// The body of a success, with the fields of `payload` in it.
    ///
    /// # Errors
    /// `payload` cannot be serialized.
    fn success<T: Serialize>(payload: &T) -> serde_json::Result<String>;

    /// The response to a request that failed.
    fn failure(error: &Self::Error) -> ErrorResponse;
}

/// A response with another status than 200.
#[derive(Debug)]
pub struct ErrorResponse {
    /// The HTTP status.
    pub status: StatusCode,
    /// The product's code for the error, which the log shows as the outcome.
    pub code: Value,
    /// Headers in addition to those of every response.
    pub headers: Vec<(&'static str, String)>,
    /// The body, in the product's envelope.
    pub body: String,
}

/// Seconds after which to retry a throttled request: a token bucket of API Gateway refills within one second, and DynamoDB
/// splits a hot partition within a few.
const THROTTLE_RETRY_AFTER: u64 = 1;

/// The header that every 429 carries.
fn retry_after(seconds: Option<u64>) -> Vec<(&'static str, String)> {
    seconds.map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect()
}

fn http_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The message of an error as a JSON string.
fn message(error: &impl Display) -> Value {
    Value::String(error.to_string())
}

/// The success that the push product and the platform's API share.
fn code_success<T: Serialize>(payload: &T) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Success<'a, T> {
        code: i32,
        message: &'static str,
        #[serde(flatten)]
        payload: &'a T,
    }
    serde_json::to_string(&Success { code: 200, message: "success", payload })
}

/// The error response that the push product and the platform's API share: `code` is the HTTP status.
fn code_failure(status: u16, error: &impl Display) -> ErrorResponse {
    let status = http_status(status);
    let is_throttled = status == StatusCode::TOO_MANY_REQUESTS;
    ErrorResponse {
        status,
        code: status.as_u16().into(),
        headers: retry_after(is_throttled.then_some(THROTTLE_RETRY_AFTER)),
        body: format!(r#"{{"code":{},"message":{}}}"#, status.as_u16(), message(error)),
    }
}
