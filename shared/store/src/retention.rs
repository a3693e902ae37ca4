//! How long records about people are kept.

use std::{num::ParseIntError, str::FromStr};

use model::Timestamp;

/// The days after which messages, chat logs and users expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    days: u32,
}

impl Retention {
    /// So many days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self { days }
    }

    /// When a record written at `now` expires, in epoch seconds.
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
