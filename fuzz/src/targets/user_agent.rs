//! The user agent of a login. Oracle: a bounded time, and known names only.

use std::time::Duration;

use log_in_user::Browser;
use model::{BoundedText, UserAgent};

use crate::limits::{assert_identifier, units, within_cpu_time};

/// Far more than the longest user agent takes, so that a busy machine does not fail.
const MAX_TIME: Duration = Duration::from_millis(100);

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(user_agent) = UserAgent::parse(&text) else {
        assert!(units(text.trim()) > 2048);
        return;
    };
    if !user_agent.as_str().is_empty() {
        assert_identifier(user_agent.as_str(), 2048);
    }
    let Browser { name, system } = within_cpu_time(MAX_TIME, || Browser::of(&user_agent));
    for known in [name, system].into_iter().flatten() {
        assert!(!known.is_empty() && !known.starts_with("UNKNOWN") && !known.ends_with("UNKNOWN"), "{known}");
        // A name of the list of browsers, and a version of the user agent.
        assert!(units(&known) <= 2048 + 64, "{known}");
    }
}
