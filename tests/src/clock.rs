//! A clock that a test moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use api::Clock;
use model::Timestamp;
use tokio::task::JoinHandle;

/// A clock that stands still until it is moved.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock at `millis` since 1970.
    #[must_use]
    pub fn at(millis: u64) -> Self {
        Self(Arc::new(AtomicU64::new(millis)))
    }

    pub fn advance_seconds(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Sets the clock to `millis` since 1970.
    pub fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    /// Lets the clock run 50 times as fast as time, until the guard is dropped.
    #[must_use]
    pub fn run_fast(&self) -> RunningClock {
        let clock = self.clone();
        RunningClock(tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                clock.advance_seconds(1);
            }
        }))
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that runs.
#[derive(Debug)]
pub struct RunningClock(JoinHandle<()>);

impl Drop for RunningClock {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl From<&ManualClock> for Clock {
    fn from(clock: &ManualClock) -> Self {
        let clock = clock.clone();
        Self::from(move || clock.now())
    }
}
