//! The envelope of the platform's API: that of the push product, with `data`.

use model::platform::PlatformError;
use serde::Serialize;

use super::{ErrorResponse, Product, code_failure, code_success};
use crate::Failure;

/// The API of the chatbot platform's own back end.
#[derive(Debug)]
pub enum Platform {}

impl Product for Platform {
    type Error = PlatformError;

    const SYSTEM_ERROR: PlatformError = PlatformError::System;
    const SUCCESS: i32 = 200;

    fn success<T: Serialize>(payload: &T) -> serde_json::Result<String> {
        code_success(payload)
    }

    fn failure(error: &PlatformError) -> ErrorResponse {
        code_failure(error.status(), error)
    }
}

impl From<PlatformError> for Failure<Platform> {
    fn from(error: PlatformError) -> Self {
        Self::caused_by_caller(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Data, Empty};

    #[test]
    fn a_throttled_request_is_told_when_to_retry() {
        let response = Platform::failure(&PlatformError::Throttled);
        assert_eq!(response.body, r#"{"code":429,"message":"too many requests"}"#);
        assert_eq!(response.headers, [("retry-after", "1".to_owned())]);
    }

    #[test]
    fn a_success_carries_its_data() {
        let body = Platform::success(&Data { data: Empty {} }).unwrap();
        assert_eq!(body, r#"{"code":200,"message":"success","data":{}}"#);
    }
}
