//! Bearer tokens, their hashes and scopes: contract, "Tokens".

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{is_sha256_hex, sha256_hex};

/// An access token. It is never logged and never stored, so it has neither `Debug` nor `Display` nor `Serialize`.
pub struct BearerToken(String);

/// The text is not `Bearer` and a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a bearer token")]
pub struct MalformedToken;

impl BearerToken {
    /// Parses an `Authorization` header: the scheme in any case, one or more spaces, then a token of the b64token characters of
    /// RFC 6750.
    ///
    /// # Errors
    /// [`MalformedToken`] if it is anything else.
    pub fn from_header(header: &str) -> Result<Self, MalformedToken> {
        let (scheme, rest) = header.split_once(' ').ok_or(MalformedToken)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(MalformedToken);
        }
        Self::parse(rest.trim_start_matches(' '))
    }

    /// Parses a token without its scheme.
    ///
    /// # Errors
    /// [`MalformedToken`] if it is empty or has a character that b64token excludes.
    pub fn parse(token: &str) -> Result<Self, MalformedToken> {
        let is_token = !token.is_empty()
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(&byte));
        if is_token { Ok(Self(token.to_owned())) } else { Err(MalformedToken) }
    }

    /// A new token in the documented form: `cn-` and a random UUID, which has 122 random bits.
    #[must_use]
    pub fn of_uuid(random: &str) -> Self {
        Self(format!("cn-{random}"))
    }

    /// The text, for the application's client.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The hash that is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256_hex(&self.0))
    }
}

/// The SHA-256 of a token, in hexadecimal. Tokens are stored and looked up by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenHash(String);

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the hash of a token is 64 digits of 0-9 and a-f")]
pub struct NoTokenHash;

impl TryFrom<String> for TokenHash {
    type Error = NoTokenHash;

    fn try_from(text: String) -> Result<Self, NoTokenHash> {
        if is_sha256_hex(&text) { Ok(Self(text)) } else { Err(NoTokenHash) }
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hash.0
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The scope of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The customer-service product.
    CustomerService,
    /// The push product.
    MessagePush,
    /// The platform's API, which is not for partners.
    Platform,
}

impl Scope {
    /// The scopes that partners apply for.
    pub const OF_PARTNERS: [Self; 2] = [Self::CustomerService, Self::MessagePush];

    /// Every scope.
    pub const ALL: [Self; 3] = [Self::CustomerService, Self::MessagePush, Self::Platform];

    /// The scope's name in the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CustomerService => "thirdparty-customer-service",
            Self::MessagePush => "message-push-service",
            Self::Platform => "chatbot-platform",
        }
    }
}

/// No scope has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a scope is thirdparty-customer-service, message-push-service or chatbot-platform")]
pub struct UnknownScope;

impl std::str::FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.name() == name).ok_or(UnknownScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_taken_in_any_case_and_after_it_one_or_more_spaces() {
        let hash = BearerToken::from_header("Bearer cn-1").unwrap_or_else(|_| panic!("refused")).hash();
        for header in ["bearer cn-1", "BEARER cn-1", "bEaReR    cn-1"] {
            assert!(BearerToken::from_header(header).is_ok_and(|token| token.hash() == hash), "{header}");
        }
        assert!(BearerToken::from_header("Bearer aZ09._~+/=-").is_ok());
    }

    #[test]
    fn a_token_is_shown_as_it_was_given_and_stored_as_its_sha_256() {
        let token = BearerToken::of_uuid("1");
        assert_eq!(token.reveal(), "cn-1");
        let digits = crate::sha256_hex("cn-1");
        assert_eq!((token.hash().to_string(), String::from(token.hash())), (digits.clone(), digits));
    }

    #[test]
    fn a_scope_is_read_by_its_name_alone() {
        for (scope, name) in [
            (Scope::CustomerService, "thirdparty-customer-service"),
            (Scope::MessagePush, "message-push-service"),
            (Scope::Platform, "chatbot-platform"),
        ] {
            assert_eq!((scope.name(), name.parse()), (name, Ok(scope)));
        }
        for name in ["", "message-push", "Message-Push-Service"] {
            assert_eq!(name.parse::<Scope>(), Err(UnknownScope), "{name}");
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        for header in [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "Bearer   ",
            "cn-1",
            "Basic cn-1",
            "Bearer\tcn-1",
            " Bearer cn-1",
            "Bearer cn-1 ",
            "Bearer cn 1",
            "Bearer cn,1",
            "Bearer 令牌",
            "Bearer \"cn\"",
            "Bearercn-1",
            "Bearer a\u{0}",
        ] {
            assert!(BearerToken::from_header(header).is_err(), "{header:?}");
        }
    }
}
