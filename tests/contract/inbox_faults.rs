//! Inboxes and acknowledgements while DynamoDB throttles, lags or fails.

use std::slice::from_ref;

use serde_json::{Value, json};
use tests::{Fault, ManualClock, Recorded, System, acknowledged, push_request};

use super::inboxes::ids;

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

#[tokio::test]
async fn a_throttled_content_shortens_the_page_and_fails_no_login() {
    let system = System::start().await;
    system.message_push.push("u,v", "hot", "hot", 1).await;
    system.message_push.push("u", "cold", "cold", 1).await;
    let of_content = |request: &Value, id: &str| {
        let keys = request["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
        let mut keys = keys.flat_map(|table| table["Keys"].as_array().cloned().unwrap_or_default());
        keys.any(|key| key["pk"]["S"] == format!("PUSH#demo#{id}"))
    };
    // The hot partition is always left unprocessed.
    system.proxy.starve("PUSH#demo#hot");
    let data = system.platform.pending("u", "").await;
    assert_eq!((ids(&data), data.get("cursor")), (vec!["cold".to_owned()], None));
    let retried = system.proxy.recorded().iter().filter(|asked| of_content(&asked.request, "hot")).count();
    assert_eq!(retried, 2, "retried once, and not read again");
    let reply = system.platform.get_pending(&[("userId", "v")]).await;
    reply.is_code(429, "too many requests");
    assert_eq!(reply.header("retry-after"), Some("1"));
    let data = system.platform.login("v", "c").await;
    assert_eq!(ids(&data), [""; 0]);
    system.proxy.recover();
    assert_eq!(ids(&system.platform.pending("v", data["cursor"].as_str().unwrap()).await), ["hot"]);
    assert_eq!(system.platform.contents("u").await, ["hot", "cold"]);
}

#[tokio::test]
async fn a_hot_content_before_unshown_deliveries_hides_no_other_message() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "hot", "hot", 168).await;
    clock.advance_seconds(1);
    for number in 0..45 {
        system.message_push.push("u", "dead", &number.to_string(), 1).await;
    }
    system.message_push.push("u", "other", "other", 168).await;
    clock.advance_seconds(3600);
    system.proxy.starve("PUSH#demo#hot");
    assert_eq!(ids(&system.platform.pending("u", "").await), ["other"]);
    let data = system.platform.login("u", "c").await;
    assert_eq!(ids(&data), ["other"]);
    assert_eq!(system.deliveries_of("u").await.len(), 2 + 45 - 39, "the deliveries of one query are removed");
    system.proxy.recover();
    assert_eq!(system.platform.contents("u").await, ["hot", "other"]);
}

#[tokio::test]
async fn a_content_that_an_eventually_consistent_read_misses_is_read_again() {
    let system = System::start().await;
    system.message_push.push("u", "old", "old", 1).await;
    system.message_push.push("u", "new", "new", 1).await;
    system.proxy.lag("PUSH#demo#new");
    assert_eq!(ids(&system.platform.pending("u", "").await), ["old", "new"]);
    let batches = system.proxy.recorded().into_iter().filter(|asked| asked.operation == "BatchGetItem");
    let is_consistent =
        |asked: Recorded| asked.request["RequestItems"][&system.chat_table]["ConsistentRead"] == json!(true);
    let mut looks: Vec<_> = batches.map(is_consistent).collect();
    looks.sort_unstable();
    assert_eq!(looks, [false, true, true], "the contents, the acknowledgements, and the missing content");
    // The second read sees a recall that the first one misses.
    system.message_push.recall("new").await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["old"]);
}

#[tokio::test]
async fn a_user_reached_by_a_push_that_failed_half_way_stays_listed_after_its_repeat() {
    let system = System::start().await;
    let users: Vec<_> = (0..30).map(|number| format!("u{number:02}")).collect();
    let push = push_request(&users.join(","), "x", "m", 1);
    // The content and one of two batches are written. The recipients item may be in the other batch.
    system.proxy.fail(|number, _| (number >= 3).then_some(Fault::InternalError));
    system.message_push.try_push(&push).await.is_code(500, "system error");
    system.proxy.recover();
    let mut reached = Vec::new();
    for user in &users {
        if let [message] = system.platform.inbox(user).await.as_slice() {
            reached.push((user.clone(), message["ackId"].as_str().unwrap().to_owned()));
        }
    }
    assert!([5, 25].contains(&reached.len()), "{}", reached.len());
    let (user, id) = reached.remove(0);
    for state in ["delivered", "read", "read"] {
        system.platform.ack(&user, from_ref(&id), state).await.is(200, &acknowledged(1));
    }
    system.message_push.try_push(&push).await.is_code(200, "success");
    assert_eq!(system.platform.contents(&user).await, [""; 0]);
    assert_eq!(system.message_push.state("m", &user).await.0, "read");
    for user in users.iter().filter(|other| **other != user) {
        assert_eq!(system.platform.contents(user).await, ["x"], "{user}");
        assert_eq!(system.message_push.state("m", user).await.0, "pending", "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_calls_survive_one_fault_and_a_repeat_completes_a_failed_one() {
    let cases = Fault::ALL
        .into_iter()
        .filter(|fault| *fault != Fault::Refused)
        .flat_map(|fault| (1..=3).map(move |at| (fault, at)));
    for (fault, at) in cases {
        let system = System::start().await;
        system.message_push.push("u,v", "x", "m", 1).await;
        let of_u = [system.platform.ack_id("u", "demo", "m").await];
        let of_v = [system.platform.ack_id("v", "demo", "m").await];
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        let reply = system.platform.ack("u", &of_u, "delivered").await;
        reply.is(200, &acknowledged(1));
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        let data = system.platform.get_pending(&[("userId", "v")]).await.data();
        assert_eq!(ids(&data), ["m"], "{fault:?}");
        // Every later request fails: the call is answered 500, and its repeat completes it.
        system.proxy.fail(move |number, _| (number >= at.min(2)).then_some(Fault::InternalError));
        system.platform.ack("v", &of_v, "read").await.is_code(500, "system error");
        system.proxy.recover();
        system.platform.ack("v", &of_v, "read").await;
        assert_eq!(system.message_push.state("m", "v").await.0, "read");
        assert_eq!(system.platform.contents("v").await, [""; 0]);
    }
}
