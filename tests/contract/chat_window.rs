//! `GET /chatbot/api/platform/chat/messages`: what the chat window shows.

use std::collections::BTreeSet;

use model::{AppId, BoundedText, JsonObject, ReceivedMessage, Source, Timestamp};
use serde_json::{Value, json};
use store::messages::{self, Acceptance};
use tests::{ManualClock, System, path_with};

const CHAT: &str = "/chatbot/api/platform/chat/messages";
const RECEIVE: &str = "/chatbot/servlet/third/msg/receive";
/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

async fn receive(system: &System, message: Value) {
    let reply = system.customer_service.post(RECEIVE, message.to_string()).await;
    reply.is(200, r#"{"status":0,"message":"ok"}"#);
}

fn text(content: &str) -> Value {
    json!({"touser": "c", "fromuser": "客服A", "msgtype": "text", "text": {"content": content}})
}

async fn poll(system: &System, after: &str, limit: &str) -> Value {
    let path = path_with(CHAT, &[("chatId", "c"), ("source", "1"), ("after", after), ("limit", limit)]);
    let reply = system.platform.get(&path).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["data"].take()
}

fn contents(data: &Value) -> Vec<String> {
    let messages = data["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["text"]["content"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Stores a text as accepted at a moment, whatever time it is.
async fn store_at(system: &System, content: &str, at: u64) {
    let body = text(content).to_string();
    let message = ReceivedMessage::parse(&JsonObject::from_body(body.as_bytes()).unwrap()).unwrap();
    let app = AppId::parse("demo").unwrap();
    let at = Timestamp::from_millis(at);
    let acceptance =
        Acceptance { source: Source::DEFAULT, app: &app, at, expire_at: at.plus_hours(24).seconds() };
    messages::append(&system.chat_table(), &message, acceptance).await.unwrap();
}

#[tokio::test]
async fn all_types_are_shown_in_the_order_they_came_with_the_state_they_lead_to() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let empty = r#"{"code":200,"message":"success","data":{"messages":[],"state":"robot","agent":"","since":"","after":""#;
    let reply = system.platform.get(&path_with(CHAT, &[("chatId", "c")])).await;
    assert!(reply.body.starts_with(empty), "{}", reply.body);
    for message in [
        json!({"touser": "c", "fromuser": "系统消息", "msgtype": "event", "eventType": "begin"}),
        text("内容A"),
        json!({"touser": "c", "fromuser": "客服A", "msgtype": "image", "image": {"image_url": "http://a/b.png"}}),
        json!({"touser": "c", "fromuser": "客服A", "msgtype": "file", "file": {"file_name": "建.txt", "file_url": "http://a/b"}}),
        json!({"touser": "c", "msgtype": "event", "eventType": "end"}),
        json!({"touser": "c", "msgtype": "evaluate", "url": "http://a/e"}),
    ] {
        receive(&system, message).await;
        clock.advance_seconds(1);
    }
    let mut data = poll(&system, "", "").await;
    for message in data["messages"].as_array_mut().unwrap() {
        assert_eq!(message["id"].take().as_str().unwrap().len(), 36);
        assert_eq!(message["appId"].take(), "demo");
    }
    let at = |second: u32| format!("2026-11-21 08:00:{second}");
    assert_eq!(
        data["messages"],
        json!([
            {"id": null, "appId": null, "msgtype": "event", "fromuser": "系统消息", "receivedAt": at(10), "eventType": "begin"},
            {"id": null, "appId": null, "msgtype": "text", "fromuser": "客服A", "receivedAt": at(11), "text": {"content": "内容A"}},
            {"id": null, "appId": null, "msgtype": "image", "fromuser": "客服A", "receivedAt": at(12), "image": {"image_url": "http://a/b.png"}},
            {"id": null, "appId": null, "msgtype": "file", "fromuser": "客服A", "receivedAt": at(13), "file": {"file_name": "建.txt", "file_url": "http://a/b"}},
            {"id": null, "appId": null, "msgtype": "event", "fromuser": "", "receivedAt": at(14), "eventType": "end"},
            {"id": null, "appId": null, "msgtype": "evaluate", "fromuser": "", "receivedAt": at(15), "url": "http://a/e"},
        ])
    );
    assert_eq!(
        (&data["state"], &data["agent"], &data["since"]),
        (&json!("robot"), &json!(""), &json!(at(14)))
    );
}

#[tokio::test]
async fn the_state_follows_the_latest_begin_or_end_however_much_was_said_since() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let state = async || {
        let data = poll(&system, "", "1").await;
        (
            data["state"].as_str().unwrap().to_owned(),
            data["agent"].as_str().unwrap().to_owned(),
            data["since"].as_str().unwrap().to_owned(),
        )
    };
    let begin =
        |agent: &str| json!({"touser": "c", "fromuser": agent, "msgtype": "event", "eventType": "begin"});
    receive(&system, begin("客服A")).await;
    for number in 0..30 {
        receive(&system, text(&number.to_string())).await;
    }
    assert_eq!(state().await, ("human".into(), "客服A".into(), "2026-11-21 08:00:10".into()));
    clock.advance_seconds(5);
    receive(&system, begin("客服B")).await;
    assert_eq!(state().await, ("human".into(), "客服B".into(), "2026-11-21 08:00:15".into()));
    clock.advance_seconds(5);
    receive(&system, json!({"touser": "c", "msgtype": "event", "eventType": "end"})).await;
    assert_eq!(state().await, ("robot".into(), String::new(), "2026-11-21 08:00:20".into()));
    // As the API document has it, the system says that a human takes over, and the human's name comes with the first word.
    clock.advance_seconds(1);
    receive(&system, begin("系统消息")).await;
    assert_eq!(state().await, ("human".into(), String::new(), "2026-11-21 08:00:21".into()));
    receive(&system, text("您好")).await;
    receive(&system, json!({"touser": "c", "msgtype": "evaluate", "url": "http://a/e"})).await;
    assert_eq!(state().await, ("human".into(), "客服A".into(), "2026-11-21 08:00:21".into()));
    // After the retention, 180 days, nothing is known of it.
    clock.advance_seconds(180 * 24 * 3600);
    assert_eq!(state().await, ("robot".into(), String::new(), String::new()));
}

#[tokio::test]
async fn polling_gives_each_message_once_also_of_one_millisecond() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let mut expected = BTreeSet::new();
    let (mut seen, mut after) = (Vec::new(), String::new());
    for round in 0..6 {
        for number in 0..20 {
            let content = format!("{round}-{number}");
            receive(&system, text(&content)).await;
            expected.insert(content);
        }
        for limit in ["7", "", "1"] {
            let data = poll(&system, &after, limit).await;
            seen.extend(contents(&data));
            after = data["after"].as_str().unwrap().to_owned();
        }
        if round % 2 == 1 {
            clock.advance_seconds(10);
        }
    }
    loop {
        let data = poll(&system, &after, "").await;
        after = data["after"].as_str().unwrap().to_owned();
        if contents(&data).is_empty() {
            break;
        }
        seen.extend(contents(&data));
    }
    assert_eq!(seen.len(), expected.len(), "nothing twice");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected, "nothing missed");
}

#[tokio::test]
async fn a_message_that_becomes_visible_late_is_given_once_too() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    store_at(&system, "in time", NOW).await;
    let mut data = poll(&system, "", "").await;
    assert_eq!(contents(&data), ["in time"]);
    // For as long as a function may live, and then some.
    for (number, late) in [1, 5_000, 9_999, 14_000].into_iter().enumerate() {
        clock.advance_seconds(if number == 0 { 0 } else { 3 });
        let now = clock.now().millis();
        store_at(&system, &format!("late by {late}"), now - late).await;
        store_at(&system, &format!("at {now}"), now).await;
        let after = data["after"].as_str().unwrap().to_owned();
        data = poll(&system, &after, "").await;
        assert_eq!(contents(&data), [format!("late by {late}"), format!("at {now}")]);
        // The same cursor again gives the same again: a poll whose answer was lost.
        assert_eq!(contents(&poll(&system, &after, "").await).len(), 2);
    }
    clock.advance_seconds(60);
    let after = data["after"].as_str().unwrap().to_owned();
    data = poll(&system, &after, "").await;
    assert_eq!(contents(&data), [""; 0]);
    assert!(data["after"].as_str().unwrap().len() < 40, "what is settled need not be remembered");
}

#[tokio::test]
async fn more_than_a_cursor_remembers_are_given_as_time_goes_on() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for number in 0..300 {
        store_at(&system, &number.to_string(), NOW).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    for _ in 0..4 {
        let data = poll(&system, &after, "200").await;
        seen.extend(contents(&data));
        after = data["after"].as_str().unwrap().to_owned();
        assert!(after.len() < 6_000, "it fits a URL");
    }
    assert_eq!(seen.len(), 256);
    store_at(&system, "late", NOW - 10).await;
    clock.advance_seconds(16);
    for _ in 0..3 {
        let data = poll(&system, &after, "200").await;
        seen.extend(contents(&data));
        after = data["after"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 301);
    assert_eq!(seen.len(), 301);
}

#[tokio::test]
async fn what_is_long_past_is_read_page_by_page_and_ends_where_an_answer_does() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let content = "\\".repeat(32_768);
    for number in 0..60 {
        store_at(&system, &format!("{number:02}{}", &content[2..]), NOW - 3_600_000 + number).await;
    }
    let (mut seen, mut after, mut pages) = (0, String::new(), 0);
    loop {
        let data = poll(&system, &after, "").await;
        let count = contents(&data).len();
        if count == 0 {
            break;
        }
        seen += count;
        pages += 1;
        after = data["after"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen, 60);
    assert!(pages >= 2, "some 130 KB each, escaped twice");
}

#[tokio::test]
async fn chats_and_sources_stay_apart_and_a_platform_token_sees_all_sources() {
    let system = System::start().await;
    receive(&system, text("one")).await;
    system.grant("seven", "seven", &[tests::CUSTOMER_SERVICE], &[7]).await;
    let seven = system.anonymous.with_token("seven");
    assert_eq!(seven.post(&format!("{RECEIVE}?source=7"), text("seven").to_string()).await.status, 200);
    let get = async |source: &str, chat: &str| {
        let data = system.platform.get(&path_with(CHAT, &[("chatId", chat), ("source", source)])).await;
        contents(&data.json()["data"])
    };
    assert_eq!(get("1", "c").await, ["one"]);
    assert_eq!(get("7", "c").await, ["seven"]);
    assert_eq!(get("1", "C").await, [""; 0]);
    let after = poll(&system, "", "").await["after"].as_str().unwrap().to_owned();
    for (source, chat) in [("7", "c"), ("1", "d")] {
        let path = path_with(CHAT, &[("chatId", chat), ("source", source), ("after", &after)]);
        system.platform.get(&path).await.is_code(400, "cursor: is not valid");
    }
}

#[tokio::test]
async fn a_poll_reads_no_more_than_it_may_give() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for number in 0..50 {
        store_at(&system, &"x".repeat(32_768), NOW - 3_600_000 + number).await;
    }
    system.proxy.forget();
    assert_eq!(contents(&poll(&system, "", "1").await).len(), 1);
    let units: f64 = system.proxy.recorded().iter().map(|recorded| recorded.units).sum();
    assert!(units <= 1.0 + 3.0 * 8.5 + 1.0, "three messages of 33 KB at most: {units}");
}

#[tokio::test]
async fn its_parameters_are_checked_in_order() {
    let system = System::start().await;
    let get = async |parameters: &[(&str, &str)]| system.platform.get(&path_with(CHAT, parameters)).await;
    get(&[("source", "x")]).await.is_code(400, "source: must be an integer");
    get(&[("source", "0")]).await.is_code(400, "source: value must be between 1 and 2147483647");
    get(&[("after", "x"), ("limit", "x")]).await.is_code(400, "Required parameter 'chatId' is not present");
    let long = "聊".repeat(65);
    get(&[("chatId", &long)]).await.is_code(400, "chatId: length exceeds the max value [64]");
    assert_eq!(get(&[("chatId", &long[3..])]).await.status, 200);
    get(&[("chatId", "c"), ("after", "x"), ("limit", "x")]).await.is_code(400, "cursor: is not valid");
    get(&[("chatId", "c"), ("limit", "x")]).await.is_code(400, "limit: must be an integer");
    for limit in ["0", "201"] {
        get(&[("chatId", "c"), ("limit", limit)])
            .await
            .is_code(400, "limit: value must be between 1 and 200");
    }
    for limit in ["1", "200", ""] {
        assert_eq!(get(&[("chatId", "c"), ("limit", limit)]).await.status, 200);
    }
}
