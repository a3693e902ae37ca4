//! Logs: one JSON object per line on standard output.

mod json_line;
mod request_line;

use std::str::FromStr;

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::Environment;
use json_line::JsonLine;
pub use request_line::{DEFAULT_NAMESPACE, RequestLine};

/// The crates that log at `LOG_LEVEL`. All others log errors only: at a lower level a library may log a body or a header.
const OWN_CRATES: [&str; 3] = ["api", "inbox", "store"];

/// Sets up logging for this process. `LOG_LEVEL` defaults to `info`, `METRICS_NAMESPACE` to [`DEFAULT_NAMESPACE`].
pub fn init(environment: &Environment) {
    if let Ok(namespace) = environment.get("METRICS_NAMESPACE") {
        request_line::set_namespace(namespace);
    }
    let level =
        environment.get::<String>("LOG_LEVEL").ok().and_then(|level| LevelFilter::from_str(&level).ok());
    subscriber(level.unwrap_or(LevelFilter::INFO), std::io::stdout).init();
}

/// The subscriber that writes the log lines of a function to `writer`.
pub fn subscriber(
    level: LevelFilter,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let filter = Targets::new()
        .with_default(LevelFilter::ERROR)
        // It logs returned errors and unreadable events, and quotes them; Lambda reports both itself.
        .with_target("lambda_runtime", LevelFilter::OFF)
        .with_target(request_line::TARGET, LevelFilter::INFO)
        .with_targets(OWN_CRATES.map(|name| (name, level)));
    let lines = tracing_subscriber::fmt::layer().event_format(JsonLine).with_writer(writer);
    tracing_subscriber::registry().with(lines.with_filter(filter))
}
