//! The errors of the token endpoint and its neighbours: RFC 6749 §5.2.

use thiserror::Error;

/// Why a request of an OAuth client is not done. The text is the `error_description` that the caller reads.
///
/// One variant for each answer, those included that API Gateway gives before a function is called: the template's
/// literal answers are tested against them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OAuthError {
    /// The body is more than [`crate::BODY_LIMIT`] bytes.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The body is not UTF-8.
    #[error("the body is not a form in UTF-8")]
    NotAForm,
    /// A parameter is absent, or has no value.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A parameter is there more than once.
    #[error("{0} is there more than once")]
    Repeated(&'static str),
    /// The client shows who it is in the URL, where logs and proxies see it.
    #[error("client credentials do not belong in the URL")]
    CredentialsInUrl,
    /// The client shows who it is in the header and in the body.
    #[error("there is more than one client authentication")]
    TwoAuthentications,
    /// No such path or method.
    #[error("there is no such path or method")]
    InvalidUrl,
    /// The client does not show who it is, is unknown, or shows another secret than its own.
    #[error("client authentication failed")]
    InvalidClient,
    /// The client is an application that is disabled.
    #[error("the application is disabled")]
    UnauthorizedClient,
    /// A grant that is not given here.
    #[error("grant_type must be client_credentials")]
    UnsupportedGrantType,
    /// A scope that is malformed, unknown, or not approved for the application; or nothing is approved.
    #[error("a scope is not approved for the application")]
    InvalidScope,
    /// The application has taken as many tokens as it may for now.
    #[error("too many tokens were issued to the application")]
    TooManyTokens {
        /// Seconds after which it may have another.
        retry_after: u64,
    },
    /// More requests than are allowed.
    #[error("too many requests")]
    Throttled,
    /// Anything unforeseen, or the store is out of reach after retries.
    #[error("system error")]
    System,
}

impl OAuthError {
    /// Seconds after which a request that API Gateway throttled may be sent again.
    const THROTTLED_FOR: u64 = 1;

    /// The `error` of RFC 6749. Its §5.2 has no name for what is not the client's fault: those two are of its §4.1.2.1.
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

    /// Seconds to wait before the request is sent again, where waiting helps.
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
