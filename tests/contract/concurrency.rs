//! Concurrent calls.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use serde_json::json;
use tests::{Fault, RECEIVED, System, push_request, text_message, until_answered};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_identical_pushes_all_succeed_and_deliver_once() {
    let system = System::start().await;
    let users = (0..100).map(|number| format!("u{number}")).collect::<Vec<_>>().join(",");
    let push = async || system.message_push.try_push(push_request(&users, "x", "m", 1)).await;
    let calls = (0..20).map(|_| until_answered(&push));
    for reply in join_all(calls).await {
        reply.is_code(200, "success");
    }
    for number in 0..100 {
        assert_eq!(system.platform.contents(&format!("u{number}")).await, ["x"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_contents_under_one_message_id_wins_for_all_users() {
    let system = System::start().await;
    let push = async |number: usize| {
        system.message_push.try_push(push_request(&format!("u{number}"), &number.to_string(), "m", 1)).await
    };
    let calls = (0..20).map(|number| until_answered(async move || push(number).await));
    let replies = join_all(calls).await;
    let winners: Vec<_> = (0..20).filter(|number| replies[*number].status == 200).collect();
    assert_eq!(winners.len(), 1);
    for (number, reply) in replies.iter().enumerate() {
        let delivered = system.platform.contents(&format!("u{number}")).await;
        if number == winners[0] {
            reply.is_code(200, "success");
            assert_eq!(delivered, [number.to_string()]);
        } else {
            reply.is_code(400, "messsagePush.messageId: already used for different content");
            assert_eq!(delivered, [""; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_a_campaign_may_be_concurrent() {
    let system = System::start().await;
    let caller = &system.message_push;
    let calls = (0..10).map(|call| {
        let users = (0..100).map(|number| format!("u{}", call * 100 + number)).collect::<Vec<_>>().join(",");
        until_answered(async move || caller.try_push(push_request(&users, "x", "m", 1)).await)
    });
    for reply in join_all(calls).await {
        reply.is_code(200, "success");
    }
    for number in 0..1000 {
        assert_eq!(system.platform.contents(&format!("u{number}")).await, ["x"]);
    }
}

/// Sends 100 messages concurrently and repeats those answered 500. Messages for which `has_id` holds have a `msgId`. Returns how
/// often each is stored.
async fn receive_100(system: &System, has_id: impl Fn(u32) -> bool) -> BTreeMap<u32, usize> {
    let calls = (0..100_u32).map(|number| {
        let mut message = text_message("c", "a", &number.to_string());
        if has_id(number) {
            message["msgId"] = json!(format!("id-{number}"));
        }
        until_answered(async move || system.customer_service.try_receive(&message).await)
    });
    for reply in join_all(calls).await {
        reply.is(200, RECEIVED);
    }
    let mut kept = BTreeMap::new();
    for message in system.items("CHAT#1#c").await.iter().filter_map(|item| item.get("payload")) {
        *kept.entry(message["content"].as_str().unwrap().parse().unwrap()).or_default() += 1;
    }
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_messages_are_all_stored() {
    let system = System::start().await;
    let has_id = |number| number % 2 == 0;
    let kept = receive_100(&system, has_id).await;
    assert!(kept.keys().copied().eq(0..100), "{kept:?}");
    // A message without an id that was answered 500 may be stored twice.
    assert!(kept.iter().all(|(number, times)| *times == 1 || !has_id(*number)), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_an_id_that_is_repeated_after_a_500_is_stored_once() {
    let system = System::start().await;
    let writes = AtomicUsize::new(0);
    system.proxy.fail(move |_, operation| {
        let number = (operation == "TransactWriteItems").then(|| writes.fetch_add(1, Ordering::Relaxed))?;
        // More faults than messages, so that some calls are answered 500.
        (number < 150).then_some([Fault::ReplyLost, Fault::InternalError][number % 2])
    });
    let kept = receive_100(&system, |_| true).await;
    assert!(kept.into_iter().eq((0..100).map(|number| (number, 1))));
}
