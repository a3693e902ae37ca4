//! `GET /chatbot/api/platform/chat/messages`: messages, and the state of the chat.

use serde_json::json;
use tests::{CUSTOMER_SERVICE, ManualClock, RECEIVED, System, begin_event, end_event, text_message};

use super::chat_polls::contents;

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

#[tokio::test]
async fn all_message_types_are_returned_in_order_with_the_state_of_the_chat() {
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
async fn the_state_follows_the_latest_begin_or_end_however_many_messages_followed() {
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
    // As in the API document, the system announces the human, and the first message has the human's name.
    clock.advance_seconds(1);
    system.customer_service.receive(begin_event("c", "系统消息")).await;
    assert_eq!(state().await, ("human".into(), String::new(), "2026-11-21 08:00:21".into()));
    system.customer_service.receive(text_message("c", "客服A", "您好")).await;
    system.customer_service.receive(json!({"touser": "c", "msgtype": "evaluate", "url": "http://a/e"})).await;
    assert_eq!(state().await, ("human".into(), "客服A".into(), "2026-11-21 08:00:21".into()));
    // The state is forgotten after the retention of 180 days.
    clock.advance_seconds(180 * 24 * 3600);
    assert_eq!(state().await, ("robot".into(), String::new(), String::new()));
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
    // The agent of an earlier conversation does not count.
    clock.advance_seconds(1);
    system.customer_service.receive(begin_event("c", "系统消息")).await;
    assert_eq!(agent().await, "");
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
