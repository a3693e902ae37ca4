//! Contract, "POST /chatbot/servlet/third/msg/receive".

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    CUSTOMER_SERVICE, ManualClock, RECEIVED, System, end_event, paths, text_message, until_answered,
};

/// A message of each type that needs all it has.
fn complete(msgtype: &str) -> Value {
    let mut message = json!({"touser": "chat", "fromuser": "客服A", "msgtype": msgtype});
    match msgtype {
        "event" => message["eventType"] = json!("begin"),
        "evaluate" => message["url"] = json!("http://gkf-test.glodon.com/p?orgName=czc0"),
        "text" => message["text"] = json!({"content": "内容A"}),
        "image" => message["image"] = json!({"image_url": "http://gkf-test.glodon.com/1.png"}),
        _ => message["file"] = json!({"file_name": "建文本文档.txt", "file_url": "https://a/b.txt"}),
    }
    message
}

/// A message with one value, at a dotted name, changed or taken away.
fn with(mut message: Value, name: &str, value: Value) -> String {
    let pointer = format!("/{}", name.replace('.', "/"));
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    message.pointer_mut(parent).unwrap()[field] = value;
    message.to_string()
}

async fn is_refused(system: &System, body: String, message: &str) {
    system.customer_service.try_receive(body).await.is_error(400, 40035, message);
}

#[tokio::test]
async fn the_documents_examples_are_taken_and_kept_in_order() {
    let system = System::start().await;
    let started = system.clock.now().millis();
    let messages = [
        json!({"touser": "561f7439-9ace-4ba7-8121-bbbb3e1e96a", "fromuser": "系统消息", "msgtype": "event", "eventType": "begin"}),
        json!({"touser": "561f7439-9ace-4ba7-8121-bbbb3e1e96a", "fromuser": "客服A", "msgtype": "text", "text": {"content": "内容A"}}),
        json!({"touser": "561f7439-9ace-4ba7-8121-bbbb3e1e96a", "fromuser": "客服A", "msgtype": "image",
               "image": {"image_url": "http://gkf-test.glodon.com:21501/oss/download/1.png?bucket=jxfiles&name=0%2Epng"}}),
        json!({"touser": "561f7439-9ace-4ba7-8121-bbbb3e1e96a", "fromuser": "客服A", "msgtype": "file",
               "file": {"file_name": "建文本文档.txt", "file_url": "http://gkf-test.glodon.com:21501/oss/a.txt?x=%E6%96%B0"}}),
        json!({"touser": "561f7439-9ace-4ba7-8121-bbbb3e1e96a", "msgtype": "event", "eventType": "end"}),
        json!({"touser": "561f7439-9ace-4ba7-8121-bbbb3e1e96a", "msgtype": "evaluate",
               "url": "http://gkf-test.glodon.com:22601/prod/satisfysPage.html?orgName=czc0zjf1ewvyzw&env=prod"}),
    ];
    for message in &messages {
        system.customer_service.try_receive_with("source=1", message).await.is(200, RECEIVED);
    }
    let ended = system.clock.now().millis();

    let stored = system.items("CHAT#1#561f7439-9ace-4ba7-8121-bbbb3e1e96a").await;
    let (events, stored): (Vec<_>, Vec<_>) =
        stored.into_iter().partition(|item| item["sk"].as_str().unwrap().starts_with("EVT#"));
    let payloads = [
        json!({"eventType": "begin"}),
        messages[1]["text"].clone(),
        messages[2]["image"].clone(),
        messages[3]["file"].clone(),
        json!({"eventType": "end"}),
        json!({"url": messages[5]["url"]}),
    ];
    assert_eq!(stored.len(), messages.len());
    for ((item, message), payload) in stored.iter().zip(&messages).zip(&payloads) {
        let received = item["receivedAt"].as_u64().unwrap();
        assert!((started..=ended).contains(&received));
        assert!(item["sk"].as_str().unwrap().starts_with("MSG#"));
        assert_eq!(item["msgtype"], message["msgtype"]);
        assert_eq!(item.get("fromuser"), message.get("fromuser"));
        assert_eq!(item["payload"], *payload);
        assert_eq!(item["appId"], "demo");
        assert_eq!(item["expireAt"], received / 1000 + 180 * 24 * 3600);
    }
    assert_eq!(events.len(), 2);
    assert_eq!((&events[0]["eventType"], &events[0]["fromuser"]), (&json!("begin"), &json!("系统消息")));
    assert_eq!((&events[1]["eventType"], events[1].get("fromuser")), (&json!("end"), None));
}

#[tokio::test]
async fn what_each_type_needs_and_what_it_does_not() {
    let system = System::start().await;
    let needs: [(&str, &[&str]); 5] = [
        ("event", &["touser", "msgtype", "eventType", "fromuser"]),
        ("evaluate", &["touser", "msgtype", "url"]),
        ("text", &["touser", "msgtype", "fromuser", "text.content"]),
        ("image", &["touser", "msgtype", "fromuser", "image.image_url"]),
        ("file", &["touser", "msgtype", "fromuser", "file.file_name", "file.file_url"]),
    ];
    for (msgtype, fields) in needs {
        system.customer_service.receive(complete(msgtype)).await;
        for field in fields {
            for nothing in [Value::Null, json!(""), json!(" \t\n\u{3000}\u{a0}")] {
                let expected = format!("Required parameter '{field}' is not present");
                is_refused(&system, with(complete(msgtype), field, nothing), &expected).await;
            }
        }
    }
    for nobody in [Value::Null, json!(""), json!(" ")] {
        let end = with(end_event("c"), "fromuser", nobody.clone());
        system.customer_service.receive(end).await;
        system.customer_service.receive(with(complete("evaluate"), "fromuser", nobody)).await;
    }
    for (msgtype, object, first) in [
        ("text", "text", "text.content"),
        ("image", "image", "image.image_url"),
        ("file", "file", "file.file_name"),
    ] {
        for nothing in [Value::Null, json!({}), json!(""), json!(" ")] {
            let expected = format!("Required parameter '{first}' is not present");
            is_refused(&system, with(complete(msgtype), object, nothing), &expected).await;
        }
    }
}

#[tokio::test]
async fn lengths_are_utf16_units_and_every_bound_is_valid() {
    let system = System::start().await;
    let limits = [
        ("text", "touser", 64, ""),
        ("text", "fromuser", 64, ""),
        ("event", "fromuser", 64, ""),
        ("evaluate", "fromuser", 64, ""),
        ("evaluate", "url", 2048, "http://a/"),
        ("text", "text.content", 32_768, ""),
        ("image", "image.image_url", 2048, "https://a/"),
        ("file", "file.file_name", 255, ""),
        ("file", "file.file_url", 2048, "http://a/"),
    ];
    for (msgtype, field, limit, prefix) in limits {
        let room = limit - prefix.len();
        // An emoji counts two; an odd limit is filled up with a letter.
        let emoji = format!("{prefix}{}{}", "😀".repeat(room / 2), "x".repeat(room % 2));
        let chinese = format!("{prefix}{}", "好".repeat(room));
        for longest in [emoji, chinese, format!("{prefix}{}", "x".repeat(room))] {
            let body = with(complete(msgtype), field, json!(longest));
            system.customer_service.receive(body).await;
            let too_long = with(complete(msgtype), field, json!(format!("{longest}x")));
            is_refused(&system, too_long, &format!("{field}: length exceeds the max value [{limit}]")).await;
        }
    }
    // What is trimmed is measured after it was trimmed; content is not trimmed.
    let padded = with(complete("text"), "touser", json!(format!(" \u{3000}{}\n", "x".repeat(64))));
    system.customer_service.receive(padded).await;
    let padded = with(complete("text"), "text.content", json!(format!("{} ", "x".repeat(32_768))));
    is_refused(&system, padded, "text.content: length exceeds the max value [32768]").await;
}

#[tokio::test]
async fn an_integer_is_a_string_and_other_types_are_not() {
    let system = System::start().await;
    let fields = [
        ("text", "touser"),
        ("text", "msgtype"),
        ("event", "eventType"),
        ("text", "fromuser"),
        ("evaluate", "url"),
        ("text", "text.content"),
        ("image", "image.image_url"),
        ("file", "file.file_name"),
        ("file", "file.file_url"),
    ];
    for (msgtype, field) in fields {
        for wrong in
            [json!([]), json!(["x"]), json!({}), json!({"a": 1}), json!(true), json!(false), json!(1.5)]
        {
            is_refused(&system, with(complete(msgtype), field, wrong), &format!("{field}: must be a string"))
                .await;
        }
    }
    for number in ["1.0", "1e0", "1E2", "-0.0"] {
        let body = format!(r#"{{"touser":{number},"msgtype":"event","eventType":"end"}}"#);
        is_refused(&system, body, "touser: must be a string").await;
    }
    for object in ["text", "image", "file"] {
        for wrong in [json!("x"), json!(1), json!(1.5), json!([]), json!(true)] {
            is_refused(
                &system,
                with(complete(object), object, wrong),
                &format!("{object}: must be an object"),
            )
            .await;
        }
    }
    for id in ["9007199254740993", "18446744073709551617", "123456789012345678901234567890", "-5", "0"] {
        let body = format!(r#"{{"touser":{id},"fromuser":{id},"msgtype":"text","text":{{"content":{id}}}}}"#);
        system.customer_service.receive(body).await;
        let stored = system.items(&format!("CHAT#1#{id}")).await;
        assert_eq!((&stored[0]["fromuser"], &stored[0]["payload"]["content"]), (&json!(id), &json!(id)));
    }
}

#[tokio::test]
async fn msgtype_event_type_and_urls_have_their_forms() {
    let system = System::start().await;
    for msgtype in ["Text", "TEXT", "voice", "1", "text,image", "事件"] {
        let body = json!({"touser": "c", "msgtype": msgtype}).to_string();
        system.customer_service.try_receive(body).await.is_error(400, 40008, "invalid msgtype");
    }
    let body = r#"{"touser":"c","msgtype":5}"#;
    system.customer_service.try_receive(body).await.is_error(400, 40008, "invalid msgtype");
    for event in ["Begin", "start", "1", "begin end"] {
        let body = with(complete("event"), "eventType", json!(event));
        is_refused(&system, body, "eventType: must be one of [begin, end]").await;
    }
    for (msgtype, field) in [("evaluate", "url"), ("image", "image.image_url"), ("file", "file.file_url")] {
        for url in
            ["example.com", "ftp://a/b", "javascript:alert(1)", "http://", "http:a", "//a/b", "http://a b/"]
        {
            let body = with(complete(msgtype), field, json!(url));
            is_refused(&system, body, &format!("{field}: must be an http or https URL")).await;
        }
    }
    let spaced = json!({"touser": " c1 ", "fromuser": "\u{3000}客服A\n", "msgtype": " evaluate ", "url": " HTTP://A/b?c=d "});
    system.customer_service.receive(spaced).await;
    let stored = &system.items("CHAT#1#c1").await[0];
    assert_eq!((&stored["fromuser"], &stored["payload"]["url"]), (&json!("客服A"), &json!("HTTP://A/b?c=d")));
}

#[tokio::test]
async fn one_error_is_told_the_first_in_the_contracts_order() {
    let system = System::start().await;
    system.operator.grant("only-2", "app", &[CUSTOMER_SERVICE], &[2]).await;
    let only_2 = system.partner("only-2");
    only_2.try_receive_with("source=x", "").await.is_error(400, 44002, "empty body");
    only_2.try_receive_with("source=x", "[").await.is_error(400, 47001, "body is not valid JSON");
    only_2.try_receive_with("source=x", "{}").await.is_error(400, 40035, "source: must be an integer");
    only_2.try_receive_with("source=1", "{}").await.is_error(403, 48001, "source is not permitted");
    only_2.try_receive_with("source=2", "{}").await.is_error(
        400,
        40035,
        "Required parameter 'touser' is not present",
    );
    let long = "x".repeat(65);
    is_refused(&system, json!({"touser": long}).to_string(), "touser: length exceeds the max value [64]")
        .await;
    let wrong = json!({"touser": "c", "msgtype": "event", "eventType": "x", "fromuser": []}).to_string();
    is_refused(&system, wrong, "eventType: must be one of [begin, end]").await;
    let wrong = json!({"touser": "c", "msgtype": "text", "fromuser": long, "text": 1}).to_string();
    is_refused(&system, wrong, "fromuser: length exceeds the max value [64]").await;
    let wrong = json!({"touser": "c", "msgtype": "evaluate", "fromuser": [], "url": ""}).to_string();
    is_refused(&system, wrong, "fromuser: must be a string").await;
    let wrong = json!({"touser": "c", "msgtype": "evaluate", "url": "x".repeat(2049)}).to_string();
    is_refused(&system, wrong, "url: length exceeds the max value [2048]").await;
    let wrong =
        json!({"touser": "c", "msgtype": "file", "fromuser": "a", "file": {"file_name": "x".repeat(256)}});
    is_refused(&system, wrong.to_string(), "file.file_name: length exceeds the max value [255]").await;
}

#[tokio::test]
async fn source_is_an_integer_between_1_and_2147483647_and_1_by_default() {
    let system = System::start().await;
    system.operator.grant("many", "app", &[CUSTOMER_SERVICE], &[1, 2, 2_147_483_647]).await;
    let caller = system.partner("many");
    for (source, stored_under) in [
        ("", "1"),
        ("source=", "1"),
        ("source=%20%20", "1"),
        ("source=1", "1"),
        ("source=2", "2"),
        ("source=0000000000000000000002", "2"),
        ("source=2147483647", "2147483647"),
        ("source=2&source=1", "2"),
        ("other=2", "1"),
        ("Source=2", "1"),
    ] {
        let body = json!({"touser": format!("s{source}"), "msgtype": "event", "eventType": "end"});
        caller.try_receive_with(source, body).await.is(200, RECEIVED);
        let chat = format!("s{source}").replace('%', "%25");
        assert_eq!(system.items(&format!("CHAT#{stored_under}#{chat}")).await.len(), 2, "{source}");
    }
    for source in ["0", "2147483648", "4294967297", "99999999999999999999999999"] {
        caller.try_receive_with(&format!("source={source}"), "{}").await.is_error(
            400,
            40035,
            "source: value must be between 1 and 2147483647",
        );
    }
    for source in
        ["x", "1.0", "1e0", "-", "--1", "-1.0", "- 1", "%2B1", "0x1", "1%202", "%EF%BC%91", "true", "1,2"]
    {
        caller.try_receive_with(&format!("source={source}"), "{}").await.is_error(
            400,
            40035,
            "source: must be an integer",
        );
    }
}

#[tokio::test]
async fn bodies_that_are_empty_or_no_json_object() {
    let system = System::start().await;
    for body in ["", " ", "\r\n\t ", "\u{feff}", "\u{feff} \n", "\u{3000}"] {
        system.customer_service.try_receive(body).await.is_error(400, 44002, "empty body");
    }
    let malformed: [&[u8]; 24] = [
        b"null",
        b"[]",
        b"\"text\"",
        b"1",
        b"true",
        b"{",
        b"}",
        b"{}{}",
        b"{} x",
        b"{\"touser\"}",
        b"{\"touser\":}",
        b"{\"touser\":1,}",
        b"{touser:1}",
        b"{'touser':1}",
        b"{\"touser\":01}",
        b"{\"touser\":NaN}",
        b"{\"touser\":\"\n\"}",
        b"{\"touser\":\"\\x\"}",
        b"touser=1",
        b"<a/>",
        b"{\"touser\":\"\\ud800\"}",
        b"{\"x\":{\"y\":[\"\\udc00\"]}}",
        b"{\"a\":1}\0",
        b"{\"touser\":\"a\" \"b\"}",
    ];
    for body in malformed {
        system.customer_service.post(paths::RECEIVE, body).await.is_error(
            400,
            47001,
            "body is not valid JSON",
        );
    }
}

#[tokio::test]
async fn a_body_is_at_most_262144_bytes() {
    let system = System::start().await;
    let body = |size: usize| {
        let around = complete("event").to_string();
        format!("{}{}", around, " ".repeat(size - around.len()))
    };
    system.customer_service.receive(body(262_144)).await;
    for size in [262_145, 1_000_000, 4_000_000, 7_000_000, 11_000_000] {
        system.customer_service.try_receive(body(size)).await.is_error(
            413,
            45002,
            "body size exceeds the max value",
        );
    }
    system.customer_service.try_receive(" ".repeat(262_145)).await.is_error(
        413,
        45002,
        "body size exceeds the max value",
    );
}

#[tokio::test]
async fn json_is_read_as_partners_write_it() {
    let system = System::start().await;
    let bodies = [
        "\u{feff}{\"touser\":\"j\",\"msgtype\":\"event\",\"eventType\":\"end\"}".to_owned(),
        r#"{"touser":"other","touser":"j","msgtype":"text","msgtype":"event","eventType":"end"}"#.to_owned(),
        r#"{"touser":"j","msgtype":"event","eventType":"end","unknown":{"a":[1e999,12345678901234567890123]}}"#.to_owned(),
        r#"{"\u0074ouser":"\u006a","msgtype":"event","eventType":"\u0065nd"}"#.to_owned(),
        format!(r#"{{"touser":"j","msgtype":"event","eventType":"end","x":{}{}}}"#, "[".repeat(100), "]".repeat(100)),
    ];
    for (number, body) in bodies.iter().enumerate() {
        system.customer_service.receive(body).await;
        assert_eq!(system.items("CHAT#1#j").await.len(), 2 * (number + 1), "{body}");
    }
    for content_type in
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "image/png", "x", ""]
    {
        let request = system.customer_service.request(reqwest::Method::POST, paths::RECEIVE);
        let request = request
            .header("authorization", "Bearer cn-11111111-1111-4111-8111-111111111111")
            .header("content-type", content_type)
            .body(bodies[0].clone());
        tests::Caller::reply(request).await.is(200, RECEIVED);
    }
}

#[tokio::test]
async fn content_is_kept_to_the_byte_and_repeats_are_kept_too() {
    let system = System::start().await;
    let content = " 好的 \n<script>alert(1)</script> \u{0}\u{1F600}\u{200d}\u{feff}\\\"% # ";
    for _ in 0..2 {
        let body = text_message("k", "a", content);
        system.customer_service.receive(body).await;
    }
    let stored = system.items("CHAT#1#k").await;
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().all(|item| item["payload"]["content"] == content));
}

#[tokio::test]
async fn hostile_chat_ids_stay_apart() {
    let system = System::start().await;
    system.operator.grant("one-and-eleven", "app", &[CUSTOMER_SERVICE], &[1, 11]).await;
    let caller = system.partner("one-and-eleven");
    let ids = [
        "#",
        "%",
        "/",
        "a b",
        "a\u{0}b",
        "%23",
        "1#c",
        "c",
        "..",
        "'",
        "\"",
        "\\",
        "🀄".repeat(32).as_str(),
        "{}",
        "$",
        "MSG#",
        "%2523",
        "ａ",
        "é",
        "e\u{301}",
    ]
    .map(str::to_owned);
    for source in [1, 11] {
        for id in &ids {
            let body = text_message(id, id, id);
            caller.try_receive_with(&format!("source={source}"), body).await.is(200, RECEIVED);
        }
    }
    for source in [1, 11] {
        for id in &ids {
            let key = id.replace('%', "%25").replace('#', "%23");
            let stored = system.items(&format!("CHAT#{source}#{key}")).await;
            assert_eq!(stored.len(), 1, "{id:?}");
            assert_eq!(stored[0]["payload"]["content"], *id);
        }
    }
}

#[tokio::test]
async fn a_retry_with_its_msg_id_stores_nothing_for_24_hours_and_its_id_is_free_then() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    let text = |content: &str| json!({"touser": "c", "fromuser": "客服A", "msgtype": "text", "text": {"content": content}, "msgId": "id-1"});
    let begin = json!({"touser": "c", "fromuser": "客服A", "msgtype": "event", "eventType": "begin", "msgId": "id-2"});
    let post = async |message: &Value| system.customer_service.try_receive(message).await;
    let stored = async || {
        let items = system.items("CHAT#1#c").await;
        let of = |prefix: &str| {
            items.iter().filter(|item| item["sk"].as_str().unwrap().starts_with(prefix)).count()
        };
        (of("MSG#"), of("EVT#"))
    };
    for _ in 0..3 {
        post(&text("好的")).await.is(200, RECEIVED);
        post(&begin).await.is(200, RECEIVED);
        clock.advance_seconds(1);
    }
    assert_eq!(stored().await, (2, 1));
    // The same message in other words of JSON: another order, white space around, a field that nobody knows.
    let same = r#" {"msgId":" id-1 ","unknown":1,"text":{"content":"好的"},"msgtype":"text","touser":"c","fromuser":" 客服A "}"#;
    system.customer_service.receive(same).await;
    assert_eq!(stored().await, (2, 1));
    for other in [
        text("好的 "),
        json!({"touser": "c", "fromuser": "客服B", "msgtype": "text", "text": {"content": "好的"}, "msgId": "id-1"}),
        json!({"touser": "c", "fromuser": "客服A", "msgtype": "event", "eventType": "begin", "msgId": "id-1"}),
        json!({"touser": "c", "msgtype": "event", "eventType": "end", "msgId": "id-2"}),
    ] {
        post(&other).await.is_error(400, 40035, "msgId: already used for different content");
    }
    assert_eq!(stored().await, (2, 1), "what is refused stores nothing");
    // Another chat, another source, another id.
    for (query, body) in [
        ("", json!({"touser": "d", "msgtype": "event", "eventType": "end", "msgId": "id-1"})),
        ("source=7", json!({"touser": "c", "msgtype": "event", "eventType": "end", "msgId": "id-1"})),
        ("", json!({"touser": "c", "msgtype": "event", "eventType": "end", "msgId": "id-2"})),
        ("", json!({"touser": "c", "msgtype": "evaluate", "url": "http://a", "msgId": "ID-1"})),
        ("", json!({"touser": "c", "msgtype": "evaluate", "url": "http://a", "msgId": "id-1#"})),
    ] {
        // Another application of the same source counts on its own.
        system.operator.grant("both", "both", &[CUSTOMER_SERVICE], &[1, 7]).await;
        system.partner("both").try_receive_with(query, body).await.is(200, RECEIVED);
    }
    clock.set(1_800_000_000_000 + 24 * 3_600_000 - 1_000);
    post(&text("other")).await.is_error(400, 40035, "msgId: already used for different content");
    clock.advance_seconds(1);
    post(&text("other")).await.is(200, RECEIVED);
    post(&text("other")).await.is(200, RECEIVED);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_retries_at_the_same_time_one_is_stored() {
    let system = System::start().await;
    let message =
        json!({"touser": "c", "fromuser": "a", "msgtype": "text", "text": {"content": "x"}, "msgId": "m"});
    let receive = async || system.customer_service.try_receive(&message).await;
    for reply in join_all((0..20).map(|_| until_answered(&receive))).await {
        reply.is(200, RECEIVED);
    }
    assert_eq!(system.items("CHAT#1#c").await.len(), 2, "the message and its id");
}

#[tokio::test]
async fn a_msg_id_is_checked_after_all_other_fields() {
    let system = System::start().await;
    let post = async |body: Value| system.customer_service.try_receive(body).await;
    let evaluate = |id: Value| json!({"touser": "c", "msgtype": "evaluate", "url": "http://a", "msgId": id});
    for absent in [json!(null), json!(""), json!("\u{3000}")] {
        post(evaluate(absent)).await.is(200, RECEIVED);
    }
    assert_eq!(system.items("CHAT#1#c").await.len(), 3, "without an id, nothing is told from anything");
    for wrong in [json!([]), json!({}), json!(true), json!(1.5)] {
        post(evaluate(wrong)).await.is_error(400, 40035, "msgId: must be a string");
    }
    for unit in ["x", "消", "😀"] {
        let longest = unit.repeat(64 / unit.encode_utf16().count());
        post(evaluate(json!(longest))).await.is(200, RECEIVED);
        let too_long = format!("{longest}x");
        post(evaluate(json!(too_long))).await.is_error(
            400,
            40035,
            "msgId: length exceeds the max value [64]",
        );
    }
    post(evaluate(json!(123_456_789_012_345_678_u64))).await.is(200, RECEIVED);
    let first = json!({"touser": "c", "msgtype": "evaluate", "msgId": []});
    post(first).await.is_error(400, 40035, "Required parameter 'url' is not present");
}
