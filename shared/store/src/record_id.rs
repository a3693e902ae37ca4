//! Ids that sort by time.

use std::fmt;

use model::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::{NoContext, Uuid};

/// A UUIDv7. Ids sort by their millisecond; ids of the same millisecond have no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordId(Uuid);

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an id is a UUID")]
pub struct InvalidRecordId;

impl TryFrom<String> for RecordId {
    type Error = InvalidRecordId;

    fn try_from(text: String) -> Result<Self, InvalidRecordId> {
        Self::parse(&text).ok_or(InvalidRecordId)
    }
}

impl From<RecordId> for String {
    fn from(id: RecordId) -> Self {
        id.to_string()
    }
}

impl RecordId {
    /// A new id with the millisecond of `at`.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let nanos = u32::try_from(at.millis() % 1000 * 1_000_000).unwrap_or_default();
        Self(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, at.seconds(), nanos)))
    }

    /// The id with these 128 bits, for a record that is written again under the same key.
    #[must_use]
    pub const fn fixed(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }

    /// The id with these bytes, in the order of the text form.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The bytes of the id, which sort as the text form does.
    #[must_use]
    pub const fn into_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// The millisecond that the id was created for. The epoch if the id is not a UUIDv7.
    #[must_use]
    pub fn moment(self) -> Timestamp {
        let (seconds, nanos) = self.0.get_timestamp().map(|at| at.to_unix()).unwrap_or_default();
        Timestamp::from_millis(seconds * 1000 + u64::from(nanos / 1_000_000))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
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
    fn ids_sort_by_the_millisecond_they_were_created_for() {
        let moments = [0, 1, 999, 1_000, 1_589_243_400_000, 1_589_243_400_001, 4_102_444_800_000];
        let ids: Vec<_> =
            moments.iter().map(|millis| RecordId::new(Timestamp::from_millis(*millis)).to_string()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn two_ids_of_the_same_millisecond_differ() {
        let at = Timestamp::from_millis(1_589_243_400_000);
        assert_ne!(RecordId::new(at), RecordId::new(at));
    }

    #[test]
    fn an_id_holds_its_millisecond() {
        let at = Timestamp::from_millis(1_589_243_400_123);
        let id = RecordId::new(at);
        assert_eq!(id.moment(), at);
        assert_eq!(RecordId::parse(&id.to_string()), Some(id));
        assert_eq!(RecordId::from_bytes(id.into_bytes()), id);
    }
}
