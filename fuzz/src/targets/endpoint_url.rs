//! The URL of a webhook's endpoint. Oracle: an accepted URL, read with text functions alone, has no IP address and no credentials.

use std::net::IpAddr;

use webhook::endpoint::{EndpointUrl, UrlPolicy};

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for policy in [UrlPolicy::Https443, UrlPolicy::AnyPort, UrlPolicy::Development] {
        let Ok(url) = EndpointUrl::parse(&text, policy) else { continue };
        assert!(text.chars().count() <= 2048);
        let normal = url.as_str();
        assert!(normal.is_ascii() && !normal.contains(['#', ' ', '\n']), "{normal}");
        // The normal form may be longer than the text: each character of a path becomes up to 12.
        if normal.len() <= 2048 {
            assert_eq!(EndpointUrl::parse(normal, policy).as_ref(), Ok(&url), "{normal}");
        }
        let (scheme, rest) = normal.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        assert!(!authority.contains('@') && !authority.is_empty(), "{normal}");
        if policy == UrlPolicy::Development {
            assert!(scheme == "https" || scheme == "http", "{normal}");
            continue;
        }
        assert_eq!(scheme, "https");
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        assert!(!is_ip_address(host), "{normal}");
        assert!(port.is_empty() || policy == UrlPolicy::AnyPort, "{normal}");
        // Each policy permits all that a stricter one permits.
        assert_eq!(EndpointUrl::parse(&text, UrlPolicy::Development).as_ref(), Ok(&url));
    }
}

/// Whether a host would be taken as an IP address by any common parser: in brackets, or with a number as its last label.
fn is_ip_address(host: &str) -> bool {
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
    let hex =
        last.strip_prefix("0x").is_some_and(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit()));
    let decimal = !last.is_empty() && last.chars().all(|digit| digit.is_ascii_digit());
    hex || decimal || host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}
