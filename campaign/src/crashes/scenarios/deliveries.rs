//! The functions that post the messages of users to webhook endpoints.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use local::events::scheduled_event;
use model::oauth::{ApplicationStatus, Scope};
use serde_json::{Value, json};
use store::webhooks::{DisabledBecause, EndpointStatus};
use tests::{ACCEPT, Reaction, Receiver};

use super::{Scenario, scenarios};
use crate::crashes::world::{CONTENT, World, fail};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::from(scenarios!(
        "DispatchEventsFunction",
        "batch of the stream" => stream,
        "sweep" => sweep,
    ));
    all.extend(scenarios!(
        "DeliverEventsFunction",
        "no message" => nothing,
        "one batch" => one_batch,
        "several batches" => several_batches,
        "receiver that fails" => failing_receiver,
        "receiver that is gone" => gone_receiver,
        "disabled application" => disabled_application,
    ));
    all
}

const STREAM: &str = include_str!("../../../../events/dispatch-events/stream.json");

/// Says `count` messages in each of two chats.
async fn say(world: &World, count: u64, content: &str) {
    for number in 1..=count {
        for chat in ["a", "b"] {
            world.system.platform.say(chat, &number.to_string(), content).await;
        }
    }
}

/// The numbers 1 to `count` for each of the two chats.
fn complete(count: u64) -> BTreeMap<String, Vec<u64>> {
    ["a", "b"].into_iter().map(|chat| (chat.to_owned(), (1..=count).collect())).collect()
}

/// Checks that a request with the same id has the same entries, and that an entry has the same id in every request.
fn has_one_id_for_each_entry(receiver: &Receiver) {
    let (mut batches, mut ids) = (BTreeMap::<String, Vec<Value>>::new(), BTreeMap::<String, String>::new());
    for webhook in receiver.received() {
        let entries = webhook.entries();
        for entry in &entries {
            let entry = format!("{} {}", entry["openId"], entry["seq"]);
            let id = ids.entry(entry).or_insert_with(|| webhook.id().to_owned());
            assert_eq!(id, webhook.id(), "an entry was posted under two ids");
        }
        let first = batches.entry(webhook.id().to_owned()).or_insert_with(|| entries.clone());
        assert_eq!(*first, entries, "an id stands for two batches");
    }
}

async fn stream(world: &World) {
    dispatches(world, STREAM).await;
}

async fn sweep(world: &World) {
    dispatches(world, &scheduled_event(world.system.clock.now())).await;
}

/// Two applications get all messages, whenever the function dies, since Lambda repeats the batch and each minute has a sweep.
async fn dispatches(world: &World, event: &str) {
    world.system.operator.create_application("other").await;
    let receivers = [("demo", Receiver::start()), ("other", Receiver::start())];
    for (app, receiver) in &receivers {
        world.system.set_webhook(app, &receiver.url()).await;
    }
    say(world, 2, CONTENT).await;
    let call = async || world.system.invoke("DispatchEventsFunction", event.to_owned()).await;
    let first = world.crash(call).await;
    if first.is_ok() {
        arrive(&receivers, 2).await;
    }
    let retry = call().await;
    assert!(retry.is_ok(), "{retry:?}");
    arrive(&receivers, 2).await;
    world.check_tables().await;
}

async fn arrive(receivers: &[(&str, Receiver)], count: u64) {
    for (_, receiver) in receivers {
        receiver.until(|receiver| receiver.effects() == complete(count)).await;
        has_one_id_for_each_entry(receiver);
    }
}

/// The event of a delivery.
fn delivery() -> String {
    json!({"source": 1, "app": "demo"}).to_string()
}

/// One delivery. It has no caller: a failure is a delivery that the next sweep repeats.
async fn deliver(world: &World) -> bool {
    world.system.invoke("DeliverEventsFunction", delivery()).await.is_ok()
}

/// Ends the lease of a delivery that was killed, and the wait for its next attempt, as time does: a lease ends after 60 seconds, which
/// no case waits for.
async fn age(world: &World) {
    let key = |value: &str| AttributeValue::S(value.to_owned());
    let update = world
        .system
        .dynamodb
        .update_item()
        .table_name(&world.system.webhooks_table)
        .key("pk", key("ENDPOINT#1#demo"))
        .key("sk", key("PROGRESS"))
        .update_expression("SET leaseUntil = :past, nextAttemptAt = :past")
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_values(":past", AttributeValue::N("1".to_owned()));
    // Without a progress there is nothing to age.
    drop(update.send().await);
}

/// The next delivery after the crash: by the sweep, which must find the endpoint as long as it is behind.
async fn resume(world: &World, receiver: &Receiver, count: u64) {
    age(world).await;
    if receiver.effects() != complete(count) {
        world.system.sweep().await.unwrap_or_else(|error| fail(&error.to_string()));
        receiver.until(|receiver| receiver.effects() == complete(count)).await;
        world.system.until_idle("demo").await;
    }
    assert!(deliver(world).await);
}

async fn nothing(world: &World) {
    let receiver = Receiver::start();
    world.system.set_webhook("demo", &receiver.url()).await;
    world.crash(async || deliver(world).await).await;
    age(world).await;
    assert!(world.retry(async || deliver(world).await).await);
    assert_eq!(receiver.received().len(), 0);
    // The endpoint is not stuck.
    say(world, 1, CONTENT).await;
    resume(world, &receiver, 1).await;
}

async fn one_batch(world: &World) {
    delivers(world, 3, CONTENT).await;
}

/// Three messages of this length exceed a body.
async fn several_batches(world: &World) {
    delivers(world, 2, &format!("{CONTENT}{}", "您".repeat(32_000))).await;
}

async fn delivers(world: &World, count: u64, content: &str) {
    let receiver = Receiver::start();
    world.system.set_webhook("demo", &receiver.url()).await;
    say(world, count, content).await;
    if world.crash(async || deliver(world).await).await {
        assert_eq!(receiver.effects(), complete(count));
    }
    resume(world, &receiver, count).await;
    world.check_tables().await;
    has_one_id_for_each_entry(&receiver);
}

/// Delivers two messages to a receiver that refuses them in this way.
async fn is_refused(world: &World, refusal: Reaction) -> Receiver {
    let receiver = Receiver::start_with(move |_| refusal);
    world.system.set_webhook("demo", &receiver.url()).await;
    say(world, 2, CONTENT).await;
    world.allow("a repeated attempt is another failure", |item| item.contains(r#""sk":"PROGRESS""#));
    world.crash(async || deliver(world).await).await;
    age(world).await;
    assert!(world.retry(async || deliver(world).await).await);
    receiver
}

/// A receiver that asks for an hour: the delivery gives up, and a later one posts the same batch.
async fn failing_receiver(world: &World) {
    let receiver = is_refused(world, Reaction::Answer(503, "retry-after: 3600\r\n")).await;
    let progress = world.system.webhook_progress("demo").await;
    assert!(progress.delivery.failures > 0 && progress.delivery.pending.is_some());
    assert!(progress.next_attempt_at > Some(world.system.clock.now()), "the receiver is asked again at once");
    receiver.react(|_| ACCEPT);
    resume(world, &receiver, 2).await;
    has_one_id_for_each_entry(&receiver);
}

async fn gone_receiver(world: &World) {
    let receiver = is_refused(world, Reaction::Answer(410, "")).await;
    assert_eq!(world.system.webhook_status("demo").await, EndpointStatus::Disabled(DisabledBecause::Gone));
    // Nothing is skipped once an operator enables it again.
    receiver.react(|_| ACCEPT);
    world.system.enable_webhook("demo").await;
    resume(world, &receiver, 2).await;
    has_one_id_for_each_entry(&receiver);
}

async fn disabled_application(world: &World) {
    let receiver = Receiver::start();
    world.system.operator.create_application_with("a", &[Scope::CustomerService], &[1]).await;
    world.system.set_webhook("demo", &receiver.url()).await;
    say(world, 2, CONTENT).await;
    world
        .system
        .operator
        .change("demo", |application| application.status = ApplicationStatus::Disabled)
        .await;
    world.crash(async || deliver(world).await).await;
    age(world).await;
    assert!(world.retry(async || deliver(world).await).await);
    assert_eq!(receiver.received().len(), 0, "a disabled application gets nothing");
    world.system.operator.change("demo", |application| application.status = ApplicationStatus::Enabled).await;
    resume(world, &receiver, 2).await;
}
