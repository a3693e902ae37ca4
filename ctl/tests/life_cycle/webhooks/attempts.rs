//! `webhook log`.

use model::Timestamp;
use serde_json::json;
use store::webhooks::AttemptRecord;
use tests::System;

use super::{AppId, Operator, URL, application, delivery};

/// Stores an attempt as a delivery does.
async fn remember(
    system: &System,
    id: &AppId,
    source: u32,
    second: u64,
    outcome: &str,
    answer: Option<&str>,
) {
    let mut lease = delivery(system, id, source).await;
    lease.delivery.remember(AttemptRecord {
        at: Timestamp::from_millis(1_589_243_400_000 + second * 1000),
        id: format!("msg_{second}"),
        entries: 100,
        outcome: outcome.to_owned(),
        millis: 34,
        answer: answer.map(str::to_owned),
    });
    lease.give_up(&system.webhooks_table(), None).await.unwrap();
}

#[tokio::test]
async fn the_last_attempts_are_listed_by_time_with_the_answers_of_failed_ones() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    operator.text(&format!("webhook set {id} {URL}")).await;
    assert_eq!(operator.text(&format!("webhook log {id}")).await.trim_end(), "Nothing was sent yet.");
    assert_eq!(operator.json(&format!("webhook log {id}")).await, json!([]));

    remember(&system, &id, 1, 1, "500", Some("\u{1b}[2J{\"error\":\"忙\"}")).await;
    remember(&system, &id, 2, 2, "no answer within 10 seconds", None).await;
    remember(&system, &id, 1, 3, "204", None).await;
    let all = operator.json(&format!("webhook log {id}")).await;
    assert_eq!(
        all,
        json!([
            {"at": "2020-05-12T00:30:01Z", "source": 1, "webhookId": "msg_1", "outcome": "500", "millis": 34,
             "messages": 100, "answer": r#"\u{1b}[2J{"error":"忙"}"#},
            {"at": "2020-05-12T00:30:02Z", "source": 2, "webhookId": "msg_2",
             "outcome": "no answer within 10 seconds", "millis": 34, "messages": 100},
            {"at": "2020-05-12T00:30:03Z", "source": 1, "webhookId": "msg_3", "outcome": "204", "millis": 34,
             "messages": 100},
        ])
    );
    let of_two = operator.json(&format!("webhook log {id} --source 2")).await;
    assert_eq!(of_two, json!([all[1]]));
    let table = operator.text(&format!("webhook log {id}")).await;
    for shown in
        ["2020-05-12T00:30:01Z", "msg_2", "no answer within 10 seconds", r#"\u{1b}[2J{"error":"忙"}"#]
    {
        assert!(table.contains(shown), "{table}");
    }
    assert!(!table.contains('\u{1b}'), "{table}");
}
