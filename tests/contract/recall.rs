//! Contract, "POST /chatbot/api/front/thirdParty/message/recall".

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Fault, MESSAGE_PUSH, ManualClock, System, push_request, until_answered};

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;
const RECALL_M: &str = r#"{"messageId":"m"}"#;

#[tokio::test]
async fn a_recalled_message_is_no_longer_shown_and_its_status_says_so() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("a,b,c", "x", "m", 2).await;
    system.message_push.push("d", "x", "m", 1).await;
    let (of_a, of_b) =
        (system.platform.ack_id("a", "demo", "m").await, system.platform.ack_id("b", "demo", "m").await);
    system.platform.ack("a", &[of_a], "read").await;
    clock.advance_seconds(3600);
    for _ in 0..3 {
        system.message_push.recall("m").await;
        clock.advance_seconds(1);
    }
    for user in ["a", "b", "c", "d"] {
        assert_eq!(system.platform.contents(user).await, [""; 0], "{user}");
        assert_eq!(
            system.deliveries_of(user).await.len(),
            usize::from(user == "d"),
            "an expired delivery is left to TTL"
        );
    }
    // It was shown to b before the recall: b keeps it.
    system.platform.ack("b", &[of_b], "delivered").await;
    assert_eq!(
        system.message_push.status_by_user("m").await,
        json!({"total": 4, "pending": 0, "delivered": 1, "read": 1, "expired": 1, "recalled": 1, "users": [
            {"userId": "a", "state": "read", "at": "2026-11-21 08:00:10"},
            {"userId": "b", "state": "delivered", "at": "2026-11-21 09:00:13"},
            {"userId": "c", "state": "recalled", "at": "2026-11-21 09:00:10"},
            {"userId": "d", "state": "expired", "at": "2026-11-21 09:00:10"},
        ]})
    );
    // The status is known for 30 days after the push, long after the deadline.
    clock.advance_seconds(29 * 24 * 3600);
    assert_eq!(system.message_push.status_by_user("m").await["recalled"], 1);
    let tombstone: Vec<_> =
        system.items("PUSH#demo#m").await.into_iter().filter(|item| item["sk"] == "CONTENT").collect();
    assert_eq!(tombstone[0].get("content"), None, "the content is deleted");
}

#[tokio::test]
async fn a_recalled_id_stays_taken_until_its_deadline() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("a", "x", "m", 2).await;
    system.message_push.recall("m").await;
    clock.advance_seconds(2 * 3600 - 1);
    for hours in [1, 168] {
        system
            .message_push
            .try_push(push_request("a,b", "x", "m", hours))
            .await
            .is_code(400, "messsagePush.messageId: already recalled");
        let taken = "messsagePush.messageId: already used for different content";
        system.message_push.try_push(push_request("a,b", "y", "m", hours)).await.is_code(400, taken);
    }
    assert_eq!(system.platform.contents("b").await, [""; 0]);
    assert_eq!(system.message_push.status_by_user("m").await["total"], 1, "a refused call stores nothing");
    clock.advance_seconds(1);
    system.message_push.try_recall(RECALL_M).await.is_code(404, "message does not exist");
    system.message_push.push("a,b", "x", "m", 1).await;
    assert_eq!(system.platform.contents("a").await, ["x"]);
    assert_eq!(system.platform.contents("b").await, ["x"]);
    let states = system.message_push.status_by_user("m").await;
    assert_eq!(
        (&states["pending"], &states["total"]),
        (&json!(2), &json!(2)),
        "the recall was of another first acceptance"
    );
}

#[tokio::test]
async fn a_second_recall_of_a_reused_id_keeps_the_status_of_the_first() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("a", "X", "m", 1).await;
    system.message_push.recall("m").await;
    clock.advance_seconds(3600);
    system.message_push.push("b", "Y", "m", 1).await;
    clock.advance_seconds(60);
    system.message_push.recall("m").await;
    assert_eq!(
        system.message_push.status_by_user("m").await["users"],
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
        system.message_push.try_recall(body).await.is_code(400, "body is not valid JSON");
    }
    let valid = r#"{"messageId":"unknown"}"#;
    let padded = |size: usize| format!("{valid}{}", " ".repeat(size - valid.len()));
    system.message_push.try_recall(padded(262_144)).await.is_code(404, "message does not exist");
    system.message_push.try_recall(padded(262_145)).await.is_code(413, "body size exceeds the max value");
    let refused = async |id: Value, code: u16, message: &str| {
        system.message_push.try_recall(json!({"messageId": id})).await.is_code(code, message);
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
    assert_eq!(system.items("PUSH#demo#unknown").await.len(), 0);
}

#[tokio::test]
async fn an_application_recalls_its_own_messages_only() {
    let system = System::start().await;
    system.message_push.push("a", "x", "m", 1).await;
    for (number, app) in ["other", "demo#m", "demo#", "演示"].into_iter().enumerate() {
        let token = format!("cn-{number}");
        system.operator.grant(&token, app, &[MESSAGE_PUSH], &[]).await;
        let reply = system.partner(&token).try_recall(RECALL_M).await;
        reply.is_code(404, "message does not exist");
    }
    system.customer_service.try_recall(RECALL_M).await.is_code(400, "check access_token error");
    assert_eq!(system.platform.contents("a").await, ["x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_holds_against_concurrent_calls_of_its_campaign() {
    for _ in 0..5 {
        let system = System::start().await;
        system.message_push.push("first", "x", "m", 1).await;
        let users: Vec<_> = (0..10).map(|number| format!("u{number}")).collect();
        let system = &system;
        let calls = (1..).zip(&users).map(|(hours, user)| {
            until_answered(async move || {
                system.message_push.try_push(push_request(user, "x", "m", hours)).await
            })
        });
        let (recalled, calls) = tokio::join!(
            until_answered(async || system.message_push.try_recall(RECALL_M).await),
            join_all(calls)
        );
        recalled.is_code(200, "success");
        for reply in calls {
            assert!(reply.status == 200 || reply.body.contains("already recalled"), "{}", reply.body);
        }
        for user in &users {
            assert_eq!(system.platform.contents(user).await, [""; 0], "{user}");
        }
        assert_eq!(system.message_push.status_by_user("m").await["pending"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_survives_a_fault_and_one_that_failed_is_completed_by_its_repeat() {
    let faults = Fault::ALL.into_iter().filter(|fault| *fault != Fault::Refused);
    for (fault, at) in faults.flat_map(|fault| (1..=2).map(move |at| (fault, at))) {
        let system = System::start().await;
        system.message_push.push("a", "x", "m", 1).await;
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        system.message_push.recall("m").await;
        system.proxy.fail(move |number, _| (number >= at).then_some(fault));
        if at == 1 {
            system.message_push.try_recall(RECALL_M).await.is_code(500, "system error");
        }
        system.proxy.recover();
        system.message_push.recall("m").await;
        assert_eq!(system.platform.contents("a").await, [""; 0], "{fault:?} at {at}");
        assert_eq!(system.message_push.status_by_user("m").await["recalled"], 1);
    }
}
