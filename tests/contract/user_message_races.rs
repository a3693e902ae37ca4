//! Messages of users, under concurrency and faults: numbers without gaps, and each message once.

use std::collections::BTreeMap;

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use tests::{Fault, Item, System, begin_event, until_answered, user_text};

/// The number of concurrent systems: they mostly wait, but must not starve each other.
const AT_A_TIME: usize = 3;

/// The authorizer's request, which comes first in each call.
const AUTHORIZER_REQUESTS: usize = 1;

/// The other requests: the counter, the last event, the agent's name, the transaction.
const REQUESTS: usize = 4;

/// Sends a message until it is stored. Of 100 writers of one chat all but one lose each race, and may lose for the time of
/// several calls on a busy machine.
async fn number_of(system: &System, message: &Value) -> u64 {
    for _ in 0..5 {
        let reply = until_answered(async || system.platform.try_say(message).await).await;
        if reply.status != 500 {
            return reply.data()["seq"].as_u64().unwrap();
        }
    }
    panic!("{message} is not stored")
}

fn key(item: &Item) -> &str {
    item["sk"].as_str().unwrap().strip_prefix("MSG#").unwrap()
}

/// The numbers and ids of a chat in a list of entries, which must be numbered 1, 2, 3 … in the order of the list.
fn numbered<'e>(entries: impl IntoIterator<Item = &'e Value>, chat: &str) -> Vec<String> {
    let of_chat: Vec<_> = entries.into_iter().filter(|entry| entry["openId"] == chat).collect();
    let numbers: Vec<_> = of_chat.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{chat}: {numbers:?}");
    of_chat.iter().map(|entry| entry["messageId"].as_str().unwrap().to_owned()).collect()
}

/// Checks that feed, window and counter of a chat agree. Returns its message ids in the order of their numbers.
async fn agree(system: &System, chat: &str) -> Vec<String> {
    let feed = system.items("FEED#1").await;
    let feed: Vec<_> = feed.iter().filter(|item| item["openId"] == chat).collect();
    let chat_items = system.items(&format!("CHAT#1#{chat}")).await;
    let window: Vec<_> =
        chat_items.iter().filter(|item| item.contains_key("seq") && item.contains_key("payload")).collect();
    assert_eq!(feed.len(), window.len(), "{chat}");
    let mut before: Option<&str> = None;
    for ((number, entry), message) in (1..).zip(&feed).zip(&window) {
        // Items are sorted by key, so that keys rise with the numbers.
        assert_eq!((&entry["seq"], &message["seq"]), (&json!(number), &json!(number)), "{chat}");
        assert_eq!(key(entry), key(message));
        assert_eq!(entry["payload"], message["payload"]);
        assert_eq!(entry.get("prev").map(|prev| prev.as_str().unwrap()), before, "{chat} {number}");
        before = Some(key(entry));
    }
    let counter = chat_items.iter().find(|item| item["sk"] == "SEQ");
    assert_eq!(counter.map(|counter| counter["seq"].clone()), (!feed.is_empty()).then(|| json!(feed.len())));
    assert_eq!(counter.map(|counter| counter["lastKey"].as_str().unwrap()), before);
    feed.iter().map(|entry| entry["messageId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_messages_of_one_chat_have_the_numbers_1_to_100() {
    let system = System::start().await;
    let calls = (0..100).map(|id: u32| {
        let system = &system;
        async move {
            let message = user_text("c", &id.to_string(), &id.to_string());
            (number_of(system, &message).await, id.to_string())
        }
    });
    let answered: BTreeMap<_, _> = join_all(calls).await.into_iter().collect();
    assert!(answered.keys().copied().eq(1..=100), "{answered:?}");
    let ids: Vec<_> = answered.into_values().collect();
    assert_eq!(agree(&system, "c").await, ids);
    let list = system.customer_service.sync("").await["list"].take();
    assert_eq!(numbered(list.as_array().unwrap(), "c"), ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_beside_concurrent_writers_gets_each_chat_in_order_and_misses_nothing() {
    const CHATS: [&str; 4] = ["a", "b", "c", "d"];
    const MESSAGES: usize = 30;
    let system = System::start().await;
    // Three writers for each chat.
    let write = async |chat: &str, writer: usize| {
        for number in 0..MESSAGES / 3 {
            number_of(&system, &user_text(chat, &format!("{writer}-{number}"), "x")).await;
        }
    };
    let writers = CHATS.iter().flat_map(|chat| (0..3).map(move |writer| (*chat, writer)));
    let writers = join_all(writers.map(|(chat, writer)| write(chat, writer)));
    let read = async {
        let (mut read, mut cursor) = (Vec::new(), String::new());
        while read.len() < CHATS.len() * MESSAGES {
            let mut answer = system.customer_service.sync(&cursor).await;
            answer["cursor"].as_str().unwrap().clone_into(&mut cursor);
            read.append(answer["list"].as_array_mut().unwrap());
        }
        assert_eq!(system.customer_service.sync(&cursor).await["list"], json!([]));
        read
    };
    let (_, read) = tokio::join!(writers, read);
    for chat in CHATS {
        assert_eq!(numbered(&read, chat), agree(&system, chat).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_retries_of_a_message_store_it_once_and_have_its_number() {
    let system = System::start().await;
    assert_eq!(system.platform.say("c", "first", "x").await, 1);
    let message = user_text("c", "m", "x");
    let say = async || system.platform.try_say(&message).await;
    for reply in join_all((0..20).map(|_| until_answered(&say))).await {
        assert_eq!(reply.data()["seq"], 2);
    }
    assert_eq!(agree(&system, "c").await, ["first", "m"]);
    // One of several contents under one id wins.
    let calls = (0..20).map(|number: u32| {
        let message = user_text("c", "contested", &number.to_string());
        let system = &system;
        async move { until_answered(async || system.platform.try_say(&message).await).await }
    });
    let replies = join_all(calls).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), &won[0].data()["seq"]), (1, &json!(3)));
    for reply in lost {
        reply.is_code(400, "messageId: already used for different content");
    }
    assert_eq!(agree(&system, "c").await, ["first", "m", "contested"]);
}

/// Every fault at every request of a call.
fn cases() -> impl Iterator<Item = (Fault, usize)> {
    let of_transactions = [Fault::TransactionThrottled, Fault::TransactionConflict];
    let faults = Fault::ALL.into_iter().chain(of_transactions);
    faults.flat_map(|fault| (0..REQUESTS).map(move |request| (fault, AUTHORIZER_REQUESTS + request)))
}

/// A system with a message in a chat whose agent's name is read, and a call that makes a second one.
async fn begun() -> (System, Value) {
    let system = System::start().await;
    system.customer_service.receive(begin_event("c", "系统消息")).await;
    assert_eq!(system.platform.say("c", "before", "x").await, 1);
    (system, user_text("c", "m", "x"))
}

/// Ends the faults and checks that the repeat succeeds, that the message has the number 2, and that the next one has 3.
async fn completes(system: &System, message: &Value, case: &str) {
    system.proxy.recover();
    for _ in 0..2 {
        let repeat = until_answered(async || system.platform.try_say(message).await).await;
        assert_eq!((repeat.status, &repeat.json()["data"]["seq"]), (200, &json!(2)), "{case}");
    }
    assert_eq!(system.platform.say("c", "after", "x").await, 3, "{case}");
    assert_eq!(agree(system, "c").await, ["before", "m", "after"], "{case}");
    let list = system.customer_service.sync("").await["list"].take();
    assert_eq!(numbered(list.as_array().unwrap(), "c"), ["before", "m", "after"], "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_survives_one_fault_at_any_of_its_requests() {
    stream::iter(cases())
        .for_each_concurrent(AT_A_TIME, |(fault, request)| async move {
            let case = format!("{fault:?} at request {request}");
            let (system, message) = begun().await;
            system.proxy.fail(move |number, _| (number == request).then_some(fault));
            let reply = system.platform.try_say(&message).await;
            // All attempts may fall into the outage. A read knows no cancelled transaction.
            let may_fail =
                matches!(fault, Fault::Refused | Fault::TransactionThrottled | Fault::TransactionConflict);
            match reply.status {
                500 if may_fail => reply.is_code(500, "system error"),
                _ => assert_eq!(reply.data()["seq"], 2, "{case}"),
            }
            completes(&system, &message, &case).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_failed_is_completed_by_its_repeat() {
    stream::iter(cases())
        .for_each_concurrent(AT_A_TIME, |(fault, request)| async move {
            let case = format!("{fault:?} from request {request}");
            let (system, message) = begun().await;
            system.proxy.fail(move |number, _| (number >= request).then_some(fault));
            system.platform.try_say(&message).await.is_code(500, "system error");
            completes(&system, &message, &case).await;
        })
        .await;
}
