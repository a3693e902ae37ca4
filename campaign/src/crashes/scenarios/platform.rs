//! The functions of the platform's API for chats.

use serde_json::{Value, json};
use tests::{RECORDED, begin_event, text_message, user_text};

use super::{Scenario, scenarios};
use crate::crashes::world::{CONTENT, World};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::from(scenarios!(
        "GetChatMessagesFunction",
        "oldest" => oldest,
        "latest" => latest,
        "next poll, a human answers" => next_poll,
    ));
    all.extend(scenarios!(
        "RecordChatlogFunction",
        "turn" => turn,
        "turn with entryId" => turn_with_id,
        "entryId of another turn" => taken_entry,
    ));
    all.extend(scenarios!(
        "SendUserMessageFunction",
        "first message" => first_message,
        "next message, a human answers" => next_message,
        "repeat" => repeat,
        "messageId of another message" => taken_message,
    ));
    all
}

/// The texts of both sides: the third-party system begins, an agent speaks, the user speaks.
async fn talk(world: &World) {
    world.system.customer_service.receive(begin_event("c", "系统消息")).await;
    world.system.customer_service.receive(text_message("c", "客服A", CONTENT)).await;
    world.system.platform.say("c", "1", CONTENT).await;
}

async fn oldest(world: &World) {
    talk(world).await;
    polls(world, &[("chatId", "c")], 3, 0).await;
}

async fn latest(world: &World) {
    talk(world).await;
    // The third message is in the window in which late messages are looked for, and so comes with the next poll.
    polls(world, &[("chatId", "c"), ("latest", "true"), ("limit", "2")], 2, 1).await;
}

async fn next_poll(world: &World) {
    talk(world).await;
    let data = world.system.platform.poll("c", "", "").await;
    world.system.platform.say("c", "2", CONTENT).await;
    let after = data["after"].as_str().unwrap_or_default();
    polls(world, &[("chatId", "c"), ("after", after)], 1, 0).await;
}

/// A repeat of a poll gives the same `count` messages, and the next poll none of them but `rest` others.
async fn polls(world: &World, parameters: &[(&str, &str)], count: usize, rest: usize) {
    let messages = |data: &Value| data["messages"].as_array().cloned().unwrap_or_default();
    let call = async || world.system.platform.chat_messages(parameters).await;
    let first = world.crash(call).await;
    let data = world.retry(call).await.data();
    assert_eq!(messages(&data).len(), count);
    assert_eq!((&data["state"], &data["agent"]), (&json!("human"), &json!("客服A")));
    assert!(first.status == 500 || messages(&first.data()) == messages(&data));
    let next = world.system.platform.poll("c", data["after"].as_str().unwrap_or_default(), "").await;
    let next = messages(&next);
    assert_eq!(next.len(), rest);
    assert!(!next.iter().any(|message| messages(&data).contains(message)), "a message is shown twice");
}

/// The entries of the chat log of `c`.
async fn log(world: &World) -> Vec<Value> {
    let log = world.system.customer_service.chatlog(&[("openId", "c")]).await.success();
    log["list"].as_array().cloned().unwrap_or_default()
}

fn turn_of(reply: &str) -> Value {
    json!({"openId": "c", "question": "我是问题", "reply": reply})
}

async fn turn(world: &World) {
    world.allow("without an entryId nothing tells a repeat from another turn", |item| {
        item.contains("LOG#1#c")
    });
    let body = turn_of(CONTENT);
    let call = async || world.system.platform.record_turn(&body).await;
    let first = world.crash(call).await;
    let was_recorded = first.status == 200;
    assert!(!was_recorded || log(world).await.len() == 1, "a recorded turn is lost");
    world.retry(call).await.is(200, RECORDED);
    let count = log(world).await.len();
    assert!((1 + usize::from(was_recorded)..=2).contains(&count), "{count} turns");
}

async fn turn_with_id(world: &World) {
    let mut body = turn_of(CONTENT);
    body["entryId"] = json!("1");
    let call = async || world.system.platform.record_turn(&body).await;
    let first = world.crash(call).await;
    assert!(first.status != 200 || log(world).await.len() == 1, "a recorded turn is lost");
    world.retry(call).await.is(200, RECORDED);
    assert_eq!(log(world).await.len(), 1);
}

async fn taken_entry(world: &World) {
    let mut body = turn_of("another reply");
    body["entryId"] = json!("1");
    world.system.platform.record_turn(&body).await.is(200, RECORDED);
    body["reply"] = json!(CONTENT);
    let call = async || world.system.platform.record_turn(&body).await;
    assert_ne!(world.crash(call).await.status, 200);
    world.retry(call).await.is_code(400, "entryId: already used for different content");
    assert_eq!(log(world).await.len(), 1);
}

async fn first_message(world: &World) {
    says(world, "1", 1).await;
}

async fn next_message(world: &World) {
    talk(world).await;
    says(world, "2", 2).await;
}

async fn repeat(world: &World) {
    world.system.platform.say("c", "1", CONTENT).await;
    says(world, "1", 1).await;
}

/// The user's message has this number in every answer. The numbers have no gap, and each message is in the feed and the chat once.
async fn says(world: &World, id: &str, seq: u64) {
    let body = user_text("c", id, CONTENT);
    let call = async || world.system.platform.try_say(&body).await;
    let first = world.crash(call).await;
    if first.status == 200 {
        assert_eq!(first.data()["seq"], seq);
        is_complete(world, seq).await;
    }
    assert_eq!(world.retry(call).await.data()["seq"], seq);
    is_complete(world, seq).await;
    assert_eq!(world.system.platform.say("c", "last", CONTENT).await, seq + 1);
    is_complete(world, seq + 1).await;
}

/// Checks that the feed and the chat have the numbers 1 to `last`, each once and in order.
async fn is_complete(world: &World, last: u64) {
    let feed = world.system.customer_service.sync("").await["list"].take();
    let chat = world.system.platform.poll("c", "", "").await["messages"].take();
    for (name, list) in [("feed", feed), ("chat", chat)] {
        let numbers = list.as_array().into_iter().flatten().filter_map(|entry| entry["seq"].as_u64());
        assert!(numbers.clone().eq(1..=last), "{name}: {:?}", numbers.collect::<Vec<_>>());
    }
}

async fn taken_message(world: &World) {
    world.system.platform.say("c", "1", "another content").await;
    let body = user_text("c", "1", CONTENT);
    let call = async || world.system.platform.try_say(&body).await;
    assert_ne!(world.crash(call).await.status, 200);
    world.retry(call).await.is_code(400, "messageId: already used for different content");
    is_complete(world, 1).await;
}
