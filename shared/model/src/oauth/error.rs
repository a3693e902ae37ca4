//! The errors of the token endpoint, introspection and revocation: RFC 6749 §5.2.

use thiserror::Error;

/// The error of a client's request. Its text is the `error_description` that the caller reads.
///
/// One variant for each error response, also for those of API Gateway: a test compares the template's literal responses with
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OAuthError {
    /// The body has more than [`crate::BODY_LIMIT`] bytes.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The body is not UTF-8.
    #[error("the body is not a form in UTF-8")]
    NotAForm,
    /// A parameter is missing or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A parameter is given more than once.
    #[error("{0} is there more than once")]
    Repeated(&'static str),
    /// Credentials are in the URL, which logs and proxies record.
    #[error("client credentials do not belong in the URL")]
    CredentialsInUrl,
    /// Credentials are in the header and in the body.
    #[error("there is more than one client authentication")]
    TwoAuthentications,
    /// No such path or method.
    #[error("there is no such path or method")]
    InvalidUrl,
    /// The credentials are missing, unknown or wrong.
    #[error("client authentication failed")]
    InvalidClient,
    /// The application is disabled.
    #[error("the application is disabled")]
    UnauthorizedClient,
    /// Another grant than client credentials.
    #[error("grant_type must be client_credentials")]
    UnsupportedGrantType,
    /// A scope is malformed, unknown or not approved, or the application has no approved scope.
    #[error("a scope is not approved for the application")]
    InvalidScope,
    /// The application has reached its limit of tokens in this minute.
    #[error("too many tokens were issued to the application")]
    TooManyTokens {
        /// Seconds until the next minute.
        retry_after: u64,
    },
    /// API Gateway throttled the request.
    #[error("too many requests")]
    Throttled,
    /// Anything unforeseen, or the store is out of reach after retries.
    #[error("system error")]
    System,
}

impl OAuthError {
    /// Seconds to wait after API Gateway throttled a request.
    const THROTTLED_FOR: u64 = 1;

    /// The `error` of RFC 6749 §5.2. The two codes for faults of the server are from §4.1.2.1.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BodyTooLarge
            | Self::NotAForm
            | Self::Missing(_)
            | Self::Repeated(_)
            | Self::CredentialsInUrl
            | Self::TwoAuthentications
            | Self::InvalidUrl => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::TooManyTokens { .. } | Self::Throttled => "temporarily_unavailable",
            Self::System => "server_error",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::NotAForm
            | Self::Missing(_)
            | Self::Repeated(_)
            | Self::CredentialsInUrl
            | Self::TwoAuthentications
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope => 400,
            Self::InvalidClient => 401,
            Self::InvalidUrl => 404,
            Self::BodyTooLarge => 413,
            Self::TooManyTokens { .. } | Self::Throttled => 429,
            Self::System => 500,
        }
    }

    /// The value of `Retry-After`, in seconds, if a retry can succeed.
    #[must_use]
    pub const fn retry_after(self) -> Option<u64> {
        match self {
            Self::TooManyTokens { retry_after } => Some(retry_after),
            Self::Throttled => Some(Self::THROTTLED_FOR),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_the_name_and_the_status_of_the_rfc() {
        for (error, status, code) in [
            (OAuthError::BodyTooLarge, 413, "invalid_request"),
            (OAuthError::NotAForm, 400, "invalid_request"),
            (OAuthError::Missing("grant_type"), 400, "invalid_request"),
            (OAuthError::Repeated("scope"), 400, "invalid_request"),
            (OAuthError::CredentialsInUrl, 400, "invalid_request"),
            (OAuthError::TwoAuthentications, 400, "invalid_request"),
            (OAuthError::InvalidUrl, 404, "invalid_request"),
            (OAuthError::InvalidClient, 401, "invalid_client"),
            (OAuthError::UnauthorizedClient, 400, "unauthorized_client"),
            (OAuthError::UnsupportedGrantType, 400, "unsupported_grant_type"),
            (OAuthError::InvalidScope, 400, "invalid_scope"),
            (OAuthError::TooManyTokens { retry_after: 7 }, 429, "temporarily_unavailable"),
            (OAuthError::Throttled, 429, "temporarily_unavailable"),
            (OAuthError::System, 500, "server_error"),
        ] {
            assert_eq!((error.status(), error.code()), (status, code), "{error:?}");
        }
    }

    #[test]
    fn a_description_has_only_the_characters_the_rfc_allows() {
        for error in [OAuthError::Missing("grant_type"), OAuthError::InvalidScope, OAuthError::NotAForm] {
            let text = error.to_string();
            assert!(
                text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_passes_by_waiting_says_for_how_long() {
        assert_eq!(OAuthError::TooManyTokens { retry_after: 7 }.retry_after(), Some(7));
        assert_eq!(OAuthError::Throttled.retry_after(), Some(1));
        assert_eq!(OAuthError::InvalidClient.retry_after(), None);
    }
}
