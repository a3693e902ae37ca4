//! The envelope of the customer-service product.

use lambda_http::http::StatusCode;
use model::CustomerServiceError;
use serde::Serialize;
use serde_json::Value;

use super::{Envelope, THROTTLED_FOR, http_status, quoted, retry_after};

impl Envelope for CustomerServiceError {
    const SYSTEM_ERROR: Self = Self::System;
    const SUCCESS: i32 = 0;

    fn code(&self) -> Value {
        self.errcode().into()
    }

    fn http_status(&self) -> StatusCode {
        http_status(self.status())
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        retry_after(matches!(self, Self::Throttled).then_some(THROTTLED_FOR))
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
}
