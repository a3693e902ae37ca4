//! What calls that overlap come to.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{System, delivered_to, items};

const PUSH: &str = "/chatbot/api/front/thirdParty/message/push";

fn body(users: &str, content: &str, message: &str) -> String {
    json!({"userIds": users, "content": content, "messageId": message, "expireTime": 1}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn identical_pushes_at_the_same_time_all_succeed_and_deliver_once() {
    let system = System::start().await;
    let users = (0..100).map(|number| format!("u{number}")).collect::<Vec<_>>().join(",");
    let calls = (0..20).map(|_| system.message_push.post(PUSH, body(&users, "x", "m")));
    for reply in join_all(calls).await {
        reply.is_code(200, "success");
    }
    for number in 0..100 {
        assert_eq!(delivered_to(&system, &format!("u{number}")).await, ["x"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_different_contents_under_one_message_id_one_wins_everywhere() {
    let system = System::start().await;
    let calls = (0..20)
        .map(|number| system.message_push.post(PUSH, body(&format!("u{number}"), &number.to_string(), "m")));
    let replies = join_all(calls).await;
    let winners: Vec<_> = (0..20).filter(|number| replies[*number].status == 200).collect();
    assert_eq!(winners.len(), 1);
    for (number, reply) in replies.iter().enumerate() {
        let delivered = delivered_to(&system, &format!("u{number}")).await;
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
async fn a_campaign_may_be_pushed_all_at_once() {
    let system = System::start().await;
    let calls = (0..10).map(|call| {
        let users = (0..100).map(|number| format!("u{}", call * 100 + number)).collect::<Vec<_>>().join(",");
        system.message_push.post(PUSH, body(&users, "x", "m"))
    });
    for reply in join_all(calls).await {
        reply.is_code(200, "success");
    }
    for number in 0..1000 {
        assert_eq!(delivered_to(&system, &format!("u{number}")).await, ["x"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_received_at_the_same_time_are_all_kept() {
    let system = System::start().await;
    let calls = (0..100).map(|number| {
        let message = json!({"touser": "c", "fromuser": "a", "msgtype": "text", "text": {"content": number}});
        system.customer_service.post("/chatbot/servlet/third/msg/receive", message.to_string())
    });
    for reply in join_all(calls).await {
        reply.is(200, r#"{"status":0,"message":"ok"}"#);
    }
    let kept: HashSet<Value> =
        items(&system, "CHAT#1#c").await.into_iter().map(|item| item["payload"]["content"].clone()).collect();
    assert_eq!(kept, (0..100).map(|number| json!(number.to_string())).collect());
}
