//! A point in time, and its form in the contract.

use serde::{Deserialize, Serialize};
use time::{
    Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset,
    format_description::BorrowedFormatItem,
    macros::{format_description, offset},
};

/// The time zone of every date and time of the contract.
const SHOWN_IN: UtcOffset = offset!(+8);

/// Milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 UTC, the unit of DynamoDB's TTL.
    ///
    /// Rounded down, like every deadline: an item may expire up to a second early, never late.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// `hours` later.
    #[must_use]
    pub const fn plus_hours(self, hours: u64) -> Self {
        Self(self.0 + hours * 3_600_000)
    }

    /// `millis` later.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The milliseconds since `earlier`; 0 if it is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses the form of [`Timestamp::date_time`]. `None` before 1970 and after 2286-11-20: keys hold 13 digits of
    /// milliseconds.
    #[must_use]
    pub fn parse_date_time(text: &str) -> Option<Self> {
        const FORM: &[BorrowedFormatItem<'_>] =
            format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        let moment = PrimitiveDateTime::parse(text, FORM).ok()?.assume_offset(SHOWN_IN);
        let millis = u64::try_from(moment.unix_timestamp()).ok()?.checked_mul(1000)?;
        (millis <= Self::LAST.0).then_some(Self(millis))
    }

    /// The last one with 13 digits of milliseconds.
    const LAST: Self = Self(9_999_999_999_999);

    /// `yyyy-MM-dd HH:mm:ss` in UTC+8, as in `DateTime` and `lastLoginTime`; empty after the year 9999.
    #[must_use]
    pub fn date_time(self) -> String {
        let shown = |(date, time): (Date, Time)| {
            format!(
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
                date.year(),
                u8::from(date.month()),
                date.day(),
                time.hour(),
                time.minute(),
                time.second()
            )
        };
        self.shown_in(SHOWN_IN).map(shown).unwrap_or_default()
    }

    /// The form of RFC 3339 in UTC, with milliseconds: `2020-05-12T00:30:00.000Z`. Empty after the year 9999.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let shown = |(date, time): (Date, Time)| {
            format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                date.year(),
                u8::from(date.month()),
                date.day(),
                time.hour(),
                time.minute(),
                time.second(),
                self.0 % 1000
            )
        };
        self.shown_in(UtcOffset::UTC).map(shown).unwrap_or_default()
    }

    fn shown_in(self, offset: UtcOffset) -> Option<(Date, Time)> {
        let seconds = i64::try_from(self.seconds()).ok()?;
        let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?.checked_to_offset(offset)?;
        Some((moment.date(), moment.time()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_and_time_are_shown_in_utc_plus_8() {
        assert_eq!(Timestamp::from_millis(1_589_243_400_000).date_time(), "2020-05-12 08:30:00");
        assert_eq!(Timestamp::from_millis(0).date_time(), "1970-01-01 08:00:00");
        assert_eq!(Timestamp::from_millis(1_589_299_199_999).date_time(), "2020-05-12 23:59:59");
        assert_eq!(Timestamp::from_millis(1_589_299_200_000).date_time(), "2020-05-13 00:00:00");
    }

    #[test]
    fn rfc_3339_is_in_utc_with_milliseconds() {
        assert_eq!(Timestamp::from_millis(1_589_243_400_007).rfc3339(), "2020-05-12T00:30:00.007Z");
    }

    #[test]
    fn a_moment_beyond_the_form_is_empty() {
        assert_eq!(Timestamp::from_millis(u64::MAX).date_time(), "");
        assert_eq!(Timestamp::from_millis(u64::MAX).rfc3339(), "");
    }

    #[test]
    fn a_date_and_time_is_read_back_and_nothing_else_is() {
        for text in
            ["2020-05-12 08:30:00", "1970-01-01 08:00:00", "2286-11-21 01:46:39", "2024-02-29 23:59:59"]
        {
            assert_eq!(Timestamp::parse_date_time(text).unwrap().date_time(), text);
        }
        for text in [
            "",
            "2020-05-12",
            "2020-05-12T08:30:00",
            "2020-05-12 08:30",
            "2020-5-12 08:30:00",
            "2020-02-30 08:30:00",
            "2020-05-12 24:00:00",
            "2020-05-12 08:30:60",
            "2020-05-12 08:30:00 ",
            "2020-05-12 08:30:00Z",
            "1970-01-01 07:59:59",
            "2286-11-21 01:46:40",
            "9999-12-31 23:59:59",
            "-001-01-01 00:00:00",
        ] {
            assert_eq!(Timestamp::parse_date_time(text), None, "{text}");
        }
    }

    #[test]
    fn milliseconds_are_added_and_subtracted_within_the_range() {
        let (early, late) = (Timestamp::from_millis(1_000), Timestamp::from_millis(1_007));
        assert_eq!(early.plus_millis(7), late);
        assert_eq!((late.millis_since(early), early.millis_since(late)), (7, 0));
        assert_eq!(Timestamp::from_millis(u64::MAX).plus_millis(1).millis(), u64::MAX);
    }

    #[test]
    fn an_hour_is_3600_seconds() {
        assert_eq!(Timestamp::from_millis(1_999).plus_hours(168).seconds(), 1 + 168 * 3600);
    }
}
