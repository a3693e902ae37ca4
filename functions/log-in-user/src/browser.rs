//! Browser and operating system from a user agent string.

use model::UserAgent;
use woothee::parser::Parser;

/// What `woothee` says where it does not know.
const UNKNOWN: &str = "UNKNOWN";

/// A browser, as far as it is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Browser {
    /// Name and version.
    pub name: Option<String>,
    /// The operating system and its version.
    pub system: Option<String>,
}

impl Browser {
    /// Reads a user agent string, in linear time.
    #[must_use]
    pub fn of(user_agent: &UserAgent) -> Self {
        let Some(found) = Parser::new().parse(user_agent.as_str()) else {
            return Self { name: None, system: None };
        };
        // `Windows 10` says its version itself, of which `NT 10.0` is another name.
        let os_version = if found.os.starts_with("Windows") { UNKNOWN } else { &found.os_version };
        Self { name: joined(found.name, found.version), system: joined(found.os, os_version) }
    }
}

/// A name and a version, as far as they are known.
fn joined(name: &str, version: &str) -> Option<String> {
    match (name, version) {
        (UNKNOWN | "", _) => None,
        (name, UNKNOWN | "") => Some(name.to_owned()),
        (name, version) => Some(format!("{name} {version}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::BoundedText;

    fn browser(user_agent: &str) -> (Option<String>, Option<String>) {
        let Browser { name, system } = Browser::of(&UserAgent::parse(user_agent).unwrap());
        (name, system)
    }

    #[test]
    fn browsers_are_told_from_their_user_agents() {
        for (user_agent, name, system) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
                "Chrome 120.0.0.0",
                "Windows 10",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
                "Safari 17.1",
                "Mac OSX 10.15.7",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
                "Safari 17.1",
                "iPhone 17.1",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
                "Firefox 120.0",
                "Linux",
            ),
        ] {
            assert_eq!(browser(user_agent), (Some(name.to_owned()), Some(system.to_owned())), "{user_agent}");
        }
    }

    #[test]
    fn what_is_no_browser_is_unknown() {
        assert_eq!(browser("x"), (None, None));
    }
}
