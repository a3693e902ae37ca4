//! `GET /chatbot/api/platform/chat/messages`: what the chat window shows.

use std::collections::BTreeSet;

use model::{AppId, BoundedText, JsonObject, Source, Timestamp, customer_service::ReceivedMessage};
use serde_json::{Value, json};
use store::{
    RecordId,
    messages::{self, Acceptance},
};
use tests::{CUSTOMER_SERVICE, ManualClock, RECEIVED, System, begin_event, end_event, text_message};

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

fn contents(data: &Value) -> Vec<String> {
    let messages = data["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["text"]["content"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Stores a text as accepted at a moment, whatever time it is.
async fn store_at(system: &System, content: &str, at: u64) {
    let body = text_message("c", "客服A", content).to_string();
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
    let reply = system.platform.chat_messages(&[("chatId", "c")]).await;
    assert!(reply.body.starts_with(empty), "{}", reply.body);
    for message in [
        begin_event("c", "系统消息"),
        text_message("c", "客服A", "内容A"),
        json!({"touser": "c", "fromuser": "客服A", "msgtype": "image", "image": {"image_url": "http://a/b.png"}}),
        json!({"touser": "c", "fromuser": "客服A", "msgtype": "file", "file": {"file_name": "建.txt", "file_url": "http://a/b"}}),
        end_event("c"),
        json!({"touser": "c", "msgtype": "evaluate", "url": "http://a/e"}),
    ] {
        system.customer_service.receive(message).await;
        clock.advance_seconds(1);
    }
    let mut data = system.platform.poll("c", "", "").await;
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
        let data = system.platform.poll("c", "", "1").await;
        (
            data["state"].as_str().unwrap().to_owned(),
            data["agent"].as_str().unwrap().to_owned(),
            data["since"].as_str().unwrap().to_owned(),
        )
    };
    system.customer_service.receive(begin_event("c", "客服A")).await;
    for number in 0..30 {
        system.customer_service.receive(text_message("c", "客服A", &number.to_string())).await;
    }
    assert_eq!(state().await, ("human".into(), "客服A".into(), "2026-11-21 08:00:10".into()));
    clock.advance_seconds(5);
    system.customer_service.receive(begin_event("c", "客服B")).await;
    assert_eq!(state().await, ("human".into(), "客服B".into(), "2026-11-21 08:00:15".into()));
    clock.advance_seconds(5);
    system.customer_service.receive(end_event("c")).await;
    assert_eq!(state().await, ("robot".into(), String::new(), "2026-11-21 08:00:20".into()));
    // As the API document has it, the system says that a human takes over, and the human's name comes with the first word.
    clock.advance_seconds(1);
    system.customer_service.receive(begin_event("c", "系统消息")).await;
    assert_eq!(state().await, ("human".into(), String::new(), "2026-11-21 08:00:21".into()));
    system.customer_service.receive(text_message("c", "客服A", "您好")).await;
    system.customer_service.receive(json!({"touser": "c", "msgtype": "evaluate", "url": "http://a/e"})).await;
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
            system.customer_service.receive(text_message("c", "客服A", &content)).await;
            expected.insert(content);
        }
        for limit in ["7", "", "1"] {
            let data = system.platform.poll("c", &after, limit).await;
            seen.extend(contents(&data));
            after = data["after"].as_str().unwrap().to_owned();
        }
        if round % 2 == 1 {
            clock.advance_seconds(10);
        }
    }
    loop {
        let data = system.platform.poll("c", &after, "").await;
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
    let mut data = system.platform.poll("c", "", "").await;
    assert_eq!(contents(&data), ["in time"]);
    // For as long as a function may live, and then some.
    for (number, late) in [1, 5_000, 9_999, 14_000].into_iter().enumerate() {
        clock.advance_seconds(if number == 0 { 0 } else { 3 });
        let now = clock.now().millis();
        store_at(&system, &format!("late by {late}"), now - late).await;
        store_at(&system, &format!("at {now}"), now).await;
        let after = data["after"].as_str().unwrap().to_owned();
        data = system.platform.poll("c", &after, "").await;
        assert_eq!(contents(&data), [format!("late by {late}"), format!("at {now}")]);
        // The same cursor again gives the same again: a poll whose answer was lost.
        assert_eq!(contents(&system.platform.poll("c", &after, "").await).len(), 2);
    }
    clock.advance_seconds(60);
    let after = data["after"].as_str().unwrap().to_owned();
    data = system.platform.poll("c", &after, "").await;
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
        let data = system.platform.poll("c", &after, "200").await;
        seen.extend(contents(&data));
        after = data["after"].as_str().unwrap().to_owned();
        assert!(after.len() < 6_000, "it fits a URL");
    }
    assert_eq!(seen.len(), 256);
    store_at(&system, "late", NOW - 10).await;
    clock.advance_seconds(16);
    for _ in 0..3 {
        let data = system.platform.poll("c", &after, "200").await;
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
        let data = system.platform.poll("c", &after, "").await;
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
    system.customer_service.receive(text_message("c", "客服A", "one")).await;
    system.operator.grant("seven", "seven", &[CUSTOMER_SERVICE], &[7]).await;
    let text = text_message("c", "客服A", "seven");
    system.partner("seven").try_receive_with("source=7", text).await.is(200, RECEIVED);
    let get = async |source: &str, chat: &str| {
        contents(&system.platform.chat_messages(&[("chatId", chat), ("source", source)]).await.data())
    };
    assert_eq!(get("1", "c").await, ["one"]);
    assert_eq!(get("7", "c").await, ["seven"]);
    assert_eq!(get("1", "C").await, [""; 0]);
    let after = system.platform.poll("c", "", "").await["after"].as_str().unwrap().to_owned();
    for (source, chat) in [("7", "c"), ("1", "d")] {
        let parameters = [("chatId", chat), ("source", source), ("after", &after)];
        system.platform.chat_messages(&parameters).await.is_code(400, "cursor: is not valid");
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
    assert_eq!(contents(&system.platform.poll("c", "", "1").await).len(), 1);
    let units: f64 = system.proxy.recorded().iter().map(|recorded| recorded.units).sum();
    assert!(units <= 1.0 + 3.0 * 8.5 + 1.0, "three messages of 33 KB at most: {units}");
}

#[tokio::test]
async fn its_parameters_are_checked_in_order() {
    let system = System::start().await;
    let get = async |parameters: &[(&str, &str)]| system.platform.chat_messages(parameters).await;
    get(&[("source", "x")]).await.is_code(400, "source: must be an integer");
    get(&[("source", "-1")]).await.is_code(400, "source: value must be between 1 and 2147483647");
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
    get(&[("chatId", "c"), ("limit", "x"), ("latest", "x")]).await.is_code(400, "limit: must be an integer");
    for latest in ["x", "1", "TRUE", "yes"] {
        get(&[("chatId", "c"), ("latest", latest)])
            .await
            .is_code(400, "latest: must be one of [true, false]");
    }
    for latest in ["true", "false", "", " true "] {
        assert_eq!(get(&[("chatId", "c"), ("latest", latest)]).await.status, 200);
    }
    for limit in ["1", "200", ""] {
        assert_eq!(get(&[("chatId", "c"), ("limit", limit)]).await.status, 200);
    }
}

#[tokio::test]
async fn the_latest_messages_come_first_if_they_are_asked_for_and_nothing_new_is_missed_then() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let latest = async |after: &str, limit: &str| {
        let parameters = [("chatId", "c"), ("latest", "true"), ("after", after), ("limit", limit)];
        system.platform.chat_messages(&parameters).await.data()
    };
    let after_of = |data: &Value| data["after"].as_str().unwrap().to_owned();
    assert_eq!(contents(&latest("", "3").await), [""; 0], "an empty chat");
    for number in 0..10 {
        store_at(&system, &number.to_string(), NOW - 3_600_000 + number).await;
    }
    let data = latest("", "3").await;
    assert_eq!(contents(&data), ["7", "8", "9"]);
    assert_eq!(contents(&latest(&after_of(&data), "3").await), [""; 0], "older ones are passed");
    assert_eq!(contents(&latest("", "200").await).len(), 10);
    // Within the window, where others may still become visible, none is passed unseen.
    for number in 10..15 {
        store_at(&system, &number.to_string(), NOW - 5_000 + number).await;
    }
    let data = latest("", "2").await;
    assert_eq!(contents(&data), ["13", "14"]);
    store_at(&system, "late", NOW - 6_000).await;
    let next = system.platform.poll("c", &after_of(&data), "").await;
    assert_eq!(contents(&next), ["late", "10", "11", "12"]);
    assert_eq!(contents(&system.platform.poll("c", &after_of(&next), "").await), [""; 0]);
    // From the cursor of a poll, `latest` changes nothing.
    let old = system.platform.poll("c", "", "4").await;
    assert_eq!(contents(&latest(&after_of(&old), "2").await), ["4", "5"]);
}

#[tokio::test]
async fn the_agent_is_never_the_system_and_is_found_past_evaluations() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let agent = async || system.platform.poll("c", "", "1").await["agent"].as_str().unwrap().to_owned();
    system.customer_service.receive(begin_event("c", "系统消息")).await;
    clock.advance_seconds(1);
    system.customer_service.receive(text_message("c", "系统消息", "x")).await;
    assert_eq!(agent().await, "");
    clock.advance_seconds(1);
    system.customer_service.receive(text_message("c", "客服A", "x")).await;
    for _ in 0..20 {
        clock.advance_seconds(1);
        system
            .customer_service
            .receive(json!({"touser": "c", "msgtype": "evaluate", "url": "http://a/e"}))
            .await;
        system.customer_service.receive(text_message("c", "系统消息", "x")).await;
    }
    assert_eq!(agent().await, "客服A");
    // An agent of an earlier conversation is none of this one.
    clock.advance_seconds(1);
    system.customer_service.receive(begin_event("c", "系统消息")).await;
    assert_eq!(agent().await, "");
}

#[tokio::test]
async fn thousands_of_expired_messages_never_make_a_poll_fail_whatever_the_limit() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    store_expired(&system, 10_000).await;
    store_at(&system, "live", NOW - 1_000).await;
    for limit in ["1", "200"] {
        let (mut after, mut seen, mut polls) = (String::new(), Vec::new(), 0);
        while seen.is_empty() {
            system.proxy.forget();
            let data = system.platform.poll("c", &after, limit).await;
            // The authorizer, the messages, and the last event.
            assert!(system.proxy.operations().len() <= 1 + 3 + 1, "{:?}", system.proxy.operations());
            seen.extend(contents(&data));
            data["after"].as_str().unwrap().clone_into(&mut after);
            polls += 1;
        }
        assert_eq!(seen, ["live"]);
        assert!(polls <= 4, "{polls}");
    }
}

/// Stores messages that expired before now and wait for TTL, of about 300 bytes each.
async fn store_expired(system: &System, count: u64) {
    let items = (0..count).map(|number| {
        let at = Timestamp::from_millis(NOW - 40_000_000 + number);
        json!({
            "pk": "CHAT#1#c", "sk": format!("MSG#{}", RecordId::new(at)), "appId": "demo", "msgtype": "text",
            "fromuser": "x".repeat(60), "payload": {"content": "x".repeat(60)}, "receivedAt": at.millis(),
            "expireAt": NOW / 1000 - 1,
        })
    });
    system.store_items(items).await;
}

#[tokio::test]
async fn a_poll_reads_at_most_a_megabyte_more_than_it_gives() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    // In the answer each is four times as long: a backslash is escaped in JSON, and once more in Lambda's.
    for number in 0..120 {
        store_at(&system, &"\\".repeat(32_768), NOW - 3_600_000 + number).await;
    }
    system.proxy.forget();
    let data = system.platform.poll("c", "", "200").await;
    let units: f64 = system.proxy.recorded().iter().map(|recorded| recorded.units).sum();
    let given = f64::from(u32::try_from(contents(&data).iter().map(String::len).sum::<usize>()).unwrap());
    // A strongly consistent read unit is 4 KB.
    let read = (units - 2.0) * 4096.0;
    assert!(read <= given * 1.1 + 1_048_576.0, "{read} for {given}");
    assert!(read <= 3.0 * 1_048_576.0 * 1.1, "three queries at most: {read}");
}

#[tokio::test]
async fn many_large_messages_of_the_window_hold_up_no_new_one_and_no_late_one_is_missed() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    // 4 MB within the last seconds: more than a poll reads.
    for number in 0..45 {
        store_at(&system, &format!("{number:02}{}", "好".repeat(30_000)), NOW - 5_000 + number).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    for _ in 0..4 {
        let data = system.platform.poll("c", &after, "200").await;
        seen.extend(contents(&data));
        data["after"].as_str().unwrap().clone_into(&mut after);
    }
    assert_eq!(seen.len(), 45, "each once, as fast as the answers hold them");
    for second in 0..20 {
        let now = clock.now().millis();
        store_at(&system, &format!("new {second}"), now).await;
        store_at(&system, &format!("late {second}"), now - 4_000 - second).await;
        let data = system.platform.poll("c", &after, "200").await;
        assert!(contents(&data).contains(&format!("new {second}")), "{second}: {:?}", contents(&data).len());
        seen.extend(contents(&data));
        data["after"].as_str().unwrap().clone_into(&mut after);
        clock.advance_seconds(1);
    }
    for _ in 0..5 {
        clock.advance_seconds(5);
        let data = system.platform.poll("c", &after, "200").await;
        seen.extend(contents(&data));
        data["after"].as_str().unwrap().clone_into(&mut after);
    }
    assert_eq!(seen.len(), 45 + 20 + 20, "nothing twice");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 45 + 20 + 20, "and nothing missed");
}
