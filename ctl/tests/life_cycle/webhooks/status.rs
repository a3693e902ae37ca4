//! `webhook enable` and `webhook disable`.

use serde_json::json;
use store::webhooks::{self, DisabledBecause, EndpointStatus};
use tests::System;

use super::{Operator, URL, application, changes, delivered_until, delivery, endpoint, source};

#[tokio::test]
async fn a_disabled_webhook_is_enabled_again_and_goes_on_where_it_was() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    operator.text(&format!("webhook set {id} {URL}")).await;
    let place = delivered_until(&system, &id, 1).await;
    let disabled = operator.text(&format!("webhook disable {id}")).await;
    assert_eq!(
        disabled.trim_end(),
        format!(
            "The webhook of {id} is disabled. Messages are kept for 8 days: `chatbotctl webhook enable {id}` delivers them."
        )
    );
    for number in [1, 2] {
        let expected = EndpointStatus::Disabled(DisabledBecause::Operator);
        assert_eq!(endpoint(&system, &id, number).await.status, expected);
    }
    let shown = operator.json(&format!("webhook show {id}")).await;
    assert_eq!(
        (&shown["endpoints"][1]["status"], &shown["endpoints"][1]["because"]),
        (&json!("disabled"), &json!("operator"))
    );
    let shown = operator.text(&format!("webhook show {id}")).await;
    assert!(shown.contains("disabled by an operator, since 20"), "{shown}");
    assert!(operator.text(&format!("webhook disable {id}")).await.contains("is disabled already"));

    let enabled = operator.json(&format!("webhook enable {id}")).await;
    assert_eq!(enabled, json!({"appId": id, "changed": true, "warnings": []}));
    let again = operator.json(&format!("webhook enable {id}")).await;
    assert_eq!(again, json!({"appId": id, "changed": false, "warnings": []}));
    for number in [1, 2] {
        let endpoint = endpoint(&system, &id, number).await;
        assert_eq!((endpoint.status, endpoint.url.as_str()), (EndpointStatus::Enabled, URL));
    }
    assert_eq!(delivered_until(&system, &id, 1).await, place);
    assert_eq!(changes(&operator, &id).await[1..], ["disabled the webhook", "enabled the webhook"]);
}

#[tokio::test]
async fn enable_forgets_failures_and_makes_the_next_attempt_due() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    operator.text(&format!("webhook set {id} {URL}")).await;
    let table = system.webhooks_table();
    let now = system.clock.now();
    let mut lease = delivery(&system, &id, 1).await;
    let running = operator.json(&format!("webhook show {id}")).await;
    assert_eq!(
        (&running["endpoints"][0]["running"], &running["endpoints"][1]["running"]),
        (&json!(true), &json!(false))
    );
    lease.delivery.failures = 7;
    lease.delivery.failing_since = Some(now);
    lease.give_up(&table, Some(now.plus_hours(1))).await.unwrap();
    let gone = endpoint(&system, &id, 2).await;
    assert!(webhooks::disable(&table, &gone, DisabledBecause::Gone, now.plus_millis(1)).await.unwrap());

    let shown = operator.text(&format!("webhook show {id}")).await;
    for expected in ["7 since 20", "next attempt", "disabled by the receiver's answer 410, since 20"] {
        assert!(shown.contains(expected), "{shown}");
    }
    let shown = operator.json(&format!("webhook show {id}")).await;
    let [one, two] = shown["endpoints"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    assert_eq!((&one["failures"], &two["because"]), (&json!(7), &json!("gone")));
    assert!(one["nextAttemptAt"].as_str() > one["failingSince"].as_str(), "{one}");

    operator.text(&format!("webhook disable {id}")).await;
    let shown = operator.json(&format!("webhook show {id}")).await;
    assert_eq!(shown["endpoints"][1]["because"], "gone", "it was disabled before");
    operator.text(&format!("webhook enable {id}")).await;
    for number in [1, 2] {
        assert_eq!(endpoint(&system, &id, number).await.status, EndpointStatus::Enabled);
        let progress = webhooks::progress(&table, source(number), &id, system.clock.now()).await.unwrap();
        assert!(progress.is_due(system.clock.now()), "{progress:?}");
        assert_eq!((progress.delivery.failures, progress.delivery.failing_since), (0, None));
    }
}

#[tokio::test]
async fn enable_ends_the_wait_of_an_enabled_webhook() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    operator.text(&format!("webhook set {id} {URL}")).await;
    let now = system.clock.now();
    let mut lease = delivery(&system, &id, 2).await;
    lease.delivery.failures = 1;
    lease.give_up(&system.webhooks_table(), Some(now.plus_hours(1))).await.unwrap();
    assert_eq!(operator.json(&format!("webhook enable {id}")).await["changed"], true);
    let progress = webhooks::progress(&system.webhooks_table(), source(2), &id, now).await.unwrap();
    assert!(progress.is_due(now), "{progress:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_the_status_and_the_url_are_not_lost() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    operator.text(&format!("webhook set {id} {URL}")).await;
    operator.text(&format!("webhook disable {id}")).await;
    let (enable, set) =
        (format!("webhook enable {id}"), format!("webhook set {id} https://partner.example/other"));
    tokio::join!(operator.text(&enable), operator.text(&set), operator.text(&enable));
    for number in [1, 2] {
        let endpoint = endpoint(&system, &id, number).await;
        let expected = (EndpointStatus::Enabled, "https://partner.example/other");
        assert_eq!((endpoint.status, endpoint.url.as_str()), expected);
    }
}
