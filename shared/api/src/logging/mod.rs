//! Logs: one JSON object a line, on standard output, where Lambda collects them.

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

/// The crates whose events are logged at the level that is set. Libraries may log a request's body or headers when
/// they are asked for detail, so they are never asked: their errors are all that is taken.
const OURS: [&str; 3] = ["api", "inbox", "store"];

/// Sets up logging for this process. The level is `LOG_LEVEL`, `info` if it is not set or not a level; the namespace of
/// the metrics is `METRICS_NAMESPACE`, [`DEFAULT_NAMESPACE`] if it is not set.
pub fn init(environment: &Environment) {
    if let Ok(namespace) = environment.get("METRICS_NAMESPACE") {
        request_line::set_namespace(namespace);
    }
    let level =
        environment.get::<String>("LOG_LEVEL").ok().and_then(|level| LevelFilter::from_str(&level).ok());
    subscriber(level.unwrap_or(LevelFilter::INFO), std::io::stdout).init();
}

/// What writes the log lines of a function to `writer`.
pub fn subscriber(
    level: LevelFilter,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let filter = Targets::new()
        .with_default(LevelFilter::ERROR)
        // It repeats what we return and quotes what it cannot read; Lambda itself reports both.
        .with_target("lambda_runtime", LevelFilter::OFF)
        .with_target(request_line::TARGET, LevelFilter::INFO)
        .with_targets(OURS.map(|name| (name, level)));
    let lines = tracing_subscriber::fmt::layer().event_format(JsonLine).with_writer(writer);
    tracing_subscriber::registry().with(lines.with_filter(filter))
}
