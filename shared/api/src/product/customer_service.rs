//! The envelope of the customer-service product.

use model::customer_service::CustomerServiceError;
use serde::Serialize;

use super::{ErrorResponse, Product, THROTTLE_RETRY_AFTER, http_status, message, retry_after};
use crate::Failure;

/// The customer-service product.
#[derive(Debug)]
pub enum CustomerService {}

impl Product for CustomerService {
    type Error = CustomerServiceError;

    const SYSTEM_ERROR: CustomerServiceError = CustomerServiceError::System;
    const SUCCESS: i32 = 0;

    fn success<T: Serialize>(payload: &T) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Success<'a, T> {
            status: i32,
            message: &'static str,
            #[serde(flatten)]
            payload: &'a T,
        }
        serde_json::to_string(&Success { status: Self::SUCCESS, message: "ok", payload })
    }

    fn failure(error: &CustomerServiceError) -> ErrorResponse {
        let is_throttled = matches!(error, CustomerServiceError::Throttled);
        ErrorResponse {
            status: http_status(error.status()),
            code: error.errcode().into(),
            headers: retry_after(is_throttled.then_some(THROTTLE_RETRY_AFTER)),
            body: format!(r#"{{"status":-1,"errcode":{},"message":{}}}"#, error.errcode(), message(error)),
        }
    }
}

impl From<CustomerServiceError> for Failure<CustomerService> {
    fn from(error: CustomerServiceError) -> Self {
        Self::caused_by_caller(error)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::http::StatusCode;

    use super::*;
    use crate::Empty;

    #[test]
    fn the_customer_service_envelope_is_the_documents() {
        assert_eq!(CustomerService::success(&Empty {}).unwrap(), r#"{"status":0,"message":"ok"}"#);
        let response = CustomerService::failure(&CustomerServiceError::TokenMissing);
        assert_eq!(response.body, r#"{"status":-1,"errcode":41001,"message":"token is wrong"}"#);
        assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    }
}
