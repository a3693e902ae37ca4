//! `webhook seek`.

use model::Timestamp;
use serde_json::json;
use store::webhooks;
use tests::System;

use super::{Operator, URL, application, changes, delivered_until, delivery, source};

#[tokio::test]
async fn seek_goes_back_or_forward_after_it_said_so() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    operator.text(&format!("webhook set {id} {URL}")).await;
    let started = delivered_until(&system, &id, 1).await;

    let time = "2020-05-12T00:30:00Z";
    let asked = operator.error(&format!("webhook seek {id} --to {time}")).await;
    assert_eq!(
        asked,
        format!(
            "Source 1 goes back to {time}: its messages since then are delivered again. Source 2 goes back to {time}: its messages since then are delivered again. Say --yes to do it without being asked; nothing was changed"
        )
    );
    assert_eq!(delivered_until(&system, &id, 1).await, started);
    let moved = operator.json(&format!("webhook seek {id} --to {time} --source 2 --yes")).await;
    assert_eq!(moved, json!({"appId": id, "sources": [2], "to": time}));
    assert_eq!(delivered_until(&system, &id, 1).await, started);
    assert_eq!(delivered_until(&system, &id, 2).await, Timestamp::from_millis(1_589_243_400_000));

    let same = operator.error(&format!("webhook seek {id} --to {time} --source 2")).await;
    assert!(same.starts_with("Source 2 goes on from where it is. Say --yes"), "{same}");
    let oldest = operator.text(&format!("webhook seek {id} --to oldest --source 2 --yes")).await;
    let expected =
        "Source 2 goes back to the oldest message that is kept: its messages since then are delivered again.";
    assert!(oldest.starts_with(expected), "{oldest}");
    assert_eq!(delivered_until(&system, &id, 2).await, Timestamp::from_millis(0));
    let shown = operator.json(&format!("webhook show {id}")).await;
    assert_eq!(shown["endpoints"][1].get("deliveredUntil"), None);
    assert!(operator.text(&format!("webhook show {id}")).await.contains("nothing yet"));

    let before = system.clock.now();
    let skipped = operator.text(&format!("webhook seek {id} --to now -y")).await;
    assert!(
        skipped.starts_with("Source 1 goes forward to 20") && skipped.contains(" are skipped. "),
        "{skipped}"
    );
    for number in [1, 2] {
        assert!((before..=system.clock.now()).contains(&delivered_until(&system, &id, number).await));
    }
    let changes = changes(&operator, &id).await;
    assert_eq!(changes[1], format!("moved the webhook of source 2 to {time}"));
    assert_eq!(changes[2], "moved the webhook of source 2 to the oldest message that is kept");
    assert!(changes[3].starts_with("moved the webhook of sources 1, 2 to 20"), "{changes:?}");
    assert_eq!(changes.len(), 4);
}

#[tokio::test]
async fn seek_ends_a_delivery_and_its_failures() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    operator.text(&format!("webhook set {id} {URL}")).await;
    let table = system.webhooks_table();
    let now = system.clock.now();
    let mut lease = delivery(&system, &id, 1).await;
    lease.delivery.failures = 3;
    assert_eq!(lease.save(&table, now.plus_hours(1), None).await.unwrap(), webhooks::Save::Saved);
    operator.text(&format!("webhook seek {id} --to oldest --source 1 --yes")).await;
    assert_eq!(lease.save(&table, now.plus_hours(1), None).await.unwrap(), webhooks::Save::Lost);
    let progress = webhooks::progress(&table, source(1), &id, now).await.unwrap();
    assert!(progress.is_due(now) && progress.delivery.failures == 0, "{progress:?}");
}

#[tokio::test]
async fn a_place_in_the_future_or_of_another_source_is_refused() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    operator.text(&format!("webhook set {id} {URL}")).await;
    let nowhere = Operator::at_endpoint("http://127.0.0.1:1");
    let future = nowhere.error(&format!("webhook seek {id} --to 2286-11-20T17:46:39Z --yes")).await;
    assert_eq!(future, "the time is in the future; say now to skip everything until now");
    for command in ["seek --to now --yes", "log"] {
        let (verb, options) = command.split_once(' ').unwrap_or((command, ""));
        let error = operator.error(format!("webhook {verb} {id} --source 3 {options}").trim_end()).await;
        assert_eq!(error, format!("{id} has no source 3; `chatbotctl app show {id}` shows its sources"));
    }
    assert_eq!(changes(&operator, &id).await.len(), 1);
}
