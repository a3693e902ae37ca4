//! The responses of the token endpoint, introspection and revocation: RFC 6749 §5.1 and §5.2.

use model::oauth::OAuthError;
use serde::Serialize;

use super::{ErrorResponse, Product, http_status, message, retry_after};
use crate::Failure;

/// How a client is asked to authenticate.
const CHALLENGE: &str = r#"Basic realm="oauth2", charset="UTF-8""#;

/// The token endpoint, introspection and revocation.
#[derive(Debug)]
pub enum OAuth {}

impl Product for OAuth {
    type Error = OAuthError;

    const SYSTEM_ERROR: OAuthError = OAuthError::System;
    const SUCCESS: i32 = 200;
    /// Responses must not be cached.
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("cache-control", "no-store"), ("pragma", "no-cache")];

    fn success<T: Serialize>(payload: &T) -> serde_json::Result<String> {
        serde_json::to_string(payload)
    }

    fn failure(error: &OAuthError) -> ErrorResponse {
        let challenge =
            matches!(error, OAuthError::InvalidClient).then(|| ("www-authenticate", CHALLENGE.to_owned()));
        ErrorResponse {
            status: http_status(error.status()),
            code: error.code().into(),
            headers: challenge.into_iter().chain(retry_after(error.retry_after())).collect(),
            body: format!(r#"{{"error":"{}","error_description":{}}}"#, error.code(), message(error)),
        }
    }
}

impl From<OAuthError> for Failure<OAuth> {
    fn from(error: OAuthError) -> Self {
        Self::caused_by_caller(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_rfcs() {
        let unknown = OAuth::failure(&OAuthError::InvalidClient);
        assert_eq!(
            unknown.body,
            r#"{"error":"invalid_client","error_description":"client authentication failed"}"#
        );
        assert_eq!(unknown.headers, [("www-authenticate", CHALLENGE.to_owned())]);
        let limited = OAuth::failure(&OAuthError::TooManyTokens { retry_after: 7 });
        assert_eq!(limited.headers, [("retry-after", "7".to_owned())]);
    }
}
