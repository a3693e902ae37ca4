//! The envelope of the push product.

use lambda_http::http::StatusCode;
use model::PushError;
use serde::Serialize;
use serde_json::Value;

use super::{Envelope, THROTTLED_FOR, http_status, quoted, retry_after};

impl Envelope for PushError {
    const SYSTEM_ERROR: Self = Self::System;
    const SUCCESS: i32 = 200;

    fn code(&self) -> Value {
        self.status().into()
    }

    fn http_status(&self) -> StatusCode {
        http_status(self.status())
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        retry_after(matches!(self, Self::Throttled).then_some(THROTTLED_FOR))
    }

    fn body(&self) -> String {
        format!(r#"{{"code":{},"message":{}}}"#, self.status(), quoted(self))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Done;

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
