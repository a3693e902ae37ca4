//! The lifetime of tokens.

use std::str::FromStr;

use thiserror::Error;

use crate::Timestamp;

/// The lifetime of a token: 60 seconds to 7 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetime(u64);

/// The text is not a number of seconds within the bounds of [`TokenLifetime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a token lives between 60 and 604800 seconds")]
pub struct InvalidLifetime;

impl TokenLifetime {
    /// 60 seconds: enough for a client to use the token.
    pub const MIN: u64 = 60;
    /// 7 days.
    pub const MAX: u64 = 604_800;

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The expiry, in epoch seconds, of a token that is issued at `now`.
    #[must_use]
    pub const fn expiry(self, now: Timestamp) -> u64 {
        now.seconds() + self.0
    }
}

impl FromStr for TokenLifetime {
    type Err = InvalidLifetime;

    fn from_str(text: &str) -> Result<Self, InvalidLifetime> {
        let seconds = text.parse().map_err(|_| InvalidLifetime)?;
        if (Self::MIN..=Self::MAX).contains(&seconds) { Ok(Self(seconds)) } else { Err(InvalidLifetime) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_between_a_minute_and_seven_days() {
        for seconds in [60, 359_420, 604_800] {
            assert_eq!(seconds.to_string().parse(), Ok(TokenLifetime(seconds)));
        }
        let day: TokenLifetime = "86400".parse().unwrap();
        assert_eq!((day.seconds(), day.expiry(Timestamp::from_millis(2_999))), (86_400, 86_402));
        for text in ["59", "604801", "", "1.5", "-60", "x"] {
            assert_eq!(text.parse::<TokenLifetime>(), Err(InvalidLifetime), "{text}");
        }
    }
}
