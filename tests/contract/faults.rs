//! The store fails: retries within the deadline, then a clean 500, and nothing acknowledged is lost.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Fault, Reply, System, delivered_to, items};

const PUSH: &str = "/chatbot/api/front/thirdParty/message/push";
const RECEIVE: &str = "/chatbot/servlet/third/msg/receive";
/// Lambda ends a function after this time; an answer of ours comes before.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

fn hundred_users() -> String {
    let users: Vec<_> = (0..100).map(|number| format!("u{number}")).collect();
    json!({"userIds": users.join(","), "content": "x", "messageId": "m", "expireTime": 1}).to_string()
}

/// A request of a push, from 0 for the content to 4 for the last batch of deliveries.
const PUSH_REQUESTS: usize = 5;

/// The requests of the functions are counted past the authorizer's, which is the first of each call.
const AUTHORIZER_REQUESTS: usize = 1;

async fn within_the_deadline(call: impl Future<Output = Reply>) -> Reply {
    let started = Instant::now();
    let reply = call.await;
    assert!(
        started.elapsed() < FUNCTION_TIMEOUT,
        "an answer of ours, not the gateway's"
    );
    reply
}

/// Everybody has the message exactly once.
async fn everybody_has_it(system: &System) {
    for number in 0..100 {
        let inbox = items(system, &format!("INBOX#u{number}")).await;
        assert_eq!(inbox.len(), 1);
        assert_eq!(delivered_to(system, &format!("u{number}")).await, ["x"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_survives_one_fault_at_any_of_its_requests() {
    let cases = Fault::ALL
        .into_iter()
        .flat_map(|fault| (0..PUSH_REQUESTS).map(move |request| (fault, request)));
    join_all(cases.map(|(fault, request)| async move {
        let system = System::start().await;
        system
            .proxy
            .fail(move |number, _| (number == request + AUTHORIZER_REQUESTS).then_some(fault));
        let reply = within_the_deadline(system.message_push.post(PUSH, hundred_users())).await;
        if fault == Fault::Refused && reply.status == 500 {
            // All attempts may fall into the time when nothing listens.
            reply.is_code(500, "system error");
            system.proxy.recover();
            system
                .message_push
                .post(PUSH, hundred_users())
                .await
                .is_code(200, "success");
        } else {
            reply.is_code(200, "success");
        }
        everybody_has_it(&system).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_died_half_way_is_completed_by_its_repeat() {
    let cases = Fault::ALL
        .into_iter()
        .flat_map(|fault| (0..PUSH_REQUESTS).map(move |request| (fault, request)));
    join_all(cases.map(|(fault, request)| async move {
        let system = System::start().await;
        system
            .proxy
            .fail(move |number, _| (number >= request + AUTHORIZER_REQUESTS).then_some(fault));
        let reply = within_the_deadline(system.message_push.post(PUSH, hundred_users())).await;
        reply.is_code(500, "system error");
        system.proxy.recover();
        system
            .message_push
            .post(PUSH, hundred_users())
            .await
            .is_code(200, "success");
        everybody_has_it(&system).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_received_message_survives_one_fault_and_is_stored_once() {
    let text = json!({"touser": "c", "fromuser": "a", "msgtype": "text", "text": {"content": "x"}});
    let begin = json!({"touser": "c", "fromuser": "a", "msgtype": "event", "eventType": "begin"});
    let cases = [(text, 1), (begin, 2)].into_iter().flat_map(|(message, items)| {
        Fault::ALL
            .into_iter()
            .map(move |fault| (message.clone(), items, fault))
    });
    join_all(
        cases.map(|(message, stored, fault): (Value, usize, Fault)| async move {
            let system = System::start().await;
            system
                .proxy
                .fail(move |number, _| (number == AUTHORIZER_REQUESTS).then_some(fault));
            let reply = within_the_deadline(system.customer_service.post(RECEIVE, message.to_string())).await;
            if fault == Fault::Refused && reply.status == 500 {
                reply.is_error(500, -1, "system error");
            } else {
                reply.is(200, r#"{"status":0,"message":"ok"}"#);
                assert_eq!(items(&system, "CHAT#1#c").await.len(), stored, "{fault:?}");
            }
        }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_for_good_is_a_system_error_on_every_route() {
    join_all(Fault::ALL.map(|fault| async move {
        let system = System::start().await;
        system
            .proxy
            .fail(move |_, operation| (operation != "GetItem").then_some(fault));
        let message = r#"{"touser":"c","msgtype":"event","eventType":"end"}"#;
        let (received, log) = tokio::join!(
            within_the_deadline(system.customer_service.post(RECEIVE, message)),
            within_the_deadline(
                system
                    .customer_service
                    .get("/chatbot/servlet/third/msg/chatlog/get?openId=c")
            ),
        );
        received.is_error(500, -1, "system error");
        log.is_error(500, -1, "system error");

        // Of the reads of items, the authorizer's go through and the function's do not.
        system.proxy.recover();
        system
            .proxy
            .fail(move |number, _| (number >= AUTHORIZER_REQUESTS).then_some(fault));
        let user = system
            .customer_service
            .get("/chatbot/servlet/user/info/get?clientId=c");
        within_the_deadline(user).await.is_error(500, -1, "system error");
    }))
    .await;
}

#[tokio::test]
async fn a_transaction_cancelled_because_the_table_was_busy_is_tried_again() {
    let system = System::start().await;
    system
        .proxy
        .fail(|number, _| (number == AUTHORIZER_REQUESTS).then_some(Fault::TransactionThrottled));
    let begin = json!({"touser": "c", "fromuser": "a", "msgtype": "event", "eventType": "begin"});
    system
        .customer_service
        .post(RECEIVE, begin.to_string())
        .await
        .is(200, r#"{"status":0,"message":"ok"}"#);
    assert_eq!(
        system.proxy.operations(),
        ["GetItem", "TransactWriteItems", "TransactWriteItems"]
    );
    assert_eq!(items(&system, "CHAT#1#c").await.len(), 2);
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_an_error_and_not_left_out() {
    let system = System::start().await;
    for (pk, sk) in [
        ("LOG#1#c", "0000000000001#x"),
        ("LOG#1#d", "not a moment"),
        ("USER#1#c", "INFO"),
    ] {
        let put = system.dynamodb.put_item().table_name("ChatTable");
        let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
        put.item("pk", text(pk))
            .item("sk", text(sk))
            .item("question", text("only"))
            .send()
            .await
            .unwrap();
    }
    for path in [
        "third/msg/chatlog/get?openId=c",
        "third/msg/chatlog/get?openId=d",
        "user/info/get?clientId=c",
    ] {
        system
            .customer_service
            .get(&format!("/chatbot/servlet/{path}"))
            .await
            .is_error(500, -1, "system error");
    }
}
