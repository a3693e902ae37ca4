//! The time, as an input.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use model::Timestamp;

/// The system clock, or one that a test sets.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from(|| {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// Waits until this clock shows a time. It looks at the clock ten times a second, since a test may move it.
    pub async fn sleep_until(&self, due: Timestamp) {
        const LOOK: Duration = Duration::from_millis(100);
        loop {
            let left = Duration::from_millis(due.millis_since(self.now()));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LOOK)).await;
        }
    }
}

impl<F: Fn() -> Timestamp + Send + Sync + 'static> From<F> for Clock {
    fn from(tell: F) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
