//! Client secrets and their hashes.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::sha256_hex;

/// The secret of an application. It is never logged and never stored, so it has neither `Debug` nor `Display` nor `Serialize`.
pub struct ClientSecret(String);

impl ClientSecret {
    /// A new secret. It has at least 128 random bits, since its hash is not salted.
    #[must_use]
    pub fn of_digits(random: &str) -> Self {
        Self(format!("cs-{random}"))
    }

    /// A secret as a client sends it.
    #[must_use]
    pub fn shown(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the application's client.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The hash that is stored.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(sha256_hex(&self.0))
    }
}

/// The SHA-256 of a secret, in hexadecimal.
///
/// A secret cannot be guessed, so a slow or salted hash would add nothing. Hashes are compared in constant time, so there is no
/// `PartialEq`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// The hash of no secret, for the comparison without an application.
    #[must_use]
    pub fn dummy() -> Self {
        Self("0".repeat(64))
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_itself_alone() {
        let hash = ClientSecret::of_digits("1234").hash();
        assert!(hash.matches(&ClientSecret::shown("cs-1234").hash()));
        for other in ["", "cs-1235", "cs-123", "cs-12345", "CS-1234", " cs-1234"] {
            assert!(!hash.matches(&ClientSecret::shown(other).hash()), "{other}");
        }
        assert!(!hash.matches(&SecretHash::dummy()));
    }
}
