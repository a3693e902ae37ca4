//! The functions of the push product.

use model::ContentHash;
use serde_json::{Value, json};
use tests::push_request;

use super::{Scenario, scenarios};
use crate::crashes::world::{CONTENT, World};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::from(scenarios!(
        "PushMessageFunction",
        "new" => new,
        "30 users, two batches" => two_batches,
        "100 users, the largest content" => largest,
        "repeat" => repeat,
        "repeat with a later deadline" => later_deadline,
        "further users" => further_users,
        "messageId of another content" => taken,
        "recalled messageId" => recalled,
        "messageId of an expired content" => expired,
    ));
    all.extend(scenarios!(
        "RecallMessageFunction",
        "pending message" => recall_pending,
        "delivered message" => recall_delivered,
        "repeat" => recall_again,
        "unknown message" => recall_unknown,
    ));
    all.extend(scenarios!(
        "GetPushStatusFunction",
        "pending and acknowledged" => status,
        "acknowledged between two pages" => status_pages,
    ));
    all
}

/// The users whose inboxes a check reads: these of the first and the last item of each batch. The status and the tables have all users.
const SAMPLE: [usize; 8] = [0, 1, 24, 25, 29, 74, 75, 99];

/// Checks that users are shown the content once, and that the status has each user once, as pending.
async fn is_pending(world: &World, users: &[String], content: &str) {
    let status = pages_of_status(world).await;
    for (index, user) in users.iter().enumerate() {
        if SAMPLE.contains(&index) {
            let contents = world.system.platform.contents(user).await;
            assert!(contents == [content], "{user} is shown {} messages", contents.len());
        }
        let found: Vec<_> = status.iter().filter(|one| one["userId"] == **user).collect();
        assert!(matches!(found[..], [found] if found["state"] == "pending"), "{user}: {found:?}");
    }
}

/// The users of the message `m`.
async fn pages_of_status(world: &World) -> Vec<Value> {
    let data = world.system.message_push.get_status(&[("messageId", "m"), ("limit", "1000")]).await.data();
    assert_eq!(data["cursor"], Value::Null);
    data["users"].as_array().cloned().unwrap_or_default()
}

fn users(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("user-{number}")).collect()
}

/// A push that must succeed, and its repeat. The users are shown the content once.
async fn pushes(world: &World, users: &[String], content: &str, hours: u64) {
    let request = push_request(&users.join(","), content, "m", hours);
    let call = async || world.system.message_push.try_push(&request).await;
    let first = world.crash(call).await;
    if first.status == 200 {
        is_pending(world, users, content).await;
    }
    world.retry(call).await.is_code(200, "success");
    is_pending(world, users, content).await;
}

async fn new(world: &World) {
    pushes(world, &users(2), CONTENT, 1).await;
    // Acknowledged, it stays so when the push is repeated once more.
    world.system.platform.ack_message("user-0", "m", "read").await;
    world.system.message_push.push("user-0,user-1", CONTENT, "m", 1).await;
    assert_eq!(world.system.platform.contents("user-0").await, [""; 0]);
    assert_eq!(world.system.message_push.state("m", "user-0").await.0, "read");
}

async fn two_batches(world: &World) {
    pushes(world, &users(30), CONTENT, 1).await;
}

async fn largest(world: &World) {
    pushes(world, &users(100), &format!("{CONTENT}{}", "x".repeat(32_000)), 168).await;
}

async fn repeat(world: &World) {
    world.system.message_push.push("user-0,user-1", CONTENT, "m", 1).await;
    pushes(world, &users(2), CONTENT, 1).await;
}

async fn later_deadline(world: &World) {
    world.system.message_push.push("user-0,user-1", CONTENT, "m", 1).await;
    pushes(world, &users(2), CONTENT, 2).await;
}

async fn further_users(world: &World) {
    world.system.message_push.push("first", CONTENT, "m", 1).await;
    world.system.platform.ack_message("first", "m", "delivered").await;
    pushes(world, &users(2), CONTENT, 1).await;
    assert_eq!(world.system.message_push.state("m", "first").await.0, "delivered");
    assert_eq!(world.system.platform.contents("first").await, [""; 0]);
}

async fn taken(world: &World) {
    world.system.message_push.push("user-0", "another content", "m", 1).await;
    let request = push_request("user-0,user-1", CONTENT, "m", 1);
    let call = async || world.system.message_push.try_push(&request).await;
    assert_ne!(world.crash(call).await.status, 200);
    let retry = world.retry(call).await;
    retry.is_code(400, "messsagePush.messageId: already used for different content");
    is_pending(world, &users(1), "another content").await;
    assert_eq!(world.system.platform.contents("user-1").await, [""; 0]);
}

async fn recalled(world: &World) {
    world.system.message_push.push("user-0", CONTENT, "m", 1).await;
    world.system.message_push.recall("m").await;
    let request = push_request("user-0,user-1", CONTENT, "m", 1);
    let call = async || world.system.message_push.try_push(&request).await;
    assert_ne!(world.crash(call).await.status, 200);
    world.retry(call).await.is_code(400, "messsagePush.messageId: already recalled");
    for user in users(2) {
        assert_eq!(world.system.platform.contents(&user).await, [""; 0]);
    }
}

/// After the deadline the id is free, also while DynamoDB has not deleted the content yet.
async fn expired(world: &World) {
    let hour_ago = world.system.clock.now().millis() - 3_600_000;
    let content = json!({
        "pk": "PUSH#demo#m", "sk": "CONTENT", "content": "another content",
        "contentHash": ContentHash::of("another content").to_string(), "firstAcceptedAt": hour_ago,
        "expireAt": hour_ago / 1000 + 60,
    });
    world.system.store_items([content]).await;
    pushes(world, &users(2), CONTENT, 1).await;
}

async fn recalls(world: &World) {
    let body = json!({"messageId": "m"});
    let call = async || world.system.message_push.try_recall(&body).await;
    let first = world.crash(call).await;
    if first.status == 200 {
        assert_eq!(world.system.platform.contents("user-0").await, [""; 0], "a recalled message is shown");
    }
    call().await.is_code(200, "success");
    assert_eq!(world.system.platform.contents("user-0").await, [""; 0], "a recalled message is shown");
    // The inbox has deleted the delivery.
    world.check_tables().await;
    assert_eq!(world.system.message_push.state("m", "user-0").await.0, "recalled");
    let again = push_request("user-0", CONTENT, "m", 1);
    let again = world.system.message_push.try_push(again).await;
    again.is_code(400, "messsagePush.messageId: already recalled");
}

async fn recall_pending(world: &World) {
    world.system.message_push.push("user-0", CONTENT, "m", 1).await;
    recalls(world).await;
}

async fn recall_delivered(world: &World) {
    world.system.message_push.push("user-0,has-it", CONTENT, "m", 1).await;
    world.system.platform.ack_message("has-it", "m", "read").await;
    recalls(world).await;
    assert_eq!(world.system.message_push.state("m", "has-it").await.0, "read");
}

async fn recall_again(world: &World) {
    world.system.message_push.push("user-0", CONTENT, "m", 1).await;
    world.system.message_push.recall("m").await;
    recalls(world).await;
}

async fn recall_unknown(world: &World) {
    let body = json!({"messageId": "m"});
    let call = async || world.system.message_push.try_recall(&body).await;
    assert_ne!(world.crash(call).await.status, 200);
    world.retry(call).await.is_code(404, "message does not exist");
}

async fn status(world: &World) {
    world.system.message_push.push("a,b,c", CONTENT, "m", 1).await;
    world.system.platform.ack_message("b", "m", "read").await;
    world.system.platform.ack_message("c", "m", "delivered").await;
    reads_status(world, &[("messageId", "m")], &["pending", "read", "delivered"]).await;
}

async fn status_pages(world: &World) {
    world.system.message_push.push("a,b,c", CONTENT, "m", 1).await;
    let page = world.system.message_push.get_status(&[("messageId", "m"), ("limit", "1")]).await.data();
    world.system.platform.ack_message("b", "m", "read").await;
    let cursor = page["cursor"].as_str().unwrap_or_default();
    reads_status(world, &[("messageId", "m"), ("cursor", cursor)], &["read", "pending"]).await;
}

async fn reads_status(world: &World, parameters: &[(&str, &str)], states: &[&str]) {
    let call = async || world.system.message_push.get_status(parameters).await;
    let first = world.crash(call).await;
    let retry = world.retry(call).await;
    let data = retry.data();
    let found: Vec<_> =
        data["users"].as_array().into_iter().flatten().map(|user| user["state"].clone()).collect();
    assert_eq!(found, states);
    assert!(first.status == 500 || first.body == retry.body);
}
