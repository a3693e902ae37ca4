//! The keys that requests are signed with.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    error::Unspecified,
    rand::{SecureRandom, SystemRandom},
};

/// The prefix of a written secret, by Standard Webhooks.
const PREFIX: &str = "whsec_";
/// Standard Webhooks asks for 24 to 64 bytes. As many as HMAC-SHA256 puts out are enough (RFC 2104, 3).
const LENGTH: usize = 32;

/// A signing secret of 32 random bytes. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; LENGTH]);

/// The text is not `whsec_` and the base64 of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a webhook secret")]
pub struct NotASecret;

impl Secret {
    /// A new secret from the operating system's random numbers.
    ///
    /// # Errors
    /// The operating system has none.
    pub fn generate() -> Result<Self, Unspecified> {
        let mut bytes = [0; LENGTH];
        SystemRandom::new().fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads a secret as [`Secret::expose`] writes it.
    ///
    /// # Errors
    /// [`NotASecret`].
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NotASecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NotASecret)?;
        bytes.try_into().map(Self).map_err(|_| NotASecret)
    }

    /// The secret as a receiver needs it: `whsec_` and base64.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// The key of the signature.
    pub(crate) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_written() {
        let secret = Secret::generate().unwrap();
        let written = secret.expose();
        assert_eq!(Secret::parse(&written), Ok(secret.clone()));
        assert_eq!(written.len(), "whsec_".len() + 44);
        assert_ne!(Secret::generate().unwrap(), secret);
    }

    #[test]
    fn another_text_is_no_secret() {
        let secret = Secret([7; LENGTH]).expose();
        for text in [
            "",
            "whsec_",
            secret.trim_start_matches("whsec_"),
            &secret.to_uppercase(),
            &format!("{secret} "),
            &format!("whsec_{}", STANDARD.encode([7; 31])),
            &format!("whsec_{}", STANDARD.encode([7; 33])),
        ] {
            assert_eq!(Secret::parse(text), Err(NotASecret), "{text:?}");
        }
    }

    #[test]
    fn debug_does_not_show_a_secret() {
        assert_eq!(format!("{:?}", Secret([7; LENGTH])), "Secret");
    }
}
