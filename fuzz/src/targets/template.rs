//! The template reader. Oracle: a bounded time.

use std::time::Duration;

use local::template::{Template, plain_yaml};

use crate::limits::within_cpu_time;

/// The project's template takes a fraction of it.
const MAX_TIME: Duration = Duration::from_secs(1);

pub fn run(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    within_cpu_time(MAX_TIME, || {
        let is_yaml = plain_yaml(text).is_ok();
        let template = Template::parse(text);
        assert!(is_yaml || template.is_err() || text.is_empty(), "a template is YAML");
    });
}
