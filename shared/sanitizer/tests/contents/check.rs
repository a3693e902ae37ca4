//! Memory limits, and the check of a result against the allow list.
//!
//! The allocator counts per thread, so that parallel tests do not affect each other.

use allocation_counter::AllocationInfo;
use html5gum::{Token, Tokenizer};
use sanitizer::sanitize;

use crate::{
    allow_list::{ATTRIBUTES, ELEMENTS},
    shapes::{self, MAX_UNITS},
};

/// The limit on live bytes at any time.
const MAX_PEAK: u64 = 16_000_000;

/// The limit on all allocated bytes. A reallocation counts with its new size.
const MAX_TOTAL: u64 = 32_000_000;

/// The attributes that the sanitizer adds, by element.
const ADDED: [(&str, &str, &str); 3] = [
    ("a", "target", "_blank"),
    ("a", "rel", "noopener noreferrer nofollow"),
    ("img", "referrerpolicy", "no-referrer"),
];

/// Sanitizes `content`. An error if it exceeds a memory limit.
pub fn sanitize_in_memory(content: &str) -> Result<String, String> {
    let mut result = String::new();
    let AllocationInfo { bytes_max, bytes_total, .. } =
        allocation_counter::measure(|| result = sanitize(content));
    if bytes_max > MAX_PEAK || bytes_total > MAX_TOTAL {
        return Err(format!("{bytes_max} bytes at a time, {bytes_total} in all"));
    }
    Ok(result)
}

/// Searches `html` for anything outside the allow list, with a tokenizer other than ammonia's.
pub fn check_safe(html: &str) -> Result<(), String> {
    for Ok(token) in Tokenizer::new(html) {
        let tag = match token {
            Token::StartTag(tag) => tag,
            Token::EndTag(tag) if ELEMENTS.iter().any(|element| element.as_bytes() == &**tag.name) => {
                continue;
            }
            // A parse error: a character that HTML advises against.
            Token::String(_) | Token::Error(_) => continue,
            other => return Err(format!("{other:?}")),
        };
        let name = String::from_utf8_lossy(&tag.name);
        if !ELEMENTS.contains(&&*name) {
            return Err(format!("element {name}"));
        }
        for (attribute, value) in &tag.attributes {
            let (attribute, value) = (String::from_utf8_lossy(attribute), String::from_utf8_lossy(value));
            let is_allowed =
                ATTRIBUTES.iter().any(|(element, names)| *element == name && names.contains(&&*attribute))
                    || ADDED.contains(&(&name, &attribute, &value));
            let is_url = ["href", "src"].contains(&&*attribute);
            let scheme = value.trim_start().to_ascii_lowercase();
            if !is_allowed || is_url && !scheme.starts_with("http://") && !scheme.starts_with("https://") {
                return Err(format!("attribute {attribute}={value:?} of {name}"));
            }
        }
    }
    Ok(())
}

#[test]
fn the_most_expensive_known_shapes_stay_within_the_memory() {
    for (name, content) in shapes::all() {
        assert!(content.encode_utf16().count() <= MAX_UNITS, "{name}");
        let result = sanitize_in_memory(&content).unwrap_or_else(|error| panic!("{name}: {error}"));
        check_safe(&result).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn the_check_reports_everything_outside_the_allow_list() {
    for html in [
        "<script>",
        "</script>",
        "<b onclick=x>",
        "<a href=javascript:x>",
        "<a href=x>",
        "<a href=https:x>",
        "<img src=data:x>",
        "<!-- -->",
        "<p style=x>",
        "<a target=_top>",
        "<svg>",
        "<!doctype html>",
    ] {
        assert!(check_safe(html).is_err(), "{html}");
    }
    assert_eq!(
        check_safe("<a href=\"https://a\" target=\"_blank\">x</a><td colspan=2>&lt;script&gt;"),
        Ok(())
    );
}
