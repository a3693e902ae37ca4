//! Client secrets, and what is stored instead of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::sha256_hex;

/// The secret of an application as its client shows it. Never logged and never stored, hence neither `Debug` nor
/// `Display` nor `Serialize`.
pub struct ClientSecret(String);

impl ClientSecret {
    /// A new secret, of random digits: 128 bits at least, since its hash is not salted.
    #[must_use]
    pub fn of_digits(random: &str) -> Self {
        Self(format!("cs-{random}"))
    }

    /// A secret as it was shown.
    #[must_use]
    pub fn shown(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever it belongs to.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored instead of the secret.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(sha256_hex(&self.0))
    }
}

/// The SHA-256 of a secret, in hexadecimal.
///
/// A secret has more random bits than anybody can guess, so that a slow or salted hash would add nothing. Compared in
/// a time that does not depend on how much is alike, hence no `PartialEq`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// The hash that no secret has: what a secret is compared with where there is none.
    #[must_use]
    pub fn dummy() -> Self {
        Self("0".repeat(64))
    }

    /// Whether both are of one secret.
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
