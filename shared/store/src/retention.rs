//! How long personal data is kept.

use std::{num::ParseIntError, str::FromStr};

use model::Timestamp;

/// The retention of messages, chat logs and users, in days. A setting of the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    days: u32,
}

impl Retention {
    /// A retention of this many days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self { days }
    }

    /// The `expireAt`, in epoch seconds, of a record that is written at `now`.
    #[must_use]
    pub fn expiry(self, now: Timestamp) -> u64 {
        now.plus_hours(u64::from(self.days) * 24).seconds()
    }
}

impl FromStr for Retention {
    type Err = ParseIntError;

    fn from_str(days: &str) -> Result<Self, ParseIntError> {
        days.parse().map(Self::days)
    }
}
