//! Contract, "POST /chatbot/api/front/thirdParty/message/recall".

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    Fault, MESSAGE_PUSH, ManualClock, Reply, System, ack_id, acknowledge, delivered_to, deliveries_of, items,
    path_with, until_answered,
};

const PUSH: &str = "/chatbot/api/front/thirdParty/message/push";
const RECALL: &str = "/chatbot/api/front/thirdParty/message/recall";
const STATUS: &str = "/chatbot/api/front/thirdParty/message/status";
/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

async fn push(system: &System, users: &str, content: &str, hours: u32) -> Reply {
    let push = json!({"userIds": users, "content": content, "messageId": "m", "expireTime": hours});
    system.message_push.post(PUSH, push.to_string()).await
}

async fn recall(system: &System) -> Reply {
    system.message_push.post(RECALL, r#"{"messageId":"m"}"#).await
}

async fn status(system: &System) -> Value {
    let mut data =
        system.message_push.get(&path_with(STATUS, &[("messageId", "m")])).await.json()["data"].take();
    let users = data["users"].as_array_mut().unwrap();
    users.sort_by_key(|user| user["userId"].as_str().unwrap().to_owned());
    data
}

#[tokio::test]
async fn a_recalled_message_is_shown_to_nobody_who_does_not_have_it_and_its_status_says_so() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "a,b,c", "x", 2).await.is_code(200, "success");
    push(&system, "d", "x", 1).await.is_code(200, "success");
    let (of_a, of_b) = (ack_id(&system, "a", "demo", "m").await, ack_id(&system, "b", "demo", "m").await);
    acknowledge(&system, "a", &[of_a], "read").await;
    clock.advance_seconds(3600);
    for _ in 0..3 {
        recall(&system).await.is(200, r#"{"code":200,"message":"success"}"#);
        clock.advance_seconds(1);
    }
    for user in ["a", "b", "c", "d"] {
        assert_eq!(delivered_to(&system, user).await, [""; 0], "{user}");
        assert_eq!(
            deliveries_of(&system, user).await.len(),
            usize::from(user == "d"),
            "expired, and left to TTL"
        );
    }
    // It was on its way to b when it was recalled: who has it keeps it.
    acknowledge(&system, "b", &[of_b], "delivered").await;
    assert_eq!(
        status(&system).await,
        json!({"total": 4, "pending": 0, "delivered": 1, "read": 1, "expired": 1, "recalled": 1, "users": [
            {"userId": "a", "state": "read", "at": "2026-11-21 08:00:10"},
            {"userId": "b", "state": "delivered", "at": "2026-11-21 09:00:13"},
            {"userId": "c", "state": "recalled", "at": "2026-11-21 09:00:10"},
            {"userId": "d", "state": "expired", "at": "2026-11-21 09:00:10"},
        ]})
    );
    // For 30 days after the push, its deadline long over.
    clock.advance_seconds(29 * 24 * 3600);
    assert_eq!(status(&system).await["recalled"], 1);
    let tombstone: Vec<_> =
        items(&system, "PUSH#demo#m").await.into_iter().filter(|item| item["sk"] == "CONTENT").collect();
    assert_eq!(tombstone[0].get("content"), None, "the content is gone");
}

#[tokio::test]
async fn the_id_stays_taken_until_its_deadline_and_is_free_then() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "a", "x", 2).await.is_code(200, "success");
    recall(&system).await.is_code(200, "success");
    clock.advance_seconds(2 * 3600 - 1);
    for hours in [1, 168] {
        push(&system, "a,b", "x", hours).await.is_code(400, "messsagePush.messageId: already recalled");
        let taken = "messsagePush.messageId: already used for different content";
        push(&system, "a,b", "y", hours).await.is_code(400, taken);
    }
    assert_eq!(delivered_to(&system, "b").await, [""; 0]);
    assert_eq!(status(&system).await["total"], 1, "what is refused stores nothing");
    clock.advance_seconds(1);
    recall(&system).await.is_code(404, "message does not exist");
    push(&system, "a,b", "x", 1).await.is_code(200, "success");
    assert_eq!(delivered_to(&system, "a").await, ["x"]);
    assert_eq!(delivered_to(&system, "b").await, ["x"]);
    let states = status(&system).await;
    assert_eq!((&states["pending"], &states["total"]), (&json!(2), &json!(2)), "of another first acceptance");
}

#[tokio::test]
async fn a_second_recall_under_an_id_that_was_free_keeps_what_is_known_of_the_first() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "a", "X", 1).await.is_code(200, "success");
    recall(&system).await.is_code(200, "success");
    clock.advance_seconds(3600);
    push(&system, "b", "Y", 1).await.is_code(200, "success");
    clock.advance_seconds(60);
    recall(&system).await.is_code(200, "success");
    assert_eq!(
        status(&system).await["users"],
        json!([
            {"userId": "a", "state": "recalled", "at": "2026-11-21 08:00:10"},
            {"userId": "b", "state": "recalled", "at": "2026-11-21 09:01:10"},
        ])
    );
}

#[tokio::test]
async fn errors_come_in_the_order_of_the_contract() {
    let system = System::start().await;
    for body in ["", " ", "[]", "{", "null", "\u{feff}"] {
        system.message_push.post(RECALL, body).await.is_code(400, "body is not valid JSON");
    }
    let valid = r#"{"messageId":"unknown"}"#;
    let padded = |size: usize| format!("{valid}{}", " ".repeat(size - valid.len()));
    system.message_push.post(RECALL, padded(262_144)).await.is_code(404, "message does not exist");
    system.message_push.post(RECALL, padded(262_145)).await.is_code(413, "body size exceeds the max value");
    let refused = async |id: Value, code: u16, message: &str| {
        let body = json!({"messageId": id}).to_string();
        system.message_push.post(RECALL, body).await.is_code(code, message);
    };
    for absent in [json!(null), json!(""), json!("\u{3000}")] {
        refused(absent, 400, "Required parameter 'messageId' is not present").await;
    }
    for wrong in [json!([]), json!({}), json!(true), json!(1.5)] {
        refused(wrong, 400, "messsagePush.messageId: must be a string").await;
    }
    for unit in ["x", "消", "😀"] {
        let longest = unit.repeat(64 / unit.encode_utf16().count());
        refused(
            json!(format!("{longest}x")),
            400,
            "messsagePush.messageId: Length exceeds the max value [64]",
        )
        .await;
        refused(json!(longest), 404, "message does not exist").await;
    }
    refused(json!(123_456_789_012_345_678_u64), 404, "message does not exist").await;
    assert_eq!(items(&system, "PUSH#demo#unknown").await.len(), 0);
}

#[tokio::test]
async fn an_application_recalls_its_own_messages_alone() {
    let system = System::start().await;
    push(&system, "a", "x", 1).await.is_code(200, "success");
    for (number, app) in ["other", "demo#m", "demo#", "演示"].into_iter().enumerate() {
        let token = format!("cn-{number}");
        system.grant(&token, app, &[MESSAGE_PUSH], &[]).await;
        let reply = system.anonymous.with_token(&token).post(RECALL, r#"{"messageId":"m"}"#).await;
        reply.is_code(404, "message does not exist");
    }
    system
        .customer_service
        .post(RECALL, r#"{"messageId":"m"}"#)
        .await
        .is_code(400, "check access_token error");
    assert_eq!(delivered_to(&system, "a").await, ["x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_that_races_calls_of_the_campaign_holds() {
    for _ in 0..5 {
        let system = System::start().await;
        push(&system, "first", "x", 1).await.is_code(200, "success");
        let users: Vec<_> = (0..10).map(|number| format!("u{number}")).collect();
        let system = &system;
        let calls = (1..)
            .zip(&users)
            .map(|(hours, user)| until_answered(async move || push(system, user, "x", hours).await));
        let (recalled, calls) = tokio::join!(until_answered(async || recall(system).await), join_all(calls));
        recalled.is_code(200, "success");
        for reply in calls {
            assert!(reply.status == 200 || reply.body.contains("already recalled"), "{}", reply.body);
        }
        for user in &users {
            assert_eq!(delivered_to(system, user).await, [""; 0], "{user}");
        }
        assert_eq!(status(system).await["pending"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_survives_a_fault_and_one_that_failed_is_completed_by_its_repeat() {
    let faults = Fault::ALL.into_iter().filter(|fault| *fault != Fault::Refused);
    for (fault, at) in faults.flat_map(|fault| (1..=2).map(move |at| (fault, at))) {
        let system = System::start().await;
        push(&system, "a", "x", 1).await.is_code(200, "success");
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        recall(&system).await.is_code(200, "success");
        system.proxy.fail(move |number, _| (number >= at).then_some(fault));
        if at == 1 {
            recall(&system).await.is_code(500, "system error");
        }
        system.proxy.recover();
        recall(&system).await.is_code(200, "success");
        assert_eq!(delivered_to(&system, "a").await, [""; 0], "{fault:?} at {at}");
        assert_eq!(status(&system).await["recalled"], 1);
    }
}
