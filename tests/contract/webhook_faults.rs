//! Faults of receivers and of deliveries: no message is lost, each chat stays in order, and a repeat has the id of the first
//! attempt.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use model::{BoundedText, Source, Timestamp, oauth::ApplicationStatus};
use serde_json::{Value, json};
use store::{
    Table,
    tail::TailCursor,
    webhooks::{self, DisabledBecause, EndpointStatus},
};
use tests::{ACCEPT, Captured, Fault, ManualClock, Reaction, Received, Receiver, Setup, Stream, System};
use tokio::sync::Notify;
use tracing::level_filters::LevelFilter;

use super::webhooks::complete;

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;
const HOUR: u64 = 3_600_000;

/// A system without a stream, so that the test alone starts deliveries, with `count` messages in each of two chats.
async fn system_with_messages(clock: &ManualClock, count: u64) -> System {
    let system =
        System::start_with(Setup { clock: Some(clock.clone()), stream: Stream::Dropped, ..Setup::default() });
    let system = system.await;
    for number in 1..=count {
        for chat in ["a", "b"] {
            system.platform.say(chat, &number.to_string(), "您好").await;
        }
    }
    system
}

/// Checks that requests with the same id have the same entries.
fn repeats_are_recognisable(receiver: &Receiver) {
    let mut batches: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for webhook in receiver.received() {
        let entries = webhook.entries();
        let first = batches.entry(webhook.id().to_owned()).or_insert_with(|| entries.clone());
        assert_eq!(*first, entries);
    }
}

#[tokio::test]
async fn a_batch_is_posted_until_the_receiver_accepts_it() {
    for failure in [
        Reaction::Answer(301, "location: http://127.0.0.1:1/\r\n"),
        Reaction::Answer(307, "location: /elsewhere\r\n"),
        Reaction::Answer(400, ""),
        Reaction::Answer(404, ""),
        Reaction::Answer(429, "retry-after: 1\r\n"),
        Reaction::Answer(500, ""),
        Reaction::Answer(503, "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n"),
        Reaction::Reset,
        Reaction::CloseEarly,
    ] {
        let clock = ManualClock::at(NOW);
        let system = system_with_messages(&clock, 3).await;
        let plan = move |number| if number < 2 { failure } else { ACCEPT };
        let receiver = Receiver::start_with(plan);
        system.set_webhook("demo", &receiver.url()).await;
        deliver_through_waits(&system, &clock).await;
        let posted = receiver.received();
        assert_eq!(posted.len(), 3, "{failure:?}");
        let same = |one: &Received, other: &Received| one.id() == other.id() && one.body == other.body;
        assert!(posted.windows(2).all(|two| same(&two[0], &two[1])), "{failure:?}");
        assert_eq!(receiver.effects(), complete(&["a", "b"], 3), "{failure:?}");
        let timestamps: Vec<u64> =
            posted.iter().map(|webhook| webhook.headers["webhook-timestamp"].parse().unwrap()).collect();
        assert!((5..=6).contains(&(timestamps[1] - timestamps[0])), "{timestamps:?}");
        assert!((30..=33).contains(&(timestamps[2] - timestamps[1])), "{timestamps:?}");
        let attempts: Vec<_> = system.webhook_progress("demo").await.delivery.attempts;
        assert_eq!(attempts.len(), 3);
        assert_eq!(attempts[2].outcome, "200");
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_connections_gets_all_once_it_listens() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 3).await;
    let mut receiver = Receiver::refusing();
    system.set_webhook("demo", &receiver.url()).await;
    deliver_through_waits(&system, &clock).await;
    let progress = system.webhook_progress("demo").await;
    assert_eq!(progress.delivery.failures, 3);
    assert_eq!(progress.delivery.attempts[0].outcome, "the connection failed");
    receiver.listen();
    clock.set(progress.next_attempt_at.unwrap().millis());
    assert!(system.delivery("demo").await);
    assert_eq!(receiver.effects(), complete(&["a", "b"], 3));
}

#[tokio::test]
async fn a_receiver_that_stalls_loses_nothing() {
    let system = System::start_with(Setup { stream: Stream::Runs, ..Setup::default() }).await;
    let receiver = Receiver::start_with(|number| match number {
        0 => Reaction::StallHeaders,
        1 => Reaction::StallBody,
        _ => ACCEPT,
    });
    system.set_webhook("demo", &receiver.url()).await;
    system.platform.say("c", "1", "x").await;
    receiver.arrived(3).await;
    receiver.until(|receiver| receiver.effects() == complete(&["c"], 1)).await;
    repeats_are_recognisable(&receiver);
}

/// Runs one delivery, and moves the clock whenever it waits for its next attempt.
async fn deliver_through_waits(system: &System, clock: &ManualClock) {
    let mut delivery = tokio::spawn(system.delivery("demo"));
    loop {
        tokio::select! {
            ended = &mut delivery => {
                assert!(ended.unwrap());
                return;
            }
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
        let progress = system.webhook_progress("demo").await;
        let due = progress.next_attempt_at.filter(|due| *due > clock.now());
        if let Some(due) = due.filter(|_| progress.is_running) {
            clock.set(due.millis());
        }
    }
}

/// Lets deliveries fail until the endpoint is disabled. Returns the times of the attempts, in milliseconds.
async fn fail_until_disabled(system: &System, clock: &ManualClock) -> Vec<u64> {
    let mut attempts = Vec::new();
    loop {
        deliver_through_waits(system, clock).await;
        let progress = system.webhook_progress("demo").await;
        let new = progress.delivery.attempts.iter().map(|attempt| attempt.at.millis());
        let last = attempts.last().copied().unwrap_or_default();
        attempts.extend(new.filter(|at| *at > last));
        if system.webhook_status("demo").await != EndpointStatus::Enabled {
            return attempts;
        }
        let next = progress.next_attempt_at.unwrap().millis();
        // A hint during the wait does nothing.
        clock.set(next - 1);
        assert!(system.delivery("demo").await);
        clock.set(next);
    }
}

#[tokio::test]
async fn an_endpoint_that_fails_for_72_hours_is_disabled_and_goes_on_where_it_was() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 3).await;
    let receiver = Receiver::start_with(|_| Reaction::Answer(500, ""));
    system.set_webhook("demo", &receiver.url()).await;
    let attempts = fail_until_disabled(&system, &clock).await;
    assert_eq!(system.webhook_status("demo").await, EndpointStatus::Disabled(DisabledBecause::Failing));
    let waits: Vec<u64> = attempts.windows(2).map(|two| (two[1] - two[0]) / 1000).collect();
    for (wait, scheduled) in waits.iter().zip([5, 30, 120, 300, 900, 1800, 3600, 3600]) {
        let longest = scheduled + scheduled / 10;
        assert!((scheduled..=longest).contains(wait), "{wait} instead of {scheduled}: {waits:?}");
    }
    let span = attempts.last().unwrap() - attempts[0];
    assert!((72 * HOUR..74 * HOUR).contains(&span), "{span}");
    // Messages of the outage wait, for seven days.
    for chat in ["a", "b"] {
        system.platform.say(chat, "4", "您好").await;
    }
    clock.set(NOW + 7 * 24 * HOUR);
    receiver.react(|_| ACCEPT);
    assert!(system.delivery("demo").await);
    assert_eq!(receiver.effects().len(), 0, "a disabled endpoint gets nothing");
    system.enable_webhook("demo").await;
    assert!(system.delivery("demo").await);
    assert_eq!(receiver.effects(), complete(&["a", "b"], 4));
    repeats_are_recognisable(&receiver);
}

#[tokio::test]
async fn a_receiver_delays_the_next_attempt_by_up_to_an_hour() {
    for (header, least, most) in
        [("retry-after: 600\r\n", 600, 661), ("retry-after: 7200\r\n", 3600, 3961), ("", 5, 6)]
    {
        let clock = ManualClock::at(NOW);
        let system = system_with_messages(&clock, 1).await;
        let receiver = Receiver::start_with(move |_| Reaction::Answer(429, header));
        system.set_webhook("demo", &receiver.url()).await;
        let delivery = tokio::spawn(system.delivery("demo"));
        let due = loop {
            if let Some(due) =
                system.webhook_progress("demo").await.next_attempt_at.filter(|due| due.millis() > 0)
            {
                break due.millis();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        delivery.abort();
        assert!((least..=most).contains(&((due - NOW) / 1000)), "{header}: {}", due - NOW);
    }
}

#[tokio::test]
async fn a_410_disables_the_endpoint_at_once() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 2).await;
    let receiver =
        Receiver::start_with(|number| if number == 0 { Reaction::Answer(410, "") } else { ACCEPT });
    system.set_webhook("demo", &receiver.url()).await;
    assert!(system.delivery("demo").await);
    assert_eq!(system.webhook_status("demo").await, EndpointStatus::Disabled(DisabledBecause::Gone));
    clock.advance_seconds(3600);
    assert!(system.delivery("demo").await);
    system.sweep().await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    system.enable_webhook("demo").await;
    assert!(system.delivery("demo").await);
    assert_eq!(receiver.effects(), complete(&["a", "b"], 2));
    repeats_are_recognisable(&receiver);
}

/// Runs a delivery until `kill` is notified, then a second one after the lease has ended.
async fn kill_and_continue(system: &System, clock: &ManualClock, kill: &Notify) {
    let delivery = tokio::spawn(system.delivery("demo"));
    let abort = delivery.abort_handle();
    tokio::select! {
        () = kill.notified() => abort.abort(),
        ended = delivery => assert!(ended.is_ok_and(|is_ok| is_ok), "it ended by itself"),
    }
    system.proxy.recover();
    clock.advance_seconds(61);
    assert!(system.delivery("demo").await);
}

#[tokio::test]
async fn a_delivery_that_is_killed_at_any_request_to_the_store_is_continued() {
    for lost_reply in [false, true] {
        let mut number = 0;
        loop {
            let clock = ManualClock::at(NOW);
            let system = system_with_messages(&clock, 2).await;
            let receiver = Receiver::start();
            system.set_webhook("demo", &receiver.url()).await;
            let kill = Arc::new(Notify::new());
            let notify = Arc::clone(&kill);
            system.proxy.fail(move |count, _| {
                (count >= number).then(|| {
                    notify.notify_one();
                    if lost_reply && count == number { Fault::ReplyLost } else { Fault::Stalled }
                })
            });
            kill_and_continue(&system, &clock, &kill).await;
            assert_eq!(receiver.effects(), complete(&["a", "b"], 2), "{number}");
            repeats_are_recognisable(&receiver);
            let requests = system.proxy.recorded().len();
            number += 1;
            // The last delivery's requests are those of one that is not killed, at most.
            if number > requests.max(9) {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_delivery_that_is_killed_during_a_post_repeats_it_under_its_id() {
    for is_answered in [false, true] {
        let clock = ManualClock::at(NOW);
        let system = system_with_messages(&clock, 2).await;
        let kill = Arc::new(Notify::new());
        let notify = Arc::clone(&kill);
        let receiver = Receiver::start_with(move |number| {
            if number == 0 {
                notify.notify_one();
                if !is_answered {
                    return Reaction::Slow(Duration::from_secs(5));
                }
            }
            ACCEPT
        });
        system.set_webhook("demo", &receiver.url()).await;
        kill_and_continue(&system, &clock, &kill).await;
        assert_eq!(receiver.effects(), complete(&["a", "b"], 2));
        repeats_are_recognisable(&receiver);
    }
}

#[tokio::test]
async fn a_delivery_that_fails_at_any_request_to_the_store_frees_the_endpoint_at_once() {
    for number in 0..11 {
        let clock = ManualClock::at(NOW);
        let system = system_with_messages(&clock, 2).await;
        let receiver = Receiver::start();
        system.set_webhook("demo", &receiver.url()).await;
        // A fault is retried once.
        system
            .proxy
            .fail(move |count, _| (number..number + 2).contains(&count).then_some(Fault::InternalError));
        let is_ok = system.delivery("demo").await;
        system.proxy.recover();
        assert!(!system.webhook_progress("demo").await.is_running, "{number}, {is_ok}");
        assert!(system.delivery("demo").await, "no time has passed");
        assert_eq!(receiver.effects(), complete(&["a", "b"], 2), "{number}");
        assert_eq!(
            receiver.received().len(),
            1,
            "{number}: an accepted batch is stored and not posted again"
        );
    }
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_held_all_the_same() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 1).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    system.proxy.fail(|count, _| (count == 0).then_some(Fault::ReplyLost));
    assert!(system.delivery("demo").await);
    assert_eq!(receiver.effects(), complete(&["a", "b"], 1));
}

#[tokio::test]
async fn an_endpoint_whose_disabling_was_not_answered_is_counted_all_the_same() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 1).await;
    let receiver = Receiver::start_with(|_| Reaction::Answer(410, ""));
    system.set_webhook("demo", &receiver.url()).await;
    let app = BoundedText::parse("demo").unwrap();
    let found = webhooks::find(&system.webhooks_table(), Source::DEFAULT, &app).await.unwrap().unwrap();
    let table = Table::new(store::client::at_endpoint(&system.proxy.url()), system.webhooks_table.clone());
    clock.advance_seconds(1);
    system.proxy.fail(|count, _| (count == 0).then_some(Fault::ReplyLost));
    let now = clock.now();
    assert!(webhooks::disable(&table, &found, DisabledBecause::Gone, now).await.unwrap());
    assert!(!webhooks::disable(&table, &found, DisabledBecause::Failing, now).await.unwrap(), "it changed");
}

#[tokio::test]
async fn an_endpoint_of_a_disabled_application_is_not_behind_and_forgets_its_failures() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 1).await;
    let receiver = Receiver::start_with(|number| if number < 3 { Reaction::Answer(500, "") } else { ACCEPT });
    system.set_webhook("demo", &receiver.url()).await;
    deliver_through_waits(&system, &clock).await;
    assert_eq!(system.webhook_progress("demo").await.delivery.failures, 3);
    system.operator.change("demo", |app| _ = app.set_status(ApplicationStatus::Disabled)).await;
    clock.advance_seconds(4 * 24 * 3600);
    assert!(system.delivery("demo").await);
    let delivery = system.webhook_progress("demo").await.delivery;
    assert!(delivery.is_paused && delivery.failing_since.is_none());
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    system.sweep().await.unwrap();
    assert!(!captured.text().contains("DeliveryLagSeconds"), "{}", captured.text());
    system.until_idle("demo").await;
    system.operator.change("demo", |app| _ = app.set_status(ApplicationStatus::Enabled)).await;
    clock.advance_seconds(60);
    system.sweep().await.unwrap();
    receiver.until(|receiver| receiver.effects() == complete(&["a", "b"], 1)).await;
    system.until_idle("demo").await;
    assert!(!system.webhook_progress("demo").await.delivery.is_paused);
}

#[tokio::test]
async fn of_two_deliveries_to_an_endpoint_one_posts() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 2).await;
    let receiver = Receiver::start_with(|_| Reaction::Slow(Duration::from_millis(300)));
    system.set_webhook("demo", &receiver.url()).await;
    let deliveries: Vec<_> = (0..8).map(|_| tokio::spawn(system.delivery("demo"))).collect();
    for delivery in deliveries {
        assert!(delivery.await.unwrap());
    }
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_delivery_that_lost_its_lease_writes_nothing_and_stops() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 2).await;
    let receiver = Receiver::start_with(|number| match number {
        0 => Reaction::Slow(Duration::from_secs(2)),
        _ => ACCEPT,
    });
    system.set_webhook("demo", &receiver.url()).await;
    let first = tokio::spawn(system.delivery("demo"));
    receiver.arrived(1).await;
    clock.advance_seconds(61);
    assert!(system.delivery("demo").await, "another delivery takes over");
    let after = system.webhook_progress("demo").await;
    assert!(first.await.unwrap());
    assert_eq!(system.webhook_progress("demo").await, after, "the first one wrote nothing");
    assert_eq!(receiver.received().len(), 2, "the batch was posted twice");
    assert_eq!(receiver.effects(), complete(&["a", "b"], 2));
    repeats_are_recognisable(&receiver);
}

#[tokio::test]
async fn the_sweep_finds_messages_whose_hints_were_lost() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 2).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    clock.advance_seconds(400);
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    system.sweep().await.unwrap();
    let lines = captured.lines();
    assert!(lines.iter().any(|line| line["DeliveryLagSeconds"] == 400.0), "{lines:?}");
    receiver.until(|receiver| receiver.effects() == complete(&["a", "b"], 2)).await;
    system.until_idle("demo").await;
    // The newest message is within the late-write window: one more delivery moves the watermark past it.
    clock.advance_seconds(60);
    system.sweep().await.unwrap();
    let newest = TailCursor::at(Timestamp::from_millis(NOW + 1_000)).watermark();
    let is_settled =
        async || system.webhook_progress("demo").await.delivery.cursor().unwrap().watermark() > newest;
    while !is_settled().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    system.until_idle("demo").await;
    system.proxy.forget();
    system.sweep().await.unwrap();
    let operations = system.proxy.operations();
    assert!(
        operations.iter().all(|operation| operation != "UpdateItem"),
        "no delivery starts: {operations:?}"
    );
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_repeated_and_reordered_batch_of_the_stream_delivers_each_message_once() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 2).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    let record = |partition: &str, number: u32| json!({"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": partition}}, "SequenceNumber": number.to_string()}});
    let batch =
        json!({"Records": [record("FEED#1", 3), record("FEED#7", 2), record("FEED#1", 1)]}).to_string();
    for _ in 0..5 {
        let answer = system.invoke("DispatchEventsFunction", batch.clone()).await.unwrap();
        assert_eq!(answer, r#"{"batchItemFailures":[]}"#);
    }
    receiver.until(|receiver| receiver.effects() == complete(&["a", "b"], 2)).await;
    system.platform.say("a", "3", "x").await;
    system.invoke("DispatchEventsFunction", batch).await.unwrap();
    receiver.until(|receiver| receiver.effects()["a"] == [1, 2, 3]).await;
    let entries = receiver.received().iter().flat_map(Received::entries).count();
    assert_eq!(entries, 5, "each once");
}

#[tokio::test]
async fn records_whose_endpoints_cannot_be_woken_are_failed_ones() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 1).await;
    system.set_webhook("demo", "http://127.0.0.1:1/").await;
    let batch = json!({"Records": [
        {"dynamodb": {"Keys": {"pk": {"S": "FEED#1"}}, "SequenceNumber": "5"}},
        {"dynamodb": {"Keys": {"pk": {"S": "FEED#1"}}, "SequenceNumber": "6"}},
    ]});
    system.proxy.fail(|_, operation| (operation == "UpdateItem").then_some(Fault::InternalError));
    let answer = system.invoke("DispatchEventsFunction", batch.to_string()).await.unwrap();
    assert_eq!(answer, r#"{"batchItemFailures":[{"itemIdentifier":"5"}]}"#);
}

#[tokio::test]
async fn a_delivery_ends_after_ten_minutes_and_frees_the_endpoint() {
    let clock = ManualClock::at(NOW);
    let system = system_with_messages(&clock, 1).await;
    let moved = clock.clone();
    let receiver = Receiver::start_with(move |_| {
        moved.advance_seconds(601);
        ACCEPT
    });
    system.set_webhook("demo", &receiver.url()).await;
    assert!(system.delivery("demo").await);
    let progress = system.webhook_progress("demo").await;
    assert!(!progress.is_running && progress.is_due(clock.now()));
    assert_eq!(progress.delivery.pending, None, "the accepted batch is stored");
}
