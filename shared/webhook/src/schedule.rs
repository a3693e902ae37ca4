//! The time of the next attempt after a failure.

use std::time::Duration;

/// The waits after the first failures of a row; the last one is repeated.
const WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_mins(30),
    Duration::from_hours(1),
];
/// The longest wait that a receiver's `Retry-After` may ask for.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
/// An endpoint that has failed for this long is disabled.
pub const DISABLED_AFTER: Duration = Duration::from_hours(72);
/// The unit of jitter: a tenth of the wait, divided by 255. Jitter spreads the retries of endpoints that failed together.
const JITTER_PARTS: u32 = 10 * u8::MAX as u32;

/// The consequence of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Next {
    /// Another attempt after this time.
    RetryAfter(Duration),
    /// No attempt until an operator enables the endpoint again.
    Disable,
}

/// Decides about the next attempt.
///
/// - `failures`: failed attempts in a row, 1 or more;
/// - `failing_for`: the time since the first of them;
/// - `retry_after`: the receiver's header. It lengthens a wait, up to [`MAX_RETRY_AFTER`], and never shortens one;
/// - `random`: a random byte, for the jitter.
#[must_use]
pub fn next(failures: u32, failing_for: Duration, retry_after: Option<Duration>, random: u8) -> Next {
    if failing_for >= DISABLED_AFTER {
        return Next::Disable;
    }
    let [.., last] = WAITS;
    let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let scheduled = WAITS.get(index).copied().unwrap_or(last);
    let wished = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
    let wait = scheduled.max(wished);
    Next::RetryAfter(wait + wait / JITTER_PARTS * u32::from(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_LONG: Duration = Duration::from_secs(1);

    fn seconds(failures: u32, retry_after: Option<u64>) -> u64 {
        match next(failures, NOT_LONG, retry_after.map(Duration::from_secs), 0) {
            Next::RetryAfter(wait) => wait.as_secs(),
            Next::Disable => panic!("disabled after {failures} failures"),
        }
    }

    #[test]
    fn waits_grow_to_an_hour() {
        let waits: Vec<_> = (1..=9).map(|failures| seconds(failures, None)).collect();
        assert_eq!(waits, [5, 30, 120, 300, 900, 1800, 3600, 3600, 3600]);
        assert_eq!(seconds(u32::MAX, None), 3600);
    }

    #[test]
    fn a_receiver_lengthens_a_wait_up_to_an_hour_and_never_shortens_it() {
        assert_eq!(seconds(1, Some(60)), 60);
        assert_eq!(seconds(1, Some(3600)), 3600);
        assert_eq!(seconds(1, Some(3601)), 3600);
        assert_eq!(seconds(7, Some(1)), 3600);
    }

    #[test]
    fn jitter_lengthens_a_wait_by_a_tenth_at_most() {
        let wait = |random| next(3, NOT_LONG, None, random);
        assert_eq!(wait(0), Next::RetryAfter(Duration::from_mins(2)));
        let Next::RetryAfter(longest) = wait(u8::MAX) else { panic!("disabled") };
        assert_eq!(longest.as_millis(), 131_999);
        assert!(wait(1) > wait(0));
    }

    #[test]
    fn an_endpoint_that_fails_for_72_hours_is_disabled() {
        let just_before = Duration::from_hours(72).saturating_sub(Duration::from_nanos(1));
        assert!(matches!(next(80, just_before, None, 0), Next::RetryAfter(_)));
        assert_eq!(next(80, DISABLED_AFTER, None, 0), Next::Disable);
    }
}
