//! The events that invoke functions in `local`: the stream of the table `Chat`, and the schedule.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use local::functions::Code;
use serde_json::{Value, json};
use tests::{Setup, Stream, System};
use tokio::time::sleep;

/// The time in which a message reaches `dispatch-events`.
const LATENCY: Duration = Duration::from_millis(300);

type Events = Arc<Mutex<Vec<Value>>>;

/// A system whose `dispatch-events` keeps its events.
async fn start(stream: Stream) -> (System, Events) {
    let events = Events::default();
    let kept = Arc::clone(&events);
    let code: Code = Arc::new(move |event, _| {
        kept.lock().unwrap().push(serde_json::from_str(&event).unwrap());
        Box::pin(async { Ok(r#"{"batchItemFailures":[]}"#.to_owned()) })
    });
    let replaced = vec![("DispatchEventsFunction", code)];
    (System::start_with(Setup { replaced, stream, ..Setup::default() }).await, events)
}

async fn store(system: &System, pk: &str) {
    system.store_items([json!({"pk": pk, "sk": "1"})]).await;
}

/// The partitions of the records in these events.
fn partitions(events: &Events) -> Vec<String> {
    let events = events.lock().unwrap();
    let records = events.iter().flat_map(|event| event["Records"].as_array().unwrap());
    records.map(|record| record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_users_message_reaches_dispatch_events_within_300_ms_and_nothing_else_does() {
    let (system, events) = start(Stream::Runs).await;
    for number in 0..20 {
        store(&system, "CHAT#1#c").await;
        let started = Instant::now();
        store(&system, &format!("FEED#{number}")).await;
        while partitions(&events).len() <= number {
            sleep(Duration::from_millis(1)).await;
            assert!(started.elapsed() < LATENCY, "{:?}", started.elapsed());
        }
    }
    store(&system, "FEED#0").await;
    sleep(LATENCY).await;
    let expected: Vec<_> = (0..20).map(|number| format!("FEED#{number}")).collect();
    assert_eq!(partitions(&events), expected, "no change of an item");
}

#[tokio::test]
async fn a_dropped_stream_invokes_nothing() {
    let (system, events) = start(Stream::Dropped).await;
    store(&system, "FEED#1").await;
    sleep(LATENCY).await;
    assert_eq!(*events.lock().unwrap(), [] as [Value; 0]);
}

#[tokio::test]
async fn a_sweep_is_the_event_of_the_schedule() {
    let (system, events) = start(Stream::Runs).await;
    assert_eq!(system.sweep().await.unwrap(), r#"{"batchItemFailures":[]}"#);
    let events = events.lock().unwrap();
    assert_eq!(events.len(), 1, "the schedule sends none by itself");
    assert_eq!(
        (&events[0]["source"], &events[0]["detail-type"]),
        (&json!("aws.events"), &json!("Scheduled Event"))
    );
}
