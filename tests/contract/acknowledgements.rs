//! `POST /chatbot/api/platform/message/ack`.

use std::slice::from_ref;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{ManualClock, System, acknowledged, until_answered};

use super::inboxes::ids;

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

#[tokio::test]
async fn an_acknowledged_message_is_not_pending_and_a_repeat_does_not_redeliver_it() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for id in ["1", "2", "3"] {
        system.message_push.push("u,v", "x", id, 2).await;
        clock.advance_seconds(1);
    }
    let (one, three) =
        (system.platform.ack_id("u", "demo", "1").await, system.platform.ack_id("u", "demo", "3").await);
    for _ in 0..3 {
        let ids = [one.clone(), three.clone(), one.clone()];
        system.platform.ack("u", &ids, "delivered").await.is(200, &acknowledged(2));
    }
    assert_eq!(ids(&system.platform.pending("u", "").await), ["2"]);
    assert_eq!(ids(&system.platform.pending("v", "").await), ["1", "2", "3"]);
    assert_eq!(system.deliveries_of("u").await.len(), 1, "an acknowledged delivery is removed");
    system.message_push.push("u,v", "x", "1", 2).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["2"]);
    assert_eq!(system.deliveries_of("u").await.len(), 1, "and so is the delivery of a repeat");
    assert_eq!(system.message_push.state("1", "u").await.0, "delivered");
}

#[tokio::test]
async fn an_acknowledgement_holds_against_every_repeat_for_30_days() {
    const DAY: u64 = 24 * 3600;
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u,v", "x", "m", 1).await;
    system.platform.ack_message("u", "m", "read").await;
    clock.advance_seconds(29 * DAY);
    system.message_push.push("u,v", "x", "m", 168).await;
    // The repeat of day 29 is pending for v until day 36, and its status is known until day 59.
    for day in [29, 31, 35] {
        assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0], "day {day}");
        assert_eq!(system.message_push.state("m", "u").await.0, "read", "day {day}");
        assert_eq!(system.message_push.state("m", "v").await.0, "pending", "day {day}");
        clock.advance_seconds(2 * DAY);
    }
    clock.advance_seconds(20 * DAY);
    assert_eq!(system.message_push.state("m", "u").await.0, "read", "day 55");
    assert_eq!(system.message_push.state("m", "v").await.0, "expired", "day 55");
    // After 30 days the message is delivered and acknowledged again.
    system.message_push.push("u", "x", "m", 1).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
    assert_eq!(system.message_push.state("m", "u").await.0, "pending");
    system.platform.ack_message("u", "m", "delivered").await;
    assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0]);
    assert_eq!(system.message_push.state("m", "u").await.0, "delivered");
    system.message_push.push("u", "x", "m", 1).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0]);
}

#[tokio::test]
async fn an_acknowledgement_is_replaced_from_the_millisecond_on_at_which_it_ends() {
    const DAY: u64 = 24 * 3600;
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 1).await;
    system.platform.ack_message("u", "m", "read").await;
    for state in ["delivered", "read"] {
        clock.advance_seconds(30 * DAY);
        system.message_push.push("u", "x", "m", 1).await;
        assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
        system.platform.ack_message("u", "m", state).await;
        assert_eq!(system.message_push.state("m", "u").await.0, state);
        let mut items = system.items("INBOX#u").await;
        items.retain(|item| item["sk"].as_str().is_some_and(|sort| sort.starts_with("A#")));
        let end = system.clock.now().seconds() + 60 * DAY;
        assert_eq!(items.iter().map(|item| &item["expireAt"]).collect::<Vec<_>>(), [end], "kept for 60 days");
    }
}

#[tokio::test]
async fn a_campaign_of_more_than_30_days_is_shown_and_acknowledged_again() {
    const DAY: u64 = 24 * 3600;
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 168).await;
    let first = system.platform.ack_id("u", "demo", "m").await;
    system.platform.ack("u", from_ref(&first), "read").await;
    // The content never expires, thus its first acceptance stays.
    for day in [6, 12, 18, 24, 29] {
        clock.set(NOW + day * DAY * 1000);
        system.message_push.push("u", "x", "m", 168).await;
        assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0], "day {day}");
    }
    clock.set(NOW + 31 * DAY * 1000);
    system.message_push.push("u", "x", "m", 168).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
    // The old acknowledgement id does not count for the new acceptance.
    system.platform.ack("u", &[first], "read").await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
    assert_eq!(system.message_push.state("m", "u").await.0, "pending");
    system.platform.ack_message("u", "m", "delivered").await;
    assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0]);
    assert_eq!(system.message_push.state("m", "u").await.0, "delivered");
}

#[tokio::test]
async fn a_late_acknowledgement_never_hides_other_content_under_the_same_id() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "X", "m", 1).await;
    let shown = system.platform.ack_id("u", "demo", "m").await;
    clock.advance_seconds(3600);
    system.message_push.push("u", "Y", "m", 1).await;
    for state in ["delivered", "read", "read"] {
        system.platform.ack("u", from_ref(&shown), state).await.is(200, &acknowledged(1));
    }
    assert_eq!(system.platform.contents("u").await, ["Y"]);
    assert_eq!(system.message_push.state("m", "u").await.0, "pending");
    // The same content is not shown again when it is accepted after its deadline.
    clock.advance_seconds(3600);
    system.message_push.push("u", "X", "m", 1).await;
    assert_eq!(system.platform.contents("u").await, [""; 0], "the user has seen X");
    assert_eq!(system.message_push.state("m", "u").await.0, "read");
}

#[tokio::test]
async fn new_content_under_a_free_id_reaches_a_user_who_acknowledged_the_old() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "one", "m", 1).await;
    system.platform.ack_message("u", "m", "read").await;
    clock.advance_seconds(3600);
    system.message_push.push("u", "two", "m", 1).await;
    assert_eq!(system.platform.contents("u").await, ["two"]);
    assert_eq!(system.message_push.state("m", "u").await.0, "pending");
    system.platform.ack_message("u", "m", "delivered").await;
    assert_eq!(system.platform.contents("u").await, [""; 0]);
    assert_eq!(
        system.message_push.state("m", "u").await.0,
        "delivered",
        "the old one was read, this one is not"
    );
}

#[tokio::test]
async fn read_implies_delivered_and_never_goes_back() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 1).await;
    let shown = [system.platform.ack_id("u", "demo", "m").await];
    assert_eq!(system.message_push.state("m", "u").await, ("pending".into(), "2026-11-21 08:00:10".into()));
    for _ in 0..2 {
        clock.advance_seconds(1);
        system.platform.ack("u", &shown, "delivered").await;
        let delivered = ("delivered".into(), "2026-11-21 08:00:11".into());
        assert_eq!(system.message_push.state("m", "u").await, delivered);
    }
    clock.advance_seconds(1);
    system.platform.ack("u", &shown, "read").await;
    for late in ["delivered", "read", "delivered"] {
        clock.advance_seconds(1);
        system.platform.ack("u", &shown, late).await;
        assert_eq!(system.message_push.state("m", "u").await, ("read".into(), "2026-11-21 08:00:13".into()));
    }
    system.message_push.push("v", "x", "n", 1).await;
    system.platform.ack_message("v", "n", "read").await;
    assert_eq!(system.message_push.state("n", "v").await.0, "read");
    assert_eq!(system.platform.contents("v").await, [""; 0]);
}

#[tokio::test]
async fn a_message_that_was_never_shown_to_a_user_cannot_be_acknowledged() {
    let system = System::start().await;
    system.message_push.push("u,v", "x", "m", 1).await;
    let (shown, foreign) =
        (system.platform.ack_id("u", "demo", "m").await, system.platform.ack_id("v", "demo", "m").await);
    let mut altered = shown.clone();
    altered.replace_range(20..21, if &shown[20..21] == "A" { "B" } else { "A" });
    for number in 0..21 {
        system.message_push.push("u", "x", &number.to_string(), 1).await;
    }
    let cursor = system.platform.pending("u", "").await["cursor"].as_str().unwrap().to_owned();
    let mut invalid = vec![foreign, altered, cursor, "x".to_owned(), "demo#m".to_owned(), "消😀".to_owned()];
    invalid.sort();
    let before = system.items("INBOX#u").await;
    let reply = system.platform.ack("u", &invalid, "read").await;
    // White space around an id is trimmed.
    let told = json!({"code": 200, "message": "success", "data": {"acknowledged": 0, "invalid": invalid}});
    assert_eq!((reply.status, reply.json()), (200, told));
    assert_eq!(system.items("INBOX#u").await, before, "invalid ids change nothing");
    assert_eq!(system.platform.inbox("v").await.len(), 1);
    let both = [&[format!(" {shown}\n"), shown][..], &invalid].concat();
    let data = system.platform.ack("u", &both, "read").await.json()["data"].take();
    assert_eq!((&data["acknowledged"], data["invalid"].as_array().unwrap().len()), (&json!(1), 6));
    assert_eq!(system.message_push.state("m", "v").await.0, "pending");
}

#[tokio::test]
async fn the_parameters_of_an_acknowledgement_are_checked_in_order() {
    let system = System::start().await;
    let refused = async |body: &Value, message: &str| {
        system.platform.try_ack(body).await.is_code(400, message);
    };
    refused(&json!({}), "Required parameter 'userId' is not present").await;
    refused(&json!({"userId": "u".repeat(61)}), "userId: length exceeds the max value [60]").await;
    for nothing in [json!(null), json!(""), json!(" "), json!([]), json!(["", null, " \u{3000}"])] {
        let body = json!({"userId": "u", "ackIds": nothing, "state": "x"});
        refused(&body, "Required parameter 'ackIds' is not present").await;
    }
    for wrong in
        [json!("x"), json!(1), json!({}), json!(true), json!([["x"]]), json!(["x", {}]), json!([1.5])]
    {
        let body = json!({"userId": "u", "ackIds": wrong, "state": "x"});
        refused(&body, "ackIds: must be a list of strings").await;
    }
    let body = json!({"userId": "u", "ackIds": vec!["x"; 101], "state": "x"});
    refused(&body, "ackIds: size exceeds the max value [100]").await;
    let body = json!({"userId": "u", "ackIds": vec!["x"; 100]});
    refused(&body, "Required parameter 'state' is not present").await;
    for state in [json!("seen"), json!("Read"), json!(1)] {
        let body = json!({"userId": "u", "ackIds": ["x"], "state": state});
        refused(&body, "state: must be one of [delivered, read]").await;
    }
    refused(&json!({"userId": "u", "ackIds": ["x"], "state": []}), "state: must be a string").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_concurrent_with_a_repeat_is_never_lost() {
    for _ in 0..10 {
        let system = System::start().await;
        system.message_push.push("u", "x", "m", 1).await;
        let repeats = join_all((0..6).map(|_| system.message_push.push("u", "x", "m", 1)));
        let shown = [system.platform.ack_id("u", "demo", "m").await];
        let acknowledge = async |state: &str| system.platform.ack("u", &shown, state).await;
        let acks = join_all(
            ["delivered", "read", "delivered"]
                .map(|state| until_answered(async move || acknowledge(state).await)),
        );
        let (_, acks) = tokio::join!(repeats, acks);
        assert!(acks.iter().all(|reply| reply.status == 200));
        system.message_push.push("u", "x", "m", 1).await;
        assert_eq!(system.platform.contents("u").await, [""; 0]);
        assert_eq!(system.message_push.state("m", "u").await.0, "read");
    }
}

#[tokio::test]
async fn up_to_100_messages_are_acknowledged_at_once() {
    let system = System::start().await;
    let ids: Vec<_> = (0..101).map(|number| number.to_string()).collect();
    for id in &ids {
        system.message_push.push("u", "x", id, 1).await;
    }
    let waiting = system.platform.inbox("u").await;
    let all: Vec<_> = waiting.iter().map(|message| message["ackId"].as_str().unwrap().to_owned()).collect();
    system.platform.ack("u", &all, "read").await.is_code(400, "ackIds: size exceeds the max value [100]");
    let reply = system.platform.ack("u", &all[..100], "read").await;
    reply.is(200, &acknowledged(100));
    assert_eq!(system.deliveries_of("u").await.len(), 1);
}
