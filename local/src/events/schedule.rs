//! Schedules of EventBridge.

use std::time::Duration;

use api::Clock;
use model::Timestamp;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use uuid::Uuid;

use super::asynchronous::Invoker;

/// A schedule that invokes a function.
pub(super) struct Schedule {
    /// The function's logical id.
    pub(super) function: String,
    pub(super) interval: Duration,
}

impl Schedule {
    /// Invokes the function asynchronously, as EventBridge does, in each interval from the next one on.
    pub(super) async fn run(self, invoker: Invoker, clock: Clock) {
        let mut ticks = interval_at(Instant::now() + self.interval, self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            if let Err(error) = invoker.invoke(&self.function, scheduled_event(clock.now())) {
                tracing::error!("{}: {error}", self.function);
            }
        }
    }
}

/// EventBridge's event of a schedule, in JSON.
#[must_use]
pub fn scheduled_event(at: Timestamp) -> String {
    let seconds = i64::try_from(at.seconds()).unwrap_or_default();
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    json!({
        "version": "0",
        "id": Uuid::new_v4().to_string(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": time.format(&Rfc3339).unwrap_or_default(),
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/local"],
        "detail": {},
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::events::test_function::TestFunction;

    #[tokio::test]
    async fn each_interval_invokes_the_function_with_the_event_of_a_schedule() {
        let function = TestFunction::new(|_, _| Ok("null".to_owned()));
        let invoker = Invoker::new(function.functions(0, Duration::from_mins(1)));
        let schedule = Schedule { function: "F".to_owned(), interval: Duration::from_millis(20) };
        let clock = Clock::from(|| Timestamp::from_millis(1_795_219_210_999));
        let running = tokio::spawn(schedule.run(invoker, clock));
        let events = function.wait_for(2).await;
        running.abort();
        let event: Value = serde_json::from_str(&events[0]).unwrap();
        assert_eq!(event["time"], "2026-11-21T00:00:10Z");
        let shown: Value =
            serde_json::from_str(include_str!("../../../events/dispatch-events/schedule.json")).unwrap();
        let names = |event: &Value| event.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&event), names(&shown));
        assert_eq!(event["detail-type"], shown["detail-type"]);
        assert_ne!(events[0], events[1], "each event has an id of its own");
    }
}
