//! The two envelopes: contract, "Two products, two envelopes".

use std::fmt::Display;

use lambda_http::http::StatusCode;
use model::{CustomerServiceError, PushError};
use serde::Serialize;
use serde_json::Value;

/// How a product answers. Implemented by the product's errors, since they tell the products apart.
pub trait Envelope: Display + Sized + Send {
    /// The answer to every fault of ours.
    const SYSTEM_ERROR: Self;

    /// What the log says of a success: the code that its body carries.
    const SUCCESS: i32;

    /// The product's code for this error, as its body carries it and as the log says it.
    fn code(&self) -> i32;

    /// The HTTP status of this error.
    fn http_status(&self) -> StatusCode;

    /// The body of this error.
    fn body(&self) -> String;

    /// The body of a success with `payload`'s fields in it.
    ///
    /// # Errors
    /// That `payload` has no JSON.
    fn success<P: Serialize>(payload: &P) -> serde_json::Result<String>;
}

impl Envelope for CustomerServiceError {
    const SYSTEM_ERROR: Self = Self::System;
    const SUCCESS: i32 = 0;

    fn code(&self) -> i32 {
        self.errcode()
    }

    fn http_status(&self) -> StatusCode {
        http_status(self.status())
    }

    fn body(&self) -> String {
        format!(r#"{{"status":-1,"errcode":{},"message":{}}}"#, self.errcode(), quoted(self))
    }

    fn success<P: Serialize>(payload: &P) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Success<'a, P> {
            status: i32,
            message: &'static str,
            #[serde(flatten)]
            payload: &'a P,
        }
        serde_json::to_string(&Success { status: Self::SUCCESS, message: "ok", payload })
    }
}

impl Envelope for PushError {
    const SYSTEM_ERROR: Self = Self::System;
    const SUCCESS: i32 = 200;

    fn code(&self) -> i32 {
        self.status().into()
    }

    fn http_status(&self) -> StatusCode {
        http_status(self.status())
    }

    fn body(&self) -> String {
        format!(r#"{{"code":{},"message":{}}}"#, self.code(), quoted(self))
    }

    fn success<P: Serialize>(payload: &P) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Success<'a, P> {
            code: i32,
            message: &'static str,
            #[serde(flatten)]
            payload: &'a P,
        }
        serde_json::to_string(&Success { code: Self::SUCCESS, message: "success", payload })
    }
}

fn http_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The error's text as a JSON string.
fn quoted(error: &impl Display) -> Value {
    Value::String(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Done;

    #[test]
    fn the_customer_service_envelope_is_the_documents() {
        assert_eq!(CustomerServiceError::success(&Done {}).unwrap(), r#"{"status":0,"message":"ok"}"#);
        assert_eq!(
            CustomerServiceError::TokenMissing.body(),
            r#"{"status":-1,"errcode":41001,"message":"token is wrong"}"#
        );
        assert_eq!(CustomerServiceError::TokenMissing.http_status(), StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn the_push_envelope_is_the_documents() {
        assert_eq!(PushError::success(&Done {}).unwrap(), r#"{"code":200,"message":"success"}"#);
        assert_eq!(
            PushError::Missing("userIds").body(),
            r#"{"code":400,"message":"Required parameter 'userIds' is not present"}"#
        );
        assert_eq!(PushError::BodyTooLarge.http_status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
