//! DynamoDB fails: retries within the deadline, then a clean 500, and no acknowledged write is lost.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use model::{BoundedText, ClientId, Source};
use serde_json::{Value, json};
use store::{Meter, Table, users};
use tests::{
    Fault, Item, RECEIVED, Reply, System, begin_event, end_event, push_request, text_message, user_text,
};

/// Lambda ends a function after this time.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

fn hundred_users() -> Value {
    let users: Vec<_> = (0..100).map(|number| format!("u{number}")).collect();
    push_request(&users.join(","), "x", "m", 1)
}

/// The number of concurrent systems: they mostly wait, but must not starve each other.
const AT_A_TIME: usize = 3;

/// The requests of a push: 0 is the content, 5 the last batch of deliveries and recipients.
const PUSH_REQUESTS: usize = 6;

/// The authorizer's request, which comes first in each call.
const AUTHORIZER_REQUESTS: usize = 1;

async fn within_the_deadline(call: impl Future<Output = Reply>) -> Reply {
    let started = Instant::now();
    let reply = call.await;
    assert!(started.elapsed() < FUNCTION_TIMEOUT, "the function answers before the gateway does");
    reply
}

/// Checks that each of 100 users has exactly one delivery, of the stored content.
async fn everybody_has_it(system: &System) {
    let stored = system.everything().await;
    let content: Vec<_> = stored.iter().filter(|item| item["sk"] == "CONTENT").collect();
    assert_eq!((content.len(), &content[0]["content"]), (1, &json!("x")));
    let first = content[0]["firstAcceptedAt"].as_u64().expect("it was accepted");
    let sort = json!(format!("W#{first:013}#demo#m"));
    let is_delivery = |item: &&Item| item["sk"].as_str().is_some_and(|sort| sort.starts_with("W#"));
    let mut inboxes: Vec<_> = stored.iter().filter(is_delivery).collect();
    assert!(inboxes.iter().all(|delivery| delivery["sk"] == sort), "one delivery for each user");
    assert!(inboxes.iter().all(|delivery| delivery["contentHash"] == content[0]["contentHash"]));
    inboxes.sort_by_key(|delivery| delivery["pk"].as_str());
    let mut users: Vec<_> = (0..100).map(|number| json!(format!("INBOX#u{number}"))).collect();
    users.sort_by_key(|user| user.as_str().map(str::to_owned));
    assert_eq!(inboxes.iter().map(|delivery| delivery["pk"].clone()).collect::<Vec<_>>(), users);
    let recipients: Vec<_> =
        stored.iter().filter(|item| item["pk"] == "PUSH#demo#m" && item["sk"] != "CONTENT").collect();
    assert_eq!((recipients.len(), recipients[0]["users"].as_array().map(Vec::len)), (1, Some(100)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_survives_one_fault_at_any_of_its_requests() {
    let cases =
        Fault::ALL.into_iter().flat_map(|fault| (0..PUSH_REQUESTS).map(move |request| (fault, request)));
    stream::iter(cases)
        .for_each_concurrent(AT_A_TIME, |(fault, request)| async move {
            let system = System::start().await;
            system.proxy.fail(move |number, _| (number == request + AUTHORIZER_REQUESTS).then_some(fault));
            let reply = within_the_deadline(system.message_push.try_push(hundred_users())).await;
            if fault == Fault::Refused && reply.status == 500 {
                // All attempts may fall into the outage.
                reply.is_code(500, "system error");
                system.proxy.recover();
                system.message_push.try_push(hundred_users()).await.is_code(200, "success");
            } else {
                assert_eq!(reply.status, 200, "{fault:?} at request {request}");
            }
            everybody_has_it(&system).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_failed_half_way_is_completed_by_its_repeat() {
    let cases =
        Fault::ALL.into_iter().flat_map(|fault| (0..PUSH_REQUESTS).map(move |request| (fault, request)));
    stream::iter(cases)
        .for_each_concurrent(AT_A_TIME, |(fault, request)| async move {
            let system = System::start().await;
            system.proxy.fail(move |number, _| (number >= request + AUTHORIZER_REQUESTS).then_some(fault));
            let reply = within_the_deadline(system.message_push.try_push(hundred_users())).await;
            reply.is_code(500, "system error");
            system.proxy.recover();
            system.message_push.try_push(hundred_users()).await.is_code(200, "success");
            everybody_has_it(&system).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_received_message_survives_one_fault_and_is_stored_once() {
    let cases = [(text_message("c", "a", "x"), 1), (begin_event("c", "a"), 2)].into_iter().flat_map(
        |(message, items)| Fault::ALL.into_iter().map(move |fault| (message.clone(), items, fault)),
    );
    stream::iter(cases)
        .for_each_concurrent(AT_A_TIME, |(message, stored, fault): (Value, usize, Fault)| async move {
            let system = System::start().await;
            system.proxy.fail(move |number, _| (number == AUTHORIZER_REQUESTS).then_some(fault));
            let reply = within_the_deadline(system.customer_service.try_receive(&message)).await;
            if fault == Fault::Refused && reply.status == 500 {
                // All attempts fell into the outage: the message is stored by its repeat.
                reply.is_error(500, -1, "system error");
                assert_eq!(system.items("CHAT#1#c").await.len(), 0);
                system.proxy.recover();
                system.customer_service.receive(&message).await;
            } else {
                reply.is(200, RECEIVED);
            }
            assert_eq!(system.items("CHAT#1#c").await.len(), stored, "{fault:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_fault_is_a_system_error_on_every_route() {
    stream::iter(Fault::ALL)
        .for_each_concurrent(AT_A_TIME, |fault| async move {
            let system = System::start().await;
            system.proxy.fail(move |_, operation| (operation != "GetItem").then_some(fault));
            let (received, log) = tokio::join!(
                within_the_deadline(system.customer_service.try_receive(end_event("c"))),
                within_the_deadline(system.customer_service.chatlog(&[("openId", "c")])),
            );
            received.is_error(500, -1, "system error");
            log.is_error(500, -1, "system error");
            let (said, feed) = tokio::join!(
                within_the_deadline(system.platform.try_say(user_text("c", "m", "x"))),
                within_the_deadline(system.customer_service.get_feed(&[])),
            );
            said.is_code(500, "system error");
            feed.is_error(500, -1, "system error");

            // The authorizer's read succeeds and the function's fails.
            system.proxy.recover();
            system.proxy.fail(move |number, _| (number >= AUTHORIZER_REQUESTS).then_some(fault));
            let user = system.customer_service.user_info(&[("clientId", "c")]);
            within_the_deadline(user).await.is_error(500, -1, "system error");
        })
        .await;
}

#[tokio::test]
async fn a_transaction_cancelled_by_throttling_or_a_conflict_is_retried() {
    let system = System::start().await;
    let begin = begin_event("c", "a");
    for (number, fault) in [Fault::TransactionThrottled, Fault::TransactionConflict].into_iter().enumerate() {
        // More often than the SDK's default of three attempts.
        let cancelled = AUTHORIZER_REQUESTS..AUTHORIZER_REQUESTS + 6;
        system.proxy.fail(move |number, _| cancelled.contains(&number).then_some(fault));
        system.customer_service.receive(&begin).await;
        assert_eq!(system.proxy.operations().len(), 1 + 6 + 1);
        assert_eq!(system.items("CHAT#1#c").await.len(), 2 * (number + 1));
    }
}

#[tokio::test]
async fn an_unreadable_item_is_an_error_and_is_not_skipped() {
    let system = System::start().await;
    for (pk, sk) in [
        ("LOG#1#c", "0000000000001#x"),
        ("LOG#1#d", "not a moment"),
        ("USER#1#c", "INFO"),
        ("CHAT#1#c", "SEQ"),
        ("FEED#1", "MSG#0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000"),
    ] {
        let put = system.dynamodb.put_item().table_name(&system.chat_table);
        let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
        put.item("pk", text(pk)).item("sk", text(sk)).item("question", text("only")).send().await.unwrap();
    }
    let partner = &system.customer_service;
    for chat in ["c", "d"] {
        partner.chatlog(&[("openId", chat)]).await.is_error(500, -1, "system error");
    }
    partner.user_info(&[("clientId", "c")]).await.is_error(500, -1, "system error");
    partner.get_feed(&[]).await.is_error(500, -1, "system error");
    system.platform.try_say(user_text("c", "m", "x")).await.is_code(500, "system error");
    assert_eq!(system.items("FEED#1").await.len(), 1, "nothing is written without a counter");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_outage_a_fleet_sends_at_most_a_fifth_more_requests_than_it_receives() {
    const INSTANCES: usize = 120;
    const CALLS: usize = 1000;
    let system = System::start().await;
    for fault in [Fault::InternalError, Fault::Cut] {
        system.proxy.recover();
        // An instance is a client with an open connection, which served a call before the outage.
        let call = async |instance: &Table| {
            let client = ClientId::parse("nobody").unwrap();
            users::find(&instance.metered(&Meter::default()), Source::DEFAULT, client, system.clock.now())
                .await
        };
        let mut instances = Vec::new();
        for _ in 0..INSTANCES {
            let instance = Table::new(store::client::at_endpoint(&system.proxy.url()), &system.chat_table);
            assert_eq!(call(&instance).await, Ok(None));
            instances.push(instance);
        }
        system.proxy.fail(move |_, _| Some(fault));
        for number in 0..CALLS {
            assert!(call(&instances[number % INSTANCES]).await.is_err());
        }
        let reached = system.proxy.operations().len();
        assert!((CALLS..=CALLS * 12 / 10).contains(&reached), "{fault:?}: {reached}");
        // The first answer gives an instance a retry again.
        system.proxy.recover();
        assert_eq!(call(&instances[0]).await, Ok(None));
        system.proxy.fail(move |number, _| (number == 0).then_some(fault));
        assert_eq!(call(&instances[0]).await, Ok(None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_operations_of_a_request_share_one_budget_of_time_and_of_retries() {
    let system = System::start().await;
    // A table without capacity: the first of two round trips spends the whole budget.
    system.proxy.fail(|number, _| (number >= AUTHORIZER_REQUESTS).then_some(Fault::Throttled));
    system.message_push.try_push(hundred_users()).await.is_code(500, "system error");
    let attempts = system.proxy.operations().len() - AUTHORIZER_REQUESTS;
    assert!((2..=11).contains(&attempts), "an attempt and ten retries at most: {attempts}");
    // The second round trip has five requests, which share the budget.
    system.proxy.recover();
    system.proxy.fail(|number, _| (number > AUTHORIZER_REQUESTS).then_some(Fault::Throttled));
    let started = Instant::now();
    system.message_push.try_push(hundred_users()).await.is_code(500, "system error");
    let attempts = system.proxy.operations().len() - AUTHORIZER_REQUESTS;
    assert!((6..=6 + 10).contains(&attempts), "six requests and ten retries at most: {attempts}");
    // A DynamoDB that never answers takes the request's time at most.
    system.proxy.fail(|number, _| (number >= AUTHORIZER_REQUESTS).then_some(Fault::Stalled));
    system.message_push.try_push(hundred_users()).await.is_code(500, "system error");
    assert!(started.elapsed() < 2 * store::REQUEST_TIME + Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_with_repeatedly_unprocessed_items_completes() {
    let system = System::start().await;
    // Twice for each of the five batches.
    let batches = AUTHORIZER_REQUESTS + 1..AUTHORIZER_REQUESTS + 1 + 2 * 5;
    system.proxy.fail(move |number, _| batches.contains(&number).then_some(Fault::Unprocessed));
    system.message_push.try_push(hundred_users()).await.is_code(200, "success");
    everybody_has_it(&system).await;
}
