//! The functions of the customer-service product.

use serde_json::{Value, json};
use tests::{RECEIVED, begin_event, demo, end_event, text_message};

use super::{Scenario, scenarios};
use crate::crashes::world::{CONTENT, World};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::from(scenarios!(
        "ReceiveMessageFunction",
        "text" => text,
        "begin" => begin,
        "text with msgId" => text_with_id,
        "end with msgId" => end_with_id,
        "msgId of another message" => taken_id,
    ));
    all.extend(scenarios!(
        "GetChatlogFunction",
        "short log" => short_log,
        "log of two queries" => long_log,
    ));
    all.extend(scenarios!(
        "GetUserInfoFunction",
        "known user" => known_user,
        "unknown user" => unknown_user,
    ));
    all.extend(scenarios!(
        "SyncMessagesFunction",
        "first page" => first_page,
        "next page" => next_page,
    ));
    all
}

/// The messages of the chat `c`, as the chat window shows them.
async fn shown(world: &World) -> Vec<Value> {
    let data = world.system.platform.poll("c", "", "").await;
    data["messages"].as_array().cloned().unwrap_or_default()
}

async fn text(world: &World) {
    without_id(world, &text_message("c", "客服A", CONTENT)).await;
}

async fn begin(world: &World) {
    without_id(world, &begin_event("c", "客服A")).await;
    let chat = world.system.platform.poll("c", "", "").await;
    assert_eq!((&chat["state"], &chat["agent"]), (&json!("human"), &json!("客服A")));
}

/// A message is stored once for each call that is answered with a success, and perhaps by a call that is not answered.
async fn without_id(world: &World, message: &Value) {
    world.allow("without a msgId nothing tells a repeat from another message", |item| {
        item.contains(r#""sk":"MSG#"#) || item.contains(r#""sk":"EVT#"#)
    });
    let call = async || world.system.customer_service.try_receive(message).await;
    let first = world.crash(call).await;
    let was_received = first.status == 200;
    assert!(!was_received || shown(world).await.len() == 1, "an accepted message is lost");
    world.retry(call).await.is(200, RECEIVED);
    let count = shown(world).await.len();
    assert!((1 + usize::from(was_received)..=2).contains(&count), "{count} messages");
}

async fn text_with_id(world: &World) {
    let mut message = text_message("c", "客服A", CONTENT);
    message["msgId"] = json!("1");
    with_id(world, &message).await;
}

async fn end_with_id(world: &World) {
    world.system.customer_service.receive(begin_event("c", "客服A")).await;
    let mut message = end_event("c");
    message["msgId"] = json!("1");
    with_id(world, &message).await;
    assert_eq!(world.system.platform.poll("c", "", "").await["state"], "robot");
}

/// A message with a `msgId` is stored once.
async fn with_id(world: &World, message: &Value) {
    let before = shown(world).await.len();
    let call = async || world.system.customer_service.try_receive(message).await;
    let first = world.crash(call).await;
    assert!(first.status != 200 || shown(world).await.len() == before + 1, "an accepted message is lost");
    world.retry(call).await.is(200, RECEIVED);
    assert_eq!(shown(world).await.len(), before + 1);
}

async fn taken_id(world: &World) {
    let mut message = text_message("c", "客服A", "another content");
    message["msgId"] = json!("1");
    world.system.customer_service.receive(&message).await;
    message["text"]["content"] = json!(CONTENT);
    let call = async || world.system.customer_service.try_receive(&message).await;
    assert_ne!(world.crash(call).await.status, 200);
    world.retry(call).await.is_error(400, 40035, "msgId: already used for different content");
    assert_eq!(shown(world).await.len(), 1);
}

async fn short_log(world: &World) {
    let call = async || world.system.customer_service.chatlog(&[("openId", demo::CHAT)]).await;
    let first = world.crash(call).await;
    let retry = world.retry(call).await;
    assert_eq!(retry.success()["total"], "2");
    assert!(first.status == 500 || first.body == retry.body);
}

async fn long_log(world: &World) {
    let (now, question) = (world.system.clock.now(), "x".repeat(100_000));
    let turn = |number: u64| {
        let moment = now.millis() - 1_000 + number;
        json!({
            "pk": "LOG#1#c", "sk": format!("{moment:013}#019aa3e4-6d50-7000-8000-0000000000{number:02}"),
            "question": question, "reply": number.to_string(), "expireAt": now.seconds() + 3600,
        })
    };
    // 1.5 MB: two queries. A write of a few turns at a time stays within an attempt's second on a busy machine.
    for first in (0..15).step_by(3) {
        world.system.store_items((first..first + 3).map(turn)).await;
    }
    let call = async || world.system.customer_service.chatlog(&[("openId", "c")]).await;
    let first = world.crash(call).await;
    let retry = world.retry(call).await;
    let log = retry.success();
    let replies = log["list"].as_array().into_iter().flatten().map(|entry| entry["Reply"].clone());
    assert!(replies.eq((0..15).map(|number| json!(number.to_string()))), "an entry is missing");
    assert!(first.status == 500 || first.body == retry.body);
}

async fn known_user(world: &World) {
    let call = async || world.system.customer_service.user_info(&[("clientId", demo::USER)]).await;
    let first = world.crash(call).await;
    let retry = world.retry(call).await;
    assert_eq!(retry.success()["chatUser"]["clientId"], demo::USER);
    assert!(first.status == 500 || first.body == retry.body);
}

async fn unknown_user(world: &World) {
    let call = async || world.system.customer_service.user_info(&[("clientId", "nobody")]).await;
    assert_ne!(world.crash(call).await.status, 200);
    world.retry(call).await.is_error(404, 46004, "user does not exist");
}

/// Says three messages in each of two chats.
async fn say_three(world: &World) {
    for number in 1..=3 {
        for chat in ["a", "b"] {
            world.system.platform.say(chat, &number.to_string(), CONTENT).await;
        }
    }
}

/// The chats and numbers of a page of the feed.
fn numbers(page: &Value) -> Vec<(String, u64)> {
    let entries = page["list"].as_array().into_iter().flatten();
    let number = |entry: &Value| {
        (entry["openId"].as_str().unwrap_or_default().to_owned(), entry["seq"].as_u64().unwrap_or_default())
    };
    entries.map(number).collect()
}

async fn first_page(world: &World) {
    say_three(world).await;
    pages(world, "", 6).await;
}

async fn next_page(world: &World) {
    say_three(world).await;
    let page = world.system.customer_service.get_feed(&[("source", "1"), ("limit", "2")]).await.success();
    pages(world, page["cursor"].as_str().unwrap_or_default(), 4).await;
}

/// A repeat with the same cursor gives the same entries, and the next page none of them.
async fn pages(world: &World, cursor: &str, count: usize) {
    let call = async || world.system.customer_service.get_feed(&[("source", "1"), ("cursor", cursor)]).await;
    let first = world.crash(call).await;
    let page = world.retry(call).await.success();
    let given = numbers(&page);
    assert_eq!(given.len(), count);
    for chat in ["a", "b"] {
        let of_chat: Vec<u64> =
            given.iter().filter(|(of, _)| of == chat).map(|(_, number)| *number).collect();
        let last: Vec<u64> = (4 - u64::try_from(of_chat.len()).unwrap_or_default()..=3).collect();
        assert_eq!(of_chat, last, "the numbers of a chat have a gap");
    }
    assert!(first.status == 500 || numbers(&first.json()) == given);
    let next = world.system.customer_service.sync(page["cursor"].as_str().unwrap_or_default()).await;
    assert_eq!(numbers(&next), []);
}
