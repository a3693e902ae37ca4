//! The sanitizer. Oracles: the memory and the CPU time of docs/bounds.md, and two parsers that find nothing outside the allow
//! list.

use std::time::Duration;

use allocation_counter::AllocationInfo;
use sanitizer::sanitize;

use crate::{
    html::{assert_safe, assert_safe_tokens},
    limits::{units, within_cpu_time},
};

/// The limit on live bytes.
const MAX_MEMORY: u64 = 16_000_000;

/// The limit of docs/bounds.md is 20 ms with the functions' profile. An instrumented build on a busy machine needs more.
const MAX_TIME: Duration = Duration::from_millis(200);

pub fn run(bytes: &[u8]) {
    let content = String::from_utf8_lossy(bytes);
    if units(&content) <= 32_768 {
        let safe = sanitize_within_bounds(&content);
        assert_safe(&safe);
        assert_safe(&sanitize_within_bounds(&safe));
    }
}

/// Repeats the content up to the push endpoint's limit: cost grows with repetition. The first byte is the number of characters of
/// the beginning that are not repeated.
pub fn run_repeated(bytes: &[u8]) {
    let Some((head, content)) = bytes.split_first() else { return };
    let content = String::from_utf8_lossy(content);
    let mut characters = content.chars();
    let head: String = characters.by_ref().take(usize::from(*head)).collect();
    let unit = characters.as_str();
    let length = units(unit);
    if length > 0 && units(&head) <= 32_768 {
        let repeated = format!("{head}{}", unit.repeat((32_768 - units(&head)) / length));
        assert_safe_tokens(&sanitize_within_bounds(&repeated));
    }
}

fn sanitize_within_bounds(content: &str) -> String {
    let mut safe = String::new();
    let AllocationInfo { bytes_max, .. } =
        allocation_counter::measure(|| safe = within_cpu_time(MAX_TIME, || sanitize(content)));
    assert!(bytes_max <= MAX_MEMORY, "{bytes_max} bytes at a time");
    // A page of the inbox must fit into a response.
    assert!(safe.len() <= 256 * 1024, "{} bytes", safe.len());
    safe
}
