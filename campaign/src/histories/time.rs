//! The time of a simulated world: tokio's paused clock, which moves to the next timer when nobody has anything to do.

use api::Clock;
use model::Timestamp;
use tokio::time::{Duration, Instant, sleep_until};

/// 2026-12-01 00:00:00 UTC.
const BEGIN: u64 = 1_796_083_200_000;

/// Milliseconds since the world began.
pub(super) type Millis = u64;

pub(super) const SECOND: Millis = 1_000;
pub(super) const MINUTE: Millis = 60 * SECOND;
pub(super) const HOUR: Millis = 60 * MINUTE;

/// The true time of a world.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(Instant);

impl Time {
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(self) -> Millis {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Milliseconds since 1970.
    pub(super) fn since_1970(self) -> Millis {
        BEGIN + self.now()
    }

    pub(super) async fn until(self, at: Millis) {
        sleep_until(self.0 + Duration::from_millis(at)).await;
    }

    /// The clock of a machine that is wrong by `offset` milliseconds.
    pub(super) fn clock(self, offset: i64) -> Clock {
        Clock::from(move || Timestamp::from_millis(self.since_1970().saturating_add_signed(offset)))
    }
}
