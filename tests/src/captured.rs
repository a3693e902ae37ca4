//! Captures the log of functions.

use std::{
    io,
    sync::{Arc, Mutex, Once},
};

use serde_json::Value;
use tracing::{level_filters::LevelFilter, subscriber::DefaultGuard};
use tracing_subscriber::{filter, layer::SubscriberExt, util::SubscriberInitExt};

/// The log of the thread that captures it.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Captured {
    /// Captures the log at `level` until the guard is dropped.
    #[must_use]
    pub fn start(level: LevelFilter) -> (Self, DefaultGuard) {
        keep_callsites_open();
        let captured = Self::default();
        let writer = captured.clone();
        let subscriber = api::logging::subscriber(level, move || writer.clone());
        (captured, tracing::subscriber::set_default(subscriber))
    }

    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panics").clone()).expect("it is text")
    }

    /// Each line, parsed.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("the value is JSON")).collect()
    }
}

/// Makes each log statement ask at each call whether its thread is captured.
///
/// `tracing` caches per statement whether a subscriber wants it. Tests run in parallel: a test that captures nothing could
/// reach a statement first, which would then stay silent for a test that captures.
pub(crate) fn keep_callsites_open() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let undecided = filter::dynamic_filter_fn(|_, _| false);
        tracing_subscriber::registry().with(undecided).init();
    });
}
