//! `POST /chatbot/servlet/third/msg/receive`: each field, and the order of checks.

use serde_json::{Value, json};
use tests::{CUSTOMER_SERVICE, RECEIVED, System, end_event};

/// A message of each type with all required fields.
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

/// The body of a message with the value at a dotted name replaced.
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
async fn each_message_type_requires_its_fields_and_no_others() {
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
        // An emoji counts two units; a letter fills an odd limit.
        let emoji = format!("{prefix}{}{}", "😀".repeat(room / 2), "x".repeat(room % 2));
        let chinese = format!("{prefix}{}", "好".repeat(room));
        for longest in [emoji, chinese, format!("{prefix}{}", "x".repeat(room))] {
            let body = with(complete(msgtype), field, json!(longest));
            system.customer_service.receive(body).await;
            let too_long = with(complete(msgtype), field, json!(format!("{longest}x")));
            is_refused(&system, too_long, &format!("{field}: length exceeds the max value [{limit}]")).await;
        }
    }
    // A trimmed value is measured after trimming; content is not trimmed.
    let padded = with(complete("text"), "touser", json!(format!(" \u{3000}{}\n", "x".repeat(64))));
    system.customer_service.receive(padded).await;
    let padded = with(complete("text"), "text.content", json!(format!("{} ", "x".repeat(32_768))));
    is_refused(&system, padded, "text.content: length exceeds the max value [32768]").await;
}

#[tokio::test]
async fn integers_count_as_strings_and_other_types_are_refused() {
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
async fn msgtype_event_type_and_urls_are_validated() {
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
async fn the_first_error_in_the_order_of_the_contract_is_returned() {
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
