//! `POST /chatbot/api/platform/chat/message`: fields, repeats, numbers, and the state in the answer.

use serde_json::{Value, json};
use tests::{CUSTOMER_SERVICE, ManualClock, Reply, System, begin_event, end_event, text_message, user_text};
use uuid::Uuid;

/// 2026-11-27 08:00:10 in UTC+8.
const NOW: u64 = 1_795_737_610_000;

/// A message of each type with all of its fields.
fn complete(msgtype: &str) -> Value {
    let mut message =
        json!({"source": 1, "chatId": "c", "messageId": "m", "clientId": "u", "msgtype": msgtype});
    match msgtype {
        "event" => message["eventType"] = json!("request"),
        "text" => message["text"] = json!({"content": "请问怎么退款？"}),
        "image" => message["image"] = json!({"image_url": "http://gkf-test.glodon.com/1.png"}),
        _ => message["file"] = json!({"file_name": "订单.pdf", "file_url": "https://a/b.pdf"}),
    }
    message
}

/// A message with the value at a dotted name replaced.
fn with(mut message: Value, name: &str, value: Value) -> Value {
    let pointer = format!("/{}", name.replace('.', "/"));
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    message.pointer_mut(parent).unwrap()[field] = value;
    message
}

/// A message under a `messageId` of its own.
fn anew(message: Value) -> Value {
    with(message, "messageId", json!(Uuid::new_v4().to_string()))
}

async fn say_anew(system: &System, message: Value) -> Reply {
    system.platform.try_say(anew(message)).await
}

async fn is_stored(system: &System, message: Value) {
    let reply = say_anew(system, message).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

async fn is_refused(system: &System, message: impl ToString, error: &str) {
    system.platform.try_say(message.to_string()).await.is_code(400, error);
}

/// The whole answer to a message while the robot serves.
fn numbered(seq: u64) -> String {
    format!(r#"{{"code":200,"message":"success","data":{{"seq":{seq},"state":"robot","agent":""}}}}"#)
}

/// The numbers and texts in the feed of a source.
async fn feed(system: &System, source: u32) -> Vec<(u64, Value)> {
    let items = system.items(&format!("FEED#{source}")).await;
    items.iter().map(|item| (item["seq"].as_u64().unwrap(), item["payload"]["content"].clone())).collect()
}

#[tokio::test]
async fn the_chat_window_shows_both_sides_in_order() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let file = json!({"chatId": "c", "messageId": "4", "msgtype": "file", "file": {"file_name": "建.txt", "file_url": "http://a/b"}});
    let image = json!({"chatId": "c", "messageId": "3", "msgtype": "image", "image": {"image_url": "http://a/b.png"}});
    let event = |id: &str, event: &str| json!({"chatId": "c", "messageId": id, "msgtype": "event", "eventType": event});
    let state = |seq: u64, state: &str, agent: &str| {
        format!(
            r#"{{"code":200,"message":"success","data":{{"seq":{seq},"state":"{state}","agent":"{agent}"}}}}"#
        )
    };
    system.platform.try_say(user_text("c", "1", "在吗")).await.is(200, &numbered(1));
    clock.advance_seconds(1);
    system.platform.try_say(event("2", "request")).await.is(200, &numbered(2));
    clock.advance_seconds(1);
    system.customer_service.receive(begin_event("c", "系统消息")).await;
    clock.advance_seconds(1);
    system.platform.try_say(&image).await.is(200, &state(3, "human", ""));
    clock.advance_seconds(1);
    system.customer_service.receive(text_message("c", "客服A", "您好")).await;
    clock.advance_seconds(1);
    system.platform.try_say(&file).await.is(200, &state(4, "human", "客服A"));
    clock.advance_seconds(1);
    system.platform.try_say(event("5", "close")).await.is(200, &state(5, "human", "客服A"));
    clock.advance_seconds(1);
    system.customer_service.receive(end_event("c")).await;
    clock.advance_seconds(1);
    // A message that crosses the end is kept, too.
    system.platform.try_say(user_text("c", "6", "谢谢")).await.is(200, &numbered(6));

    let mut data = system.platform.poll("c", "", "").await;
    for message in data["messages"].as_array_mut().unwrap() {
        assert_eq!(message["id"].take().as_str().unwrap().len(), 36);
        assert_eq!(message["appId"].take(), "demo");
    }
    let at = |second: u32| format!("2026-11-27 08:00:{second}");
    assert_eq!(
        data["messages"],
        json!([
            {"id": null, "appId": null, "msgtype": "text", "fromuser": "", "receivedAt": at(10), "from": "user", "seq": 1, "text": {"content": "在吗"}},
            {"id": null, "appId": null, "msgtype": "event", "fromuser": "", "receivedAt": at(11), "from": "user", "seq": 2, "eventType": "request"},
            {"id": null, "appId": null, "msgtype": "event", "fromuser": "系统消息", "receivedAt": at(12), "eventType": "begin"},
            {"id": null, "appId": null, "msgtype": "image", "fromuser": "", "receivedAt": at(13), "from": "user", "seq": 3, "image": {"image_url": "http://a/b.png"}},
            {"id": null, "appId": null, "msgtype": "text", "fromuser": "客服A", "receivedAt": at(14), "text": {"content": "您好"}},
            {"id": null, "appId": null, "msgtype": "file", "fromuser": "", "receivedAt": at(15), "from": "user", "seq": 4, "file": {"file_name": "建.txt", "file_url": "http://a/b"}},
            {"id": null, "appId": null, "msgtype": "event", "fromuser": "", "receivedAt": at(16), "from": "user", "seq": 5, "eventType": "close"},
            {"id": null, "appId": null, "msgtype": "event", "fromuser": "", "receivedAt": at(17), "eventType": "end"},
            {"id": null, "appId": null, "msgtype": "text", "fromuser": "", "receivedAt": at(18), "from": "user", "seq": 6, "text": {"content": "谢谢"}},
        ])
    );
    // The user's events do not change who serves.
    assert_eq!((&data["state"], &data["since"]), (&json!("robot"), &json!(at(17))));
}

#[tokio::test]
async fn the_answer_names_who_serves_the_user() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let served = async || {
        clock.advance_seconds(1);
        let data = say_anew(&system, complete("text")).await.data();
        (data["state"].as_str().unwrap().to_owned(), data["agent"].as_str().unwrap().to_owned())
    };
    let receive = async |message: Value| {
        clock.advance_seconds(1);
        system.customer_service.receive(message).await;
    };
    assert_eq!(served().await, ("robot".into(), String::new()));
    receive(text_message("c", "客服A", "before any begin")).await;
    assert_eq!(served().await, ("robot".into(), String::new()));
    receive(begin_event("c", "客服B")).await;
    assert_eq!(served().await, ("human".into(), "客服B".into()));
    receive(begin_event("c", "系统消息")).await;
    assert_eq!(served().await, ("human".into(), String::new()), "nobody has spoken since");
    // Messages of the user name no agent, however many they are.
    for _ in 0..10 {
        is_stored(&system, complete("text")).await;
    }
    receive(text_message("c", "客服A", "您好")).await;
    for _ in 0..10 {
        is_stored(&system, complete("text")).await;
    }
    assert_eq!(served().await, ("human".into(), "客服A".into()));
    receive(end_event("c")).await;
    assert_eq!(served().await, ("robot".into(), String::new()));
    // Of the chat of this source only.
    receive(begin_event("d", "客服C")).await;
    assert_eq!(served().await, ("robot".into(), String::new()));
}

#[tokio::test]
async fn a_repeat_stores_nothing_for_24_hours_and_has_the_same_number() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let taken = "messageId: already used for different content";
    let stored = async || {
        let chat = system.items("CHAT#1#c").await;
        let messages = chat.iter().filter(|item| item["sk"].as_str().unwrap().starts_with("MSG#"));
        (messages.count(), system.items("FEED#1").await.len())
    };
    for message in ["text", "image", "file", "event"].map(complete) {
        let message = with(message.clone(), "messageId", message["msgtype"].clone());
        let first = system.platform.try_say(&message).await;
        for _ in 0..2 {
            clock.advance_seconds(60);
            system.platform.try_say(&message).await.is(200, &first.body);
        }
    }
    assert_eq!(stored().await, (4, 4));
    // The same message as other JSON: another order, white space around values, an unknown field, the default source.
    let same = r#"{"text":{"content":"请问怎么退款？","x":1},"msgtype":" text","clientId":" u ","messageId":" text ","chatId":"c\n"}"#;
    system.platform.try_say(same).await.is(200, &numbered(1));
    let text = with(complete("text"), "messageId", json!("text"));
    for other in [
        with(text.clone(), "text.content", json!("请问怎么退款？ ")),
        with(text.clone(), "clientId", json!("v")),
        with(text.clone(), "clientId", Value::Null),
        with(complete("image"), "messageId", json!("text")),
        with(with(complete("event"), "messageId", json!("event")), "eventType", json!("close")),
    ] {
        is_refused(&system, other, taken).await;
    }
    assert_eq!(stored().await, (4, 4), "a refused call stores nothing");
    // The answer to a repeat has the state of now.
    system.customer_service.receive(begin_event("c", "客服A")).await;
    let data = system.platform.try_say(&text).await.data();
    assert_eq!(data, json!({"seq": 1, "state": "human", "agent": "客服A"}));

    let other = with(text.clone(), "text.content", json!("other"));
    clock.set(NOW + 24 * 3_600_000 - 1_000);
    is_refused(&system, &other, taken).await;
    clock.advance_seconds(1);
    assert_eq!(system.platform.try_say(&other).await.data()["seq"], 5, "the id is free");
    is_refused(&system, &text, taken).await;
    assert_eq!(system.platform.try_say(&other).await.data()["seq"], 5);
}

#[tokio::test]
async fn each_chat_of_a_source_has_its_own_ids_and_numbers() {
    let system = System::start().await;
    for (source, chat) in [(1, "c"), (1, "C"), (1, "d"), (2, "c"), (2_147_483_647, "c")] {
        for seq in 1..=3 {
            let mut message = user_text(chat, &seq.to_string(), &format!("{source} {chat} {seq}"));
            message["source"] = json!(source);
            system.platform.try_say(message).await.is(200, &numbered(seq));
        }
    }
    assert_eq!(system.platform.say("c", "M", "an id in another case is another id").await, 4);
    assert_eq!(system.platform.say("c", "m", "an id in another case is another id").await, 5);
    for (source, entries) in [(1, 11), (2, 3), (2_147_483_647, 3), (3, 0)] {
        assert_eq!(feed(&system, source).await.len(), entries, "{source}");
    }
    // The `msgId` of an agent is not an id of the user.
    let mut agents = text_message("c", "客服A", "x");
    agents["msgId"] = json!("1");
    system.customer_service.receive(&agents).await;
    system.operator.grant("user", "u", &[CUSTOMER_SERVICE], &[1]).await;
    system.partner("user").receive(agents).await;
    assert_eq!(system.platform.say("c", "6", "x").await, 6);
}

#[tokio::test]
async fn a_returning_user_goes_on_counting_when_all_messages_have_expired() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    assert_eq!(system.platform.say("c", "1", "old").await, 1);
    clock.advance_seconds(180 * 24 * 3600 - 1);
    assert_eq!(system.platform.poll("c", "", "").await["messages"].as_array().unwrap().len(), 1);
    clock.advance_seconds(1);
    assert_eq!(system.platform.poll("c", "", "").await["messages"], json!([]));
    assert_eq!(system.platform.say("c", "1", "new").await, 2);
    let list = system.customer_service.sync("").await["list"].take();
    assert_eq!((&list[0]["seq"], list.as_array().unwrap().len()), (&json!(2), 1));
    let counter = system.items("CHAT#1#c").await.into_iter().find(|item| item["sk"] == "SEQ").unwrap();
    assert_eq!(counter.get("expireAt"), None, "TTL keeps the counter");
}

#[tokio::test]
async fn content_is_kept_to_the_byte() {
    let system = System::start().await;
    let content = " 好的 \n<script>alert(1)</script> \u{0}\u{1F600}\u{200d}\u{feff}\\\"% # ";
    system.platform.say("c", "1", content).await;
    assert_eq!(feed(&system, 1).await, [(1, json!(content))]);
    assert_eq!(system.customer_service.sync("").await["list"][0]["text"]["content"], content);
    assert_eq!(system.platform.poll("c", "", "").await["messages"][0]["text"]["content"], content);
}

#[tokio::test]
async fn hostile_ids_name_one_chat_and_one_message_each() {
    let system = System::start().await;
    let ids = [
        "#",
        "a#b",
        "%",
        "%23",
        "a%23b",
        "%2523",
        "/",
        "a b",
        "a\u{0}b",
        "u#1",
        "1#c",
        "MSG#",
        "SEQ",
        "ID#u#c",
        "..",
        "'",
        "\"",
        "\\",
        "{}",
        "$",
        "ａ",
        "é",
        "e\u{301}",
        "123456789012345678901234567890",
        "-5",
        "🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄🀄",
    ];
    // The same ids in one chat, and each as a chat of its own.
    for (number, id) in (1..).zip(ids) {
        assert_eq!(system.platform.say("one", id, id).await, number, "{id:?}");
        assert_eq!(system.platform.say(id, id, id).await, 1, "{id:?}");
    }
    for (number, id) in (1..).zip(ids) {
        assert_eq!(system.platform.say("one", id, id).await, number, "{id:?}: a repeat");
        assert_eq!(system.platform.say(id, id, id).await, 1, "{id:?}: a repeat");
        let key = id.replace('%', "%25").replace('#', "%23");
        let stored = system.items(&format!("CHAT#1#{key}")).await;
        let message = stored.iter().find(|item| item.contains_key("payload")).unwrap();
        assert_eq!((stored.len(), &message["payload"]["content"]), (3, &json!(id)), "{id:?}");
    }
    let list = system.customer_service.sync("").await["list"].take();
    for (pair, id) in list.as_array().unwrap().chunks(2).zip(ids) {
        let read: Vec<_> = pair.iter().map(|entry| (&entry["openId"], &entry["messageId"])).collect();
        assert_eq!(read, [(&json!("one"), &json!(id)), (&json!(id), &json!(id))]);
    }
    for id in ["9007199254740993", "18446744073709551617", "123456789012345678901234567890", "-5", "0"] {
        let body = format!(
            r#"{{"chatId":{id},"messageId":{id},"clientId":{id},"msgtype":"text","text":{{"content":{id}}}}}"#
        );
        let seq = if ids.contains(&id) { 2 } else { 1 };
        if seq == 2 {
            is_refused(&system, &body, "messageId: already used for different content").await;
        } else {
            system.platform.try_say(&body).await.is(200, &numbered(1));
            // An integer is its digits.
            let text = with(with(complete("text"), "chatId", json!(id)), "messageId", json!(id));
            let text = with(with(text, "clientId", json!(id)), "text.content", json!(id));
            system.platform.try_say(text).await.is(200, &numbered(1));
        }
    }
}

#[tokio::test]
async fn each_type_requires_its_fields_and_no_others() {
    let system = System::start().await;
    let needs: [(&str, &[&str]); 4] = [
        ("event", &["chatId", "messageId", "msgtype", "eventType"]),
        ("text", &["chatId", "messageId", "msgtype", "text.content"]),
        ("image", &["chatId", "messageId", "msgtype", "image.image_url"]),
        ("file", &["chatId", "messageId", "msgtype", "file.file_name", "file.file_url"]),
    ];
    for (msgtype, fields) in needs {
        is_stored(&system, complete(msgtype)).await;
        for nothing in [Value::Null, json!(""), json!(" \t\n\u{3000}\u{a0}")] {
            for field in fields {
                let error = format!("Required parameter '{field}' is not present");
                is_refused(&system, with(complete(msgtype), field, nothing.clone()), &error).await;
            }
            for field in ["source", "clientId"] {
                is_stored(&system, with(complete(msgtype), field, nothing.clone())).await;
            }
        }
    }
    for (msgtype, object, first) in [
        ("text", "text", "text.content"),
        ("image", "image", "image.image_url"),
        ("file", "file", "file.file_name"),
    ] {
        for nothing in [Value::Null, json!({}), json!(""), json!(" ")] {
            let error = format!("Required parameter '{first}' is not present");
            is_refused(&system, with(complete(msgtype), object, nothing), &error).await;
        }
    }
    let entries = system.customer_service.sync("").await["list"].take();
    assert!(
        entries.as_array().unwrap().iter().all(|entry| entry["clientId"] == "u" || entry["clientId"] == "")
    );
}

#[tokio::test]
async fn lengths_are_utf16_units_and_every_bound_is_valid() {
    let system = System::start().await;
    for (msgtype, field, limit, prefix) in [
        ("text", "chatId", 64, ""),
        ("text", "messageId", 64, ""),
        ("text", "clientId", 64, ""),
        ("text", "text.content", 32_768, ""),
        ("image", "image.image_url", 2048, "https://a/"),
        ("file", "file.file_name", 255, ""),
        ("file", "file.file_url", 2048, "http://a/"),
    ] {
        let room = limit - prefix.len();
        // An emoji counts two units; a letter fills an odd limit.
        let emoji = format!("{prefix}{}{}", "😀".repeat(room / 2), "x".repeat(room % 2));
        let chinese = format!("{prefix}{}", "好".repeat(room));
        for longest in [emoji, chinese, format!("{prefix}{}", "x".repeat(room))] {
            let message = anew(complete(msgtype));
            let reply = system.platform.try_say(with(message.clone(), field, json!(longest))).await;
            assert_eq!(reply.status, 200, "{field}");
            let error = format!("{field}: length exceeds the max value [{limit}]");
            is_refused(&system, with(message, field, json!(format!("{longest}x"))), &error).await;
        }
    }
    // An id is measured after trimming; content is not trimmed.
    let padded = json!(format!(" \u{3000}{}\n", "x".repeat(64)));
    is_stored(&system, with(complete("text"), "chatId", padded)).await;
    let padded = json!(format!("{} ", "x".repeat(32_768)));
    let error = "text.content: length exceeds the max value [32768]";
    is_refused(&system, with(complete("text"), "text.content", padded), error).await;
}

#[tokio::test]
async fn other_types_of_json_are_refused() {
    let system = System::start().await;
    let wrong = [json!([]), json!(["x"]), json!({}), json!({"a": 1}), json!(true), json!(false), json!(1.5)];
    for (msgtype, field) in [
        ("text", "chatId"),
        ("text", "messageId"),
        ("text", "clientId"),
        ("text", "msgtype"),
        ("event", "eventType"),
        ("text", "text.content"),
        ("image", "image.image_url"),
        ("file", "file.file_name"),
        ("file", "file.file_url"),
    ] {
        for wrong in &wrong {
            let error = format!("{field}: must be a string");
            is_refused(&system, with(complete(msgtype), field, wrong.clone()), &error).await;
        }
    }
    for number in ["1.0", "1e0", "1E2", "-0.0"] {
        is_refused(&system, format!(r#"{{"chatId":{number}}}"#), "chatId: must be a string").await;
        is_refused(&system, format!(r#"{{"source":{number}}}"#), "source: must be an integer").await;
    }
    for wrong in wrong.into_iter().chain([json!("x"), json!("1.0"), json!("0x1"), json!("一")]) {
        is_refused(&system, with(complete("text"), "source", wrong), "source: must be an integer").await;
    }
    for wrong in [json!(0), json!(-1), json!("-1"), json!(2_147_483_648_u64), json!("99999999999999999999")] {
        let error = "source: value must be between 1 and 2147483647";
        is_refused(&system, with(complete("text"), "source", wrong), error).await;
    }
    for object in ["text", "image", "file"] {
        for wrong in [json!("x"), json!(1), json!(1.5), json!([]), json!(true)] {
            let error = format!("{object}: must be an object");
            is_refused(&system, with(complete(object), object, wrong), &error).await;
        }
    }
}

#[tokio::test]
async fn msgtype_event_type_and_urls_are_validated() {
    let system = System::start().await;
    for msgtype in [json!("Text"), json!("TEXT"), json!("evaluate"), json!("voice"), json!("事件"), json!(5)]
    {
        let error = "msgtype: must be one of [text, image, file, event]";
        is_refused(&system, with(complete("text"), "msgtype", msgtype), error).await;
    }
    for event in ["begin", "end", "Request", "request close", "1"] {
        let error = "eventType: must be one of [request, close]";
        is_refused(&system, with(complete("event"), "eventType", json!(event)), error).await;
    }
    for (msgtype, field) in [("image", "image.image_url"), ("file", "file.file_url")] {
        for url in
            ["example.com", "ftp://a/b", "javascript:alert(1)", "http://", "http:a", "//a/b", "http://a b/"]
        {
            let error = format!("{field}: must be an http or https URL");
            is_refused(&system, with(complete(msgtype), field, json!(url)), &error).await;
        }
    }
    let spaced = json!({
        "chatId": " c1 ", "messageId": "\u{3000}m\n", "clientId": " u ", "msgtype": " image ",
        "image": {"image_url": " HTTP://A/b?c=d "},
    });
    system.platform.try_say(spaced).await.is(200, &numbered(1));
    let entry = system.customer_service.sync("").await["list"][0].take();
    for (field, value) in [("openId", "c1"), ("messageId", "m"), ("clientId", "u"), ("msgtype", "image")] {
        assert_eq!(entry[field], value);
    }
    assert_eq!(entry["image"]["image_url"], "HTTP://A/b?c=d");
}

#[tokio::test]
async fn the_first_error_in_the_order_of_the_fields_is_returned() {
    let system = System::start().await;
    let mut message = json!({
        "source": "x", "chatId": [], "messageId": [], "clientId": [], "msgtype": "event", "eventType": "x",
    });
    for (field, error, right) in [
        ("source", "source: must be an integer", json!(1)),
        ("chatId", "chatId: must be a string", json!("c")),
        ("messageId", "messageId: must be a string", json!("m")),
        ("clientId", "clientId: must be a string", json!("u")),
        ("eventType", "eventType: must be one of [request, close]", json!("request")),
    ] {
        is_refused(&system, &message, error).await;
        message[field] = right;
    }
    system.platform.try_say(&message).await.is(200, &numbered(1));
    message["eventType"] = json!("close");
    is_refused(&system, &message, "messageId: already used for different content").await;
    message["msgtype"] = json!("x");
    message["eventType"] = json!([]);
    is_refused(&system, &message, "msgtype: must be one of [text, image, file, event]").await;
    message["msgtype"] = json!("file");
    message["file"] = json!({"file_name": "x".repeat(256), "file_url": "x"});
    is_refused(&system, &message, "file.file_name: length exceeds the max value [255]").await;
    message["file"]["file_name"] = json!("x");
    is_refused(&system, &message, "file.file_url: must be an http or https URL").await;
}

#[tokio::test]
async fn a_body_is_a_json_object_of_at_most_262144_bytes() {
    let system = System::start().await;
    for body in [
        "",
        " ",
        "\u{feff} \n",
        "null",
        "[]",
        "1",
        "{",
        "{}{}",
        "{\"chatId\":\"\\ud800\"}",
        "{\"chatId\":NaN}",
    ] {
        is_refused(&system, body, "body is not valid JSON").await;
    }
    let body = |size: usize| {
        let message = complete("text").to_string();
        format!("\u{feff}{message}{}", " ".repeat(size - message.len() - '\u{feff}'.len_utf8()))
    };
    system.platform.try_say(body(262_144)).await.is(200, &numbered(1));
    for size in [262_145, 1_000_000] {
        system.platform.try_say(body(size)).await.is_code(413, "body size exceeds the max value");
    }
    assert_eq!(feed(&system, 1).await.len(), 1);
}
