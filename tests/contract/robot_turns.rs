//! `POST /chatbot/api/platform/chatlog`: turns of the robot, which `chatlog/get` returns.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Fault, ManualClock, RECORDED, System, until_answered};

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

async fn log(system: &System) -> Vec<Value> {
    system.customer_service.chatlog(&[("openId", "c")]).await.success()["list"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_turn_appears_in_the_chat_log() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let turns = [
        json!({"openId": "c", "question": " 问 \n", "reply": "答😀"}),
        json!({"openId": "c", "question": "q", "reply": "r", "replyMode": "faq", "dateTime": "2020-05-12 08:30:00"}),
        json!({"openId": "c", "question": 12_345_678_901_234_567_890_u64, "reply": "r", "dateTime": " 2026-11-21 08:00:11 "}),
    ];
    for turn in turns {
        system.platform.record_turn(&turn).await.is(200, RECORDED);
    }
    system.customer_service.chatlog(&[("openId", "c")]).await.is(
        200,
        r#"{"status":0,"message":"ok","total":"3","list":[{"Question":"q","Reply":"r","DateTime":"2020-05-12 08:30:00","ReplyMode":"faq"},{"Question":" 问 \n","Reply":"答😀","DateTime":"2026-11-21 08:00:10","ReplyMode":""},{"Question":"12345678901234567890","Reply":"r","DateTime":"2026-11-21 08:00:11","ReplyMode":""}]}"#,
    );
    // A turn is kept for the retention, 180 days after it was recorded.
    clock.advance_seconds(180 * 24 * 3600 - 1);
    assert_eq!(log(&system).await.len(), 3);
    clock.advance_seconds(1);
    assert_eq!(log(&system).await.len(), 0);
}

#[tokio::test]
async fn a_turn_with_an_id_is_stored_once_however_often_it_is_sent() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let turn = |id: &str, chat: &str, source: u32| json!({"openId": chat, "source": source, "question": "q", "reply": id, "entryId": id});
    for _ in 0..3 {
        system.platform.record_turn(turn("e", "c", 1)).await.is(200, RECORDED);
        clock.advance_seconds(60);
    }
    assert_eq!(log(&system).await.len(), 1);
    assert_eq!(log(&system).await[0]["DateTime"], "2026-11-21 08:00:10", "the first time counts");
    for (id, chat, source) in [("e", "d", 1), ("e", "c", 2), ("E", "c", 1), ("e#", "c", 1)] {
        system.platform.record_turn(turn(id, chat, source)).await.is(200, RECORDED);
    }
    assert_eq!(log(&system).await.len(), 3, "another chat, source or id is another turn");
    // Turns without an id are stored each time.
    let same = json!({"openId": "c", "question": "q", "reply": "r"});
    for _ in 0..2 {
        system.platform.record_turn(&same).await.is(200, RECORDED);
    }
    assert_eq!(log(&system).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_with_an_id_is_stored_once_in_a_race_and_through_faults() {
    let system = System::start().await;
    let turn = json!({"openId": "c", "question": "q", "reply": "r", "entryId": "e"});
    let record = async || system.platform.record_turn(&turn).await;
    for reply in join_all((0..20).map(|_| until_answered(&record))).await {
        reply.is(200, RECORDED);
    }
    assert_eq!(log(&system).await.len(), 1);
    let faults =
        Fault::ALL.into_iter().chain([Fault::TransactionConflict]).filter(|fault| *fault != Fault::Refused);
    for (number, fault) in faults.enumerate() {
        let turn = json!({"openId": "c", "question": "q", "reply": "r", "entryId": number});
        system.proxy.fail(move |number, _| (number == 1).then_some(fault));
        system.platform.record_turn(&turn).await.is(200, RECORDED);
        system.proxy.fail(move |number, _| (number >= 1).then_some(Fault::InternalError));
        system.platform.record_turn(&turn).await.is_code(500, "system error");
        system.proxy.recover();
        system.platform.record_turn(&turn).await.is(200, RECORDED);
        assert_eq!(log(&system).await.len(), number + 2, "{fault:?}");
    }
}

#[tokio::test]
async fn its_fields_are_checked_in_order() {
    let system = System::start().await;
    let full = json!({"source": 1, "openId": "c", "question": "q", "reply": "r", "replyMode": "m", "dateTime": "2020-05-12 08:30:00", "entryId": "e"});
    let refused = async |body: &Value, message: &str| {
        system.platform.record_turn(body).await.is_code(400, message);
    };
    refused(&json!({"source": []}), "source: must be an integer").await;
    refused(&json!({}), "Required parameter 'openId' is not present").await;
    for (name, max, required) in [
        ("openId", 64, true),
        ("question", 32_768, true),
        ("reply", 32_768, true),
        ("replyMode", 64, false),
        ("entryId", 64, false),
    ] {
        let with = |value: Value| {
            let mut body = full.clone();
            // Its own id, since an id stands for one turn.
            body["entryId"] = json!(name);
            body[name] = value;
            body
        };
        assert_eq!(system.platform.record_turn(with(json!("字".repeat(max)))).await.status, 200, "{name}");
        refused(&with(json!("字".repeat(max + 1))), &format!("{name}: length exceeds the max value [{max}]"))
            .await;
        refused(&with(json!(1.5)), &format!("{name}: must be a string")).await;
        if required {
            refused(&with(json!(" ")), &format!("Required parameter '{name}' is not present")).await;
        } else {
            assert_eq!(system.platform.record_turn(with(json!(" "))).await.status, 200, "{name}");
        }
    }
    for date in ["2020-05-12", "2020-02-30 00:00:00", "1969-12-31 00:00:00", "x", "2286-11-21 01:46:40"] {
        let mut body = full.clone();
        body["dateTime"] = json!(date);
        refused(&body, "dateTime: must be yyyy-MM-dd HH:mm:ss").await;
    }
    let mut body = full.clone();
    body["dateTime"] = json!(true);
    refused(&body, "dateTime: must be a string").await;
    for body in ["", "null", "{\"openId\":\"\\ud800\"}"] {
        system.platform.record_turn(body).await.is_code(400, "body is not valid JSON");
    }
}

#[tokio::test]
async fn an_entry_id_stands_for_one_question_and_reply() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let turn = |question: &str, reply: &str| json!({"openId": "c", "question": question, "reply": reply, "entryId": "e"});
    let post = async |turn: Value| system.platform.record_turn(&turn).await;
    post(turn("问", "答")).await.is(200, RECORDED);
    for (question, reply) in [("问 ", "答"), ("问", "答😀"), ("问答", "x"), ("答", "问")] {
        let refused = post(turn(question, reply)).await;
        refused.is_code(400, "entryId: already used for different content");
    }
    // Another time or reply mode does not make another turn.
    let mut again = turn("问", "答");
    again["dateTime"] = json!("2020-05-12 08:30:00");
    again["replyMode"] = json!("faq");
    post(again).await.is(200, RECORDED);
    assert_eq!(log(&system).await.len(), 1);
    clock.advance_seconds(180 * 24 * 3600);
    post(turn("问", "other")).await.is(200, RECORDED);
}
