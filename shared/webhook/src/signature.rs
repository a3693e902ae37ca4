//! The headers that prove who sent a request, by [Standard Webhooks](https://www.standardwebhooks.com).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

use crate::secret::Secret;

/// The header with the message's id: the same in each attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the attempt's time, in seconds since the epoch.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// The parts of a request that are signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The message's id. It must not contain a full stop, which separates the parts.
    pub id: &'a str,
    /// The attempt's time, in seconds since the epoch.
    pub timestamp: i64,
    /// The body, to the byte.
    pub body: &'a [u8],
}

impl Signed<'_> {
    /// The value of [`SIGNATURE_HEADER`]: for each secret `v1,` and the base64 of an HMAC-SHA256, separated by spaces. While a secret is
    /// rotated, a receiver accepts a request if any signature matches its secret.
    #[must_use]
    pub fn signatures<'s>(&self, secrets: impl IntoIterator<Item = &'s Secret>) -> String {
        let signatures: Vec<_> = secrets.into_iter().map(|secret| self.signature(secret)).collect();
        signatures.join(" ")
    }

    fn signature(&self, secret: &Secret) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.bytes()));
        context.update(format!("{}.{}.", self.id, self.timestamp).as_bytes());
        context.update(self.body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification. Its secret has 24 bytes, ours have 32, so that the HMAC is computed here.
    #[test]
    fn the_standards_example_has_its_signature() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
        context.update(b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
        assert_eq!(STANDARD.encode(context.sign()), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
