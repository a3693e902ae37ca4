//! Ids of records that are ordered by time.

use std::fmt;

use model::Timestamp;
use uuid::{NoContext, Uuid};

/// A UUIDv7: sorts by the millisecond it was made for, and within it in no particular order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordId(Uuid);

impl RecordId {
    /// A new id for a record of the moment `at`.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let nanos = u32::try_from(at.millis() % 1000 * 1_000_000).unwrap_or_default();
        Self(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, at.seconds(), nanos)))
    }

    /// The id with these 128 bits, for a record that is written again under the same id.
    #[must_use]
    pub const fn fixed(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_millisecond_they_were_made_for() {
        let moments = [0, 1, 999, 1_000, 1_589_243_400_000, 1_589_243_400_001, 4_102_444_800_000];
        let ids: Vec<_> =
            moments.iter().map(|millis| RecordId::new(Timestamp::from_millis(*millis)).to_string()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn two_ids_of_one_millisecond_differ() {
        let at = Timestamp::from_millis(1_589_243_400_000);
        assert_ne!(RecordId::new(at), RecordId::new(at));
    }
}
