//! `POST /chatbot/servlet/third/msg/receive`: bodies, and the stored messages.

use local::demo::CUSTOMER_SERVICE_TOKEN;
use serde_json::json;
use tests::{CUSTOMER_SERVICE, Caller, RECEIVED, System, begin_event, paths, text_message};

#[tokio::test]
async fn the_documents_examples_are_stored_in_order() {
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
async fn content_is_stored_unchanged_and_repeats_are_stored_too() {
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
async fn an_empty_body_or_one_that_is_not_a_json_object_is_refused() {
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
        let around = begin_event("chat", "客服A").to_string();
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
async fn unusual_but_valid_json_is_accepted_with_any_content_type() {
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
            .header("authorization", format!("Bearer {CUSTOMER_SERVICE_TOKEN}"))
            .header("content-type", content_type)
            .body(bodies[0].clone());
        Caller::reply(request).await.is(200, RECEIVED);
    }
}
