//! What functions log, for a test to read.

use std::{
    io,
    sync::{Arc, Mutex, Once},
};

use serde_json::Value;
use tracing::{level_filters::LevelFilter, subscriber::DefaultGuard};
use tracing_subscriber::{filter, layer::SubscriberExt, util::SubscriberInitExt};

/// What has been logged by the thread that captures it.
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
    /// Captures what a function logs at `level`, as long as the guard lives.
    #[must_use]
    pub fn start(level: LevelFilter) -> (Self, DefaultGuard) {
        keep_callsites_open();
        let captured = Self::default();
        let writer = captured.clone();
        let subscriber = api::logging::subscriber(level, move || writer.clone());
        (captured, tracing::subscriber::set_default(subscriber))
    }

    /// All lines as they were written.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panics").clone()).expect("it is text")
    }

    /// Each line, read.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
    }
}

/// Has each place that logs ask, every time, whether its own thread listens.
///
/// A place remembers whether anybody wants to hear it. Tests run side by side, and one that captures nothing would otherwise
/// be the first to pass a place, which is then silent for the one that does.
pub(crate) fn keep_callsites_open() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let undecided = filter::dynamic_filter_fn(|_, _| false);
        tracing_subscriber::registry().with(undecided).init();
    });
}
