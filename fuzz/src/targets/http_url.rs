//! The URLs in messages. Oracle: the contract's form, stated on the text and on the parsed URL.

use model::{BoundedText, HttpUrl, TextError};
use url::Url;

use crate::limits::{assert_identifier, units};

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match HttpUrl::parse(&text) {
        Ok(url) => {
            assert_eq!(url.as_str(), text.trim(), "kept as it was written");
            assert_identifier(url.as_str(), 2048);
            assert!(!url.as_str().chars().any(char::is_control));
            let parsed = Url::parse(url.as_str());
            assert!(parsed.is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host()));
            let (scheme, rest) = url.as_str().split_once("://").unwrap_or_default();
            assert!(["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()), "{scheme}");
            assert!(rest.starts_with(|first| !"/\\?#".contains(first)), "{rest}");
            assert_eq!(HttpUrl::parse(url.as_str()), Ok(url));
        }
        Err(TextError::TooLong { max }) => assert!(max == 2048 && units(text.trim()) > max),
        Err(TextError::NotAnHttpUrl) => {
            let plain = text.trim().strip_prefix("https://").unwrap_or_default();
            let is_host =
                plain.chars().all(|c| c.is_ascii_lowercase() || c == '.') && !plain.contains("xn--");
            assert!(!is_host || plain.split('.').any(str::is_empty), "https://{plain} is refused");
        }
    }
}
