//! The envelope of the push product.

use model::push::PushError;
use serde::Serialize;

use super::{ErrorResponse, Product, code_failure, code_success};
use crate::Failure;

/// The push product.
#[derive(Debug)]
pub enum MessagePush {}

impl Product for MessagePush {
    type Error = PushError;

    const SYSTEM_ERROR: PushError = PushError::System;
    const SUCCESS: i32 = 200;

    fn success<T: Serialize>(payload: &T) -> serde_json::Result<String> {
        code_success(payload)
    }

    fn failure(error: &PushError) -> ErrorResponse {
        code_failure(error.status(), error)
    }
}

impl From<PushError> for Failure<MessagePush> {
    fn from(error: PushError) -> Self {
        Self::caused_by_caller(error)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::http::StatusCode;

    use super::*;
    use crate::Empty;

    #[test]
    fn the_push_envelope_is_the_documents() {
        assert_eq!(MessagePush::success(&Empty {}).unwrap(), r#"{"code":200,"message":"success"}"#);
        assert_eq!(
            MessagePush::failure(&PushError::Missing("userIds")).body,
            r#"{"code":400,"message":"Required parameter 'userIds' is not present"}"#
        );
        assert_eq!(MessagePush::failure(&PushError::BodyTooLarge).status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
