//! The functions that read and acknowledge the inbox of a user.

use model::ContentHash;
use serde_json::{Value, json};
use tests::{acknowledged, push_request};

use super::{Scenario, scenarios};
use crate::crashes::world::{CONTENT, World};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::from(scenarios!(
        "LogInUserFunction",
        "empty inbox" => first_login,
        "inbox" => login,
    ));
    all.extend(scenarios!(
        "GetPendingMessagesFunction",
        "empty inbox" => empty_inbox,
        "inbox" => inbox,
        "expired deliveries" => expired_deliveries,
    ));
    all.extend(scenarios!(
        "AcknowledgeMessagesFunction",
        "delivered" => delivered,
        "read, three messages" => read,
        "read after delivered" => read_after_delivered,
        "repeat after 30 days" => after_30_days,
        "an invalid ackId" => invalid,
    ));
    all
}

/// Pushes two messages that are shown, one that was acknowledged and pushed again, and one that was recalled.
async fn fill(world: &World) {
    for id in ["1", "2"] {
        world.system.message_push.push("u", &format!("{CONTENT} {id}"), id, 1).await;
    }
    world.system.message_push.push("u", CONTENT, "read", 1).await;
    world.system.platform.ack_message("u", "read", "read").await;
    world.system.message_push.push("u", CONTENT, "read", 1).await;
    world.system.message_push.push("u", CONTENT, "recalled", 1).await;
    world.system.message_push.recall("recalled").await;
}

/// The ids of the messages of a page.
fn ids(data: &Value) -> Vec<String> {
    let messages = data["messages"].as_array().into_iter().flatten();
    messages.map(|message| message["messageId"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn first_login(world: &World) {
    logs_in(world, &[]).await;
}

async fn login(world: &World) {
    fill(world).await;
    logs_in(world, &["1", "2"]).await;
}

async fn logs_in(world: &World, pending: &[&str]) {
    let user = || async { world.system.customer_service.user_info(&[("clientId", "client")]).await.status };
    let body = json!({"userId": "u", "clientId": "client", "hostIp": "10.1.123.6", "userAgent": "x"});
    let call = async || world.system.platform.try_login(&body).await;
    let first = world.crash(call).await;
    if first.status == 200 {
        assert_eq!(user().await, 200, "the details of a login are lost");
    }
    let retry = world.retry(call).await;
    assert_eq!(ids(&retry.data()), pending);
    assert_eq!(user().await, 200);
}

async fn empty_inbox(world: &World) {
    reads(world, &[]).await;
}

async fn inbox(world: &World) {
    fill(world).await;
    reads(world, &["1", "2"]).await;
}

/// More deliveries that have expired than a query reads, before one that is shown.
async fn expired_deliveries(world: &World) {
    let hour_ago = world.system.clock.now().millis() - 3_600_000;
    let delivery = |number: u64| {
        json!({
            "pk": "INBOX#u", "sk": format!("W#{:013}#demo#m{number}", hour_ago + number),
            "contentHash": ContentHash::of("x").to_string(), "acceptedAt": hour_ago + number,
            "expireAt": hour_ago / 1000 + 60,
        })
    };
    world.system.store_items((0..45).map(delivery)).await;
    world.system.message_push.push("u", CONTENT, "1", 1).await;
    world.allow(
        "deliveries that have expired are deleted by a page that finds nothing else, or by TTL",
        |item| item.contains(r#""expireAt":"<start -1 h>""#),
    );
    reads(world, &["1"]).await;
}

async fn reads(world: &World, pending: &[&str]) {
    let call = async || world.system.platform.get_pending(&[("userId", "u")]).await;
    let first = world.crash(call).await;
    assert!(first.status == 500 || ids(&first.data()) == pending);
    let retry = world.retry(call).await;
    assert_eq!(ids(&retry.data()), pending);
}

/// The acknowledgement ids of the messages 1 to `count`, which are pushed.
async fn ack_ids(world: &World, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 1..=count {
        world.system.message_push.push("u", CONTENT, &number.to_string(), 1).await;
        ids.push(world.system.platform.ack_id("u", "demo", &number.to_string()).await);
    }
    ids
}

/// Checks that the messages 1 to `count` are in this state and not shown, also after a repeat of their pushes.
async fn holds(world: &World, count: usize, state: &str) {
    assert_eq!(world.system.platform.contents("u").await, [""; 0], "an acknowledged message is shown");
    for number in 1..=count {
        assert_eq!(world.system.message_push.state(&number.to_string(), "u").await.0, state);
    }
}

async fn acknowledges(world: &World, ids: &[String], state: &str) {
    let call = async || world.system.platform.ack("u", ids, state).await;
    let first = world.crash(call).await;
    if first.status == 200 {
        holds(world, ids.len(), state).await;
    }
    world.retry(call).await.is(200, &acknowledged(ids.len()));
    for number in 1..=ids.len() {
        let again = push_request("u", CONTENT, &number.to_string(), 2);
        world.system.message_push.try_push(again).await.is_code(200, "success");
    }
    holds(world, ids.len(), state).await;
}

async fn delivered(world: &World) {
    let ids = ack_ids(world, 1).await;
    acknowledges(world, &ids, "delivered").await;
}

async fn read(world: &World) {
    let ids = ack_ids(world, 3).await;
    acknowledges(world, &ids, "read").await;
}

async fn read_after_delivered(world: &World) {
    let ids = ack_ids(world, 1).await;
    world.system.platform.ack("u", &ids, "delivered").await.is(200, &acknowledged(1));
    acknowledges(world, &ids, "read").await;
}

/// An acknowledgement that is older than 30 days is replaced.
async fn after_30_days(world: &World) {
    let day = 24 * 3_600_000;
    let delivered_at = world.system.clock.now().millis() - 31 * day;
    let hash = ContentHash::of(CONTENT).to_string();
    let outdated = json!({
        "pk": "INBOX#u", "sk": format!("A#demo#1#{hash}"), "deliveredAt": delivered_at, "readAt": delivered_at,
        "expireAt": (delivered_at + 60 * day) / 1000,
    });
    world.system.store_items([outdated]).await;
    let ids = ack_ids(world, 1).await;
    acknowledges(world, &ids, "delivered").await;
}

async fn invalid(world: &World) {
    let mut ids = ack_ids(world, 1).await;
    ids.push("altered".to_owned());
    let call = async || world.system.platform.ack("u", &ids, "read").await;
    world.crash(call).await;
    let data = world.retry(call).await.data();
    assert_eq!(data, json!({"acknowledged": 1, "invalid": ["altered"]}));
    holds(world, 1, "read").await;
}
