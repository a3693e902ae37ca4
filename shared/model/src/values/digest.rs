//! SHA-256 as lower-case hexadecimal text.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The SHA-256 of `bytes` in 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The SHA-256 of a content, which identifies it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(String);

/// The text is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a hash is 64 digits of 0-9 and a-f")]
pub struct InvalidHash;

impl ContentHash {
    /// The hash of `content`.
    #[must_use]
    pub fn of(content: impl AsRef<[u8]>) -> Self {
        Self(sha256_hex(content))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ContentHash {
    type Error = InvalidHash;

    fn try_from(text: String) -> Result<Self, InvalidHash> {
        if is_sha256_hex(&text) { Ok(Self(text)) } else { Err(InvalidHash) }
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text has the form of [`sha256_hex`].
pub(crate) fn is_sha256_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_64_digits_of_sha_256() {
        // The example of FIPS 180-2, appendix B.1.
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hash = ContentHash::of("abc");
        assert_eq!((hash.as_str(), hash.to_string().as_str()), (digits, digits));
        assert_eq!(ContentHash::try_from(digits.to_owned()), Ok(hash.clone()));
        assert_eq!(String::from(hash), digits);
    }

    #[test]
    fn other_digits_and_other_lengths_are_no_hash() {
        for text in ["", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"A".repeat(64), &"好".repeat(64)]
        {
            assert_eq!(ContentHash::try_from(text.to_owned()), Err(InvalidHash), "{text}");
        }
    }
}
