//! The answers of the token endpoint and its neighbours: RFC 6749 §5.1 and §5.2.

use lambda_http::http::StatusCode;
use model::oauth::OAuthError;
use serde::Serialize;
use serde_json::Value;

use super::{Envelope, http_status, quoted, retry_after};

/// How a client is asked to show who it is.
const CHALLENGE: &str = r#"Basic realm="oauth2", charset="UTF-8""#;

impl Envelope for OAuthError {
    const SYSTEM_ERROR: Self = Self::System;
    const SUCCESS: i32 = 200;
    /// Nobody on the way may keep a token, nor what is said of one.
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("cache-control", "no-store"), ("pragma", "no-cache")];

    fn code(&self) -> Value {
        (*self).code().into()
    }

    fn http_status(&self) -> StatusCode {
        http_status(self.status())
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let challenge =
            matches!(self, Self::InvalidClient).then(|| ("www-authenticate", CHALLENGE.to_owned()));
        challenge.into_iter().chain(retry_after(self.retry_after())).collect()
    }

    fn body(&self) -> String {
        format!(r#"{{"error":"{}","error_description":{}}}"#, (*self).code(), quoted(self))
    }

    fn success<P: Serialize>(payload: &P) -> serde_json::Result<String> {
        serde_json::to_string(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_rfcs() {
        assert_eq!(
            OAuthError::InvalidClient.body(),
            r#"{"error":"invalid_client","error_description":"client authentication failed"}"#
        );
        assert_eq!(OAuthError::InvalidClient.headers(), [("www-authenticate", CHALLENGE.to_owned())]);
        let limited = OAuthError::TooManyTokens { retry_after: 7 };
        assert_eq!(limited.headers(), [("retry-after", "7".to_owned())]);
    }
}
