//! Conditional writes when another call changes the item between the read and the write.

use std::slice::from_ref;

use aws_sdk_dynamodb::types::AttributeValue;
use model::{AppId, BoundedText, Source, oauth::ApplicationStatus};
use serde_json::json;
use store::{
    AuditEntry, Stored, applications,
    webhooks::{self, DisabledBecause, Endpoint, EndpointStatus, SigningSecrets},
};
use tests::{ManualClock, System, TOKENS_PER_MINUTE, push_request};

use super::inboxes::ids;

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;
const DAY: u64 = 24 * 3600;

/// The number of a function's second request to the store, after the authorizer's read and the first one.
const SECOND: usize = 2;

/// A system at `NOW` plus an hour, in which the message `m` of `u` with the content `old` has just expired.
async fn system_with_expired_message(clock: &ManualClock) -> System {
    let system = System::start_at(clock).await;
    system.message_push.push("u", "old", "m", 1).await;
    clock.advance_seconds(3600);
    system
}

#[tokio::test]
async fn of_two_contents_that_replace_an_expired_one_the_first_stays() {
    let clock = ManualClock::at(NOW);
    let system = system_with_expired_message(&clock).await;
    let other = system.message_push.clone();
    system.proxy.before(SECOND, async move { other.push("u", "first", "m", 1).await });
    let reply = system.message_push.try_push(push_request("u", "second", "m", 1)).await;
    reply.is_code(400, "messsagePush.messageId: already used for different content");
    assert_eq!(system.platform.contents("u").await, ["first"]);
}

#[tokio::test]
async fn an_expired_content_that_is_deleted_meanwhile_is_replaced_all_the_same() {
    let clock = ManualClock::at(NOW);
    let system = system_with_expired_message(&clock).await;
    let delete = system.dynamodb.delete_item().table_name(&system.chat_table);
    let delete = delete.key("pk", AttributeValue::S("PUSH#demo#m".to_owned()));
    let delete = delete.key("sk", AttributeValue::S("CONTENT".to_owned()));
    system.proxy.before(SECOND, async move { drop(delete.send().await.unwrap()) });
    system.message_push.push("u", "new", "m", 1).await;
    assert_eq!(system.platform.contents("u").await, ["new"]);
}

#[tokio::test]
async fn of_two_recalls_the_first_counts() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 1).await;
    let (other, later) = (system.message_push.clone(), clock.clone());
    system.proxy.before(SECOND, async move {
        later.advance_seconds(60);
        other.recall("m").await;
    });
    system.message_push.recall("m").await;
    let recalled = ("recalled".to_owned(), "2026-11-21 08:01:10".to_owned());
    assert_eq!(system.message_push.state("m", "u").await, recalled);
}

#[tokio::test]
async fn a_recall_counts_for_the_content_that_replaced_an_expired_one() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "old", "m", 1).await;
    let (other, later) = (system.message_push.clone(), clock.clone());
    system.proxy.before(SECOND, async move {
        later.advance_seconds(3600);
        other.push("u", "new", "m", 1).await;
    });
    system.message_push.recall("m").await;
    assert_eq!(system.message_push.state("m", "u").await.0, "recalled");
    assert_eq!(system.platform.contents("u").await, [""; 0]);
}

#[tokio::test]
async fn of_two_replacements_of_an_outdated_acknowledgement_the_first_stays() {
    for state in ["delivered", "read"] {
        let clock = ManualClock::at(NOW);
        let system = System::start_at(&clock).await;
        system.message_push.push("u", "x", "m", 1).await;
        system.platform.ack_message("u", "m", "read").await;
        clock.advance_seconds(30 * DAY);
        system.message_push.push("u", "x", "m", 1).await;
        assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
        let shown = system.platform.ack_id("u", "demo", "m").await;
        let (other, read, later) = (system.platform.clone(), shown.clone(), clock.clone());
        system.proxy.before(SECOND, async move {
            later.advance_seconds(60);
            other.ack("u", &[read], "read").await.is_code(200, "success");
        });
        system.platform.ack("u", from_ref(&shown), state).await;
        let read = ("read".to_owned(), "2026-12-21 08:01:10".to_owned());
        assert_eq!(system.message_push.state("m", "u").await, read, "{state}");
    }
}

#[tokio::test]
async fn an_application_that_another_operator_changed_is_not_overwritten() {
    let system = System::start().await;
    system.operator.create_application("app").await;
    let (access, app) = (system.access_table(), AppId::parse("app").unwrap());
    let before = applications::find(&access, &app).await.unwrap().unwrap();
    system.operator.change("app", |found| _ = found.set_status(ApplicationStatus::Disabled)).await;
    let entry = AuditEntry { at: system.clock.now(), who: "a test".to_owned(), what: "changed".to_owned() };
    let stored = applications::update(&access, &before, before.application.clone(), &entry).await.unwrap();
    assert_eq!(stored, Stored::Conflict);
    let stored = applications::create(&access, before.application, &entry).await.unwrap();
    assert_eq!(stored, Stored::Conflict, "it exists");
    let after = applications::find(&access, &app).await.unwrap().unwrap();
    assert_eq!(after.application.status, ApplicationStatus::Disabled);
}

#[tokio::test]
async fn an_endpoint_that_was_set_meanwhile_is_not_disabled() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.set_webhook("demo", "https://example.com/old").await;
    let (table, app) = (system.webhooks_table(), AppId::parse("demo").unwrap());
    let before = webhooks::find(&table, Source::DEFAULT, &app).await.unwrap().unwrap();
    clock.advance_seconds(1);
    system.set_webhook("demo", "https://example.com/new").await;
    let because = DisabledBecause::Gone;
    assert!(!webhooks::disable(&table, &before, because, system.clock.now()).await.unwrap());
    let after = webhooks::find(&table, Source::DEFAULT, &app).await.unwrap().unwrap();
    let expected = Endpoint {
        url: "https://example.com/new".to_owned(),
        status: EndpointStatus::Enabled,
        changed_at: system.clock.now(),
        ..before
    };
    assert_eq!(after, expected);
}

#[tokio::test]
async fn of_two_rotations_of_signing_secrets_the_first_counts() {
    let system = System::start().await;
    let (table, app) = (system.webhooks_table(), AppId::parse("demo").unwrap());
    let first = SigningSecrets::new("first".to_owned());
    let put = async |secrets: &SigningSecrets| webhooks::put_secrets(&table, &app, secrets).await.unwrap();
    let stored = async || webhooks::find_secrets(&table, &app).await.unwrap();
    assert!(put(&first).await);
    assert!(!put(&SigningSecrets::new("other".to_owned())).await);
    assert!(stored().await == Some(first.clone()));
    let [second, other] = ["second", "other"].map(|secret| first.clone().rotated(secret.to_owned(), None));
    assert!(put(&second).await);
    assert!(!put(&other).await);
    assert!(stored().await == Some(second));
}

#[tokio::test]
async fn of_two_requests_for_the_last_token_of_a_minute_one_gets_it() {
    let system = System::start_at(&ManualClock::at(NOW)).await;
    let client = system.operator.create_application("a").await;
    for _ in 1..TOKENS_PER_MINUTE {
        client.token().await;
    }
    let other = client.clone();
    // The transaction follows two reads.
    system.proxy.before(2, async move { drop(other.token().await) });
    assert_eq!(client.ask().await.status, 429);
    let mut counts = system.access_items().await;
    counts.retain(|item| item["sk"].as_str().is_some_and(|sort| sort.starts_with("ISSUED#")));
    let counts: Vec<_> = counts.iter().map(|item| (&item["issued"], &item["expireAt"])).collect();
    // The minute ends 50 s after `NOW`.
    assert_eq!(counts, [(&json!(TOKENS_PER_MINUTE), &json!(NOW / 1000 + 50))]);
}

#[tokio::test]
async fn of_two_messages_of_a_chat_at_the_same_time_each_has_its_number() {
    let system = System::start().await;
    for earlier in 0..2 {
        system.proxy.forget();
        assert_eq!(system.platform.say("other", &earlier.to_string(), "x").await, earlier + 1);
        let operations = system.proxy.operations();
        let transaction = operations.iter().position(|operation| operation == "TransactWriteItems").unwrap();
        let chat = format!("c{earlier}");
        for number in 0..earlier {
            system.platform.say(&chat, &number.to_string(), "x").await;
        }
        let (other, its_chat) = (system.platform.clone(), chat.clone());
        system.proxy.before(transaction, async move {
            assert_eq!(other.say(&its_chat, "first", "x").await, earlier + 1);
        });
        assert_eq!(system.platform.say(&chat, "second", "x").await, earlier + 2);
    }
}
