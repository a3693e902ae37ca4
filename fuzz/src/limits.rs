//! Limits on lengths and on CPU time.

use std::{fs, time::Duration};

/// The length of `text` in UTF-16 code units.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Asserts that an accepted identifier is trimmed, not empty, and at most `max` UTF-16 code units long.
pub fn assert_identifier(text: &str, max: usize) {
    assert!(text.trim() == text && !text.is_empty(), "{text:?} is blank or not trimmed");
    assert!(units(text) <= max, "{} units", units(text));
}

/// Asserts that an accepted content is not blank, and at most 32,768 UTF-16 code units long.
pub fn assert_content(text: &str) {
    assert!(!text.trim().is_empty(), "{text:?} is blank");
    assert!(units(text) <= 32_768, "{} units", units(text));
}

/// Runs `parser` and asserts that it takes at most `limit` of CPU time. Debug builds have ten times the limit. Without Linux's
/// statistics of threads nothing is asserted.
pub fn within_cpu_time<T>(limit: Duration, parser: impl FnOnce() -> T) -> T {
    let before = cpu_time();
    let parsed = parser();
    if let (Some(before), Some(after)) = (before, cpu_time()) {
        let taken = after.saturating_sub(before);
        let limit = if cfg!(debug_assertions) { limit * 10 } else { limit };
        assert!(taken <= limit, "{taken:?} of CPU time, more than {limit:?}");
    }
    parsed
}

/// The CPU time of this thread.
fn cpu_time() -> Option<Duration> {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    statistics.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
