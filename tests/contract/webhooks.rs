//! Webhooks: what the user says reaches a partner's receiver.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::webhooks::{EndpointStatus, Seek, SigningSecrets};
use tests::{ManualClock, Reaction, Receiver, SECRET, Setup, Stream, System, user_text};

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

/// The numbers 1 to `count` for each of these chats.
pub(super) fn complete(chats: &[&str], count: u64) -> BTreeMap<String, Vec<u64>> {
    chats.iter().map(|chat| ((*chat).to_owned(), (1..=count).collect())).collect()
}

/// A system whose stream starts deliveries.
async fn system_at(clock: &ManualClock) -> System {
    let clock = Some(clock.clone());
    System::start_with(Setup { clock, stream: Stream::Runs, ..Setup::default() }).await
}

#[tokio::test]
async fn a_message_reaches_the_receiver_signed_and_whole() {
    let clock = ManualClock::at(NOW);
    let system = system_at(&clock).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    let mut message = user_text("c", "m-1", "您好😀");
    message["clientId"] = json!("u");
    assert_eq!(system.platform.try_say(message).await.data()["seq"], 1);
    receiver.arrived(1).await;
    let webhook = receiver.received().remove(0);
    assert!(webhook.is_signed_with(SECRET));
    assert!(webhook.id().starts_with("msg_") && !webhook.id().contains('.'));
    assert_eq!(webhook.headers["webhook-timestamp"], (NOW / 1000).to_string());
    assert_eq!(webhook.headers["content-type"], "application/json;charset=UTF-8");
    assert_eq!(
        serde_json::from_str::<Value>(&webhook.body).unwrap(),
        json!({
            "type": "chat.messages",
            "timestamp": "2026-11-21T00:00:10.000Z",
            "data": {"source": 1, "messages": [{
                "openId": "c", "seq": 1, "messageId": "m-1", "clientId": "u", "time": "2026-11-21 08:00:10",
                "msgtype": "text", "text": {"content": "您好😀"},
            }]},
        })
    );
    // The same entry as `sync` gives.
    let list = system.customer_service.sync("").await["list"].take();
    assert_eq!(list, json!(webhook.entries()));
}

#[tokio::test]
async fn messages_of_many_chats_arrive_in_order_and_once() {
    let system = System::start_with(Setup { stream: Stream::Runs, ..Setup::default() }).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    for number in 1..=20 {
        for chat in ["a", "b", "c"] {
            system.platform.say(chat, &number.to_string(), "您好").await;
        }
    }
    let chats = complete(&["a", "b", "c"], 20);
    receiver.until(|receiver| receiver.effects() == chats).await;
    let entries = receiver.received().iter().flat_map(tests::Received::entries).count();
    assert_eq!(entries, 60, "each once");
}

#[tokio::test]
async fn a_batch_has_at_most_100_entries() {
    let clock = ManualClock::at(NOW);
    let system = system_at(&clock).await;
    for number in 1..=250 {
        system.platform.say("c", &number.to_string(), "x").await;
    }
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    assert!(system.delivery("demo").await);
    let sizes: Vec<_> = receiver.received().iter().map(|webhook| webhook.entries().len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(receiver.effects(), complete(&["c"], 250));
}

#[tokio::test]
async fn a_batch_has_at_most_256_kilobytes() {
    let clock = ManualClock::at(NOW);
    let system = system_at(&clock).await;
    for number in 1..=5 {
        system.platform.say("c", &number.to_string(), &"好".repeat(32_768)).await;
    }
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    assert!(system.delivery("demo").await);
    let sizes: Vec<_> = receiver.received().iter().map(|webhook| webhook.body.len()).collect();
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().all(|size| *size <= 262_144), "{sizes:?}");
    assert_eq!(receiver.effects(), complete(&["c"], 5));
}

#[tokio::test]
async fn every_application_of_a_source_gets_all_of_its_messages_and_no_other_sources() {
    let system = System::start_with(Setup { stream: Stream::Runs, ..Setup::default() }).await;
    system.operator.create_application("another").await;
    let (one, other) = (Receiver::start(), Receiver::start());
    system.set_webhook("demo", &one.url()).await;
    system.set_webhook("another", &other.url()).await;
    system.platform.say("c", "1", "x").await;
    let mut message = user_text("foreign", "1", "x");
    message["source"] = json!(2);
    assert_eq!(system.platform.try_say(message).await.status, 200);
    system.platform.say("c", "2", "x").await;
    for receiver in [&one, &other] {
        receiver.until(|receiver| receiver.effects() == complete(&["c"], 2)).await;
    }
}

#[tokio::test]
async fn both_secrets_sign_until_the_old_one_ends() {
    let clock = ManualClock::at(NOW);
    let system = system_at(&clock).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    let new = "whsec_HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let until = NOW / 1000 + 3600;
    let rotated = SigningSecrets::new(SECRET.to_owned()).rotated(new.to_owned(), Some(until));
    let app = model::BoundedText::parse("demo").unwrap();
    store::webhooks::put_secrets(&system.webhooks_table(), &app, &rotated).await.unwrap();
    system.platform.say("c", "1", "x").await;
    assert!(system.delivery("demo").await);
    receiver.arrived(1).await;
    let webhook = receiver.received().remove(0);
    assert!(webhook.is_signed_with(SECRET) && webhook.is_signed_with(new));
    clock.advance_seconds(3600);
    system.platform.say("c", "2", "x").await;
    receiver.arrived(2).await;
    let webhook = receiver.received().remove(1);
    assert!(!webhook.is_signed_with(SECRET) && webhook.is_signed_with(new));
}

#[tokio::test]
async fn replay_and_skip_move_the_place_of_the_next_delivery() {
    let clock = ManualClock::at(NOW);
    let system = system_at(&clock).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    for number in 1..=3 {
        system.platform.say("c", &number.to_string(), "x").await;
        clock.advance_seconds(60);
    }
    assert!(system.delivery("demo").await);
    receiver.until(|receiver| receiver.effects() == complete(&["c"], 3)).await;
    let before = receiver.received().len();
    system.seek("demo", Seek::To(model::Timestamp::from_millis(NOW + 60_000))).await;
    assert!(system.delivery("demo").await);
    let replayed = receiver.received().split_off(before);
    let numbers: Vec<_> =
        replayed.iter().flat_map(tests::Received::entries).map(|entry| entry["seq"].clone()).collect();
    assert_eq!(numbers, [json!(2), json!(3)]);
    system.platform.say("c", "4", "x").await;
    receiver.until(|receiver| receiver.effects() == complete(&["c"], 4)).await;
    let before = receiver.received().len();
    clock.advance_seconds(60);
    system.seek("demo", Seek::To(clock.now())).await;
    assert!(system.delivery("demo").await);
    assert_eq!(receiver.received().len(), before, "nothing is new");
}

#[tokio::test]
async fn a_disabled_application_or_scope_or_source_gets_nothing_until_it_is_enabled_again() {
    use model::oauth::{ApplicationStatus, Scope};
    let clock = ManualClock::at(NOW);
    let system = system_at(&clock).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    let scope = Scope::CustomerService.name();
    system.operator.change("demo", |app| _ = app.set_status(ApplicationStatus::Disabled)).await;
    system.platform.say("c", "1", "x").await;
    assert!(system.delivery("demo").await);
    system
        .operator
        .change("demo", |app| {
            app.set_status(ApplicationStatus::Enabled);
            app.reject_scope(scope).unwrap();
        })
        .await;
    assert!(system.delivery("demo").await);
    system
        .operator
        .change("demo", |app| {
            app.request_scope(scope);
            app.approve_scope(scope).unwrap();
            app.sources = vec![2.try_into().unwrap()];
        })
        .await;
    assert!(system.delivery("demo").await);
    assert_eq!(receiver.received().len(), 0);
    system.operator.change("demo", |app| app.sources = vec![model::Source::DEFAULT]).await;
    clock.advance_seconds(61);
    system.sweep().await.unwrap();
    receiver.until(|receiver| receiver.effects() == complete(&["c"], 1)).await;
    assert_eq!(system.webhook_status("demo").await, EndpointStatus::Enabled);
}

#[tokio::test]
async fn an_application_that_is_disabled_between_two_batches_gets_no_further_one() {
    use model::oauth::ApplicationStatus;
    let clock = ManualClock::at(NOW);
    let system = std::sync::Arc::new(system_at(&clock).await);
    for number in 1..=150 {
        system.platform.say("c", &number.to_string(), "x").await;
    }
    let slow = Reaction::Slow(std::time::Duration::from_millis(500));
    let receiver = Receiver::start_with(move |_| slow);
    system.set_webhook("demo", &receiver.url()).await;
    let delivery = tokio::spawn(system.delivery("demo"));
    receiver.arrived(1).await;
    system.operator.change("demo", |app| _ = app.set_status(ApplicationStatus::Disabled)).await;
    assert!(delivery.await.unwrap());
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(receiver.effects(), complete(&["c"], 100), "and the accepted batch is not posted again");
    assert_eq!(system.webhook_progress("demo").await.delivery.pending, None);
}
