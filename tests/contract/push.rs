//! Contract, "POST /chatbot/api/front/thirdParty/message/push".

use serde_json::{Value, json};
use tests::{MESSAGE_PUSH, ManualClock, System, acknowledged, paths, push_request};

/// An hour, in seconds.
const HOUR: u64 = 3600;

async fn is_refused(system: &System, body: &Value, message: &str) {
    system.message_push.try_push(body).await.is_code(400, message);
}

#[tokio::test]
async fn the_documents_example_is_pending_for_both_users() {
    let system = System::start().await;
    let example = r#"{"userIds":"6557578274821898321,6557192726348112377","content":"您好,您有一条新消息","messageId":"EQFEQ234TFQRFV54GHTE4HG4","expireTime":1}"#;
    system.message_push.try_push(example).await.is(200, r#"{"code":200,"message":"success"}"#);
    for user in ["6557578274821898321", "6557192726348112377"] {
        assert_eq!(system.platform.contents(user).await, ["您好,您有一条新消息"]);
    }
}

#[tokio::test]
async fn missing_parameters_come_first_in_the_order_of_the_document() {
    let system = System::start().await;
    let nothing = [None, Some(Value::Null), Some(json!("")), Some(json!(" \t\u{3000}"))];
    for absent in &nothing {
        let mut body = json!({});
        for name in ["userIds", "content", "expireTime", "messageId"] {
            if let Some(absent) = absent {
                body[name] = absent.clone();
            }
            let expected = format!("Required parameter '{name}' is not present");
            is_refused(&system, &body, &expected).await;
            body[name] = json!(["present, and wrong"]);
        }
        is_refused(&system, &body, "messsagePush.userIds: must be a string").await;
    }
    for nobody in [",", " , ,,", ",\u{3000},"] {
        is_refused(&system, &push_request(nobody, "", "", 0), "Required parameter 'userIds' is not present")
            .await;
    }
}

#[tokio::test]
async fn errors_come_in_the_order_of_the_contract() {
    let system = System::start().await;
    let long_id = "x".repeat(61);
    let mut wrong =
        push_request(&vec![long_id.as_str(); 101].join(","), &"x".repeat(32_769), &"x".repeat(65), 0);
    is_refused(&system, &wrong, "messsagePush.userIds: size exceeds the max value [100]").await;
    wrong["userIds"] = json!(format!("a,{long_id}"));
    is_refused(&system, &wrong, "messsagePush.userIds: element length exceeds the max value [60]").await;
    wrong["userIds"] = json!("a");
    is_refused(&system, &wrong, "messsagePush.content: length exceeds the max value [32768]").await;
    wrong["content"] = json!("x");
    is_refused(&system, &wrong, "messsagePush.expireTime: value must be between 1 and 168").await;
    wrong["expireTime"] = json!(1);
    is_refused(&system, &wrong, "messsagePush.messageId: Length exceeds the max value [64]").await;
    wrong["messageId"] = json!("m");
    system.message_push.try_push(&wrong).await.is_code(200, "success");
    wrong["content"] = json!("y");
    is_refused(&system, &wrong, "messsagePush.messageId: already used for different content").await;
}

#[tokio::test]
async fn integers_count_as_strings_and_other_types_are_refused() {
    let system = System::start().await;
    for wrong in [json!([]), json!({}), json!(true), json!(1.5), json!(["a"])] {
        for name in ["userIds", "content", "messageId"] {
            let mut body = push_request("a", "x", "m", 1);
            body[name] = wrong.clone();
            is_refused(&system, &body, &format!("messsagePush.{name}: must be a string")).await;
        }
    }
    let raw = |value: &str| {
        format!(r#"{{"userIds":{value},"content":{value},"messageId":{value},"expireTime":1}}"#)
    };
    for number in ["1.0", "1e0"] {
        system
            .message_push
            .try_push(raw(number))
            .await
            .is_code(400, "messsagePush.userIds: must be a string");
    }
    for number in ["6557578274821898321", "18446744073709551617", "123456789012345678901234567890", "-7"] {
        system.message_push.try_push(raw(number)).await.is_code(200, "success");
        assert_eq!(system.platform.contents(number).await, [number]);
        let stored = system.items(&format!("PUSH#demo#{number}")).await;
        assert_eq!(stored.len(), 2, "the content and the recipients of the call");
    }
}

#[tokio::test]
async fn expire_time_is_an_integer_between_1_and_168() {
    let system = System::start().await;
    let mut message = 0;
    for right in [json!(1), json!(168), json!("1"), json!("168"), json!("0024")] {
        message += 1;
        let mut body = push_request("a", "x", &message.to_string(), 1);
        body["expireTime"] = right;
        system.message_push.try_push(&body).await.is_code(200, "success");
    }
    for wrong in [
        json!(0),
        json!(169),
        json!(-1),
        json!("0"),
        json!("169"),
        json!("-1"),
        json!("+1"),
        json!(1.0),
        json!(1.5),
        json!("1.0"),
        json!("x"),
        json!(true),
        json!([]),
        json!([1]),
        json!({}),
        json!(" 1"),
        json!("１"),
        json!(4_294_967_297_u64),
        json!("99999999999999999999999"),
    ] {
        let mut body = push_request("a", "x", "m", 1);
        body["expireTime"] = wrong;
        is_refused(&system, &body, "messsagePush.expireTime: value must be between 1 and 168").await;
    }
}

#[tokio::test]
async fn every_bound_is_valid_in_utf16_units() {
    let system = System::start().await;
    for (number, unit) in ["x", "好", "😀"].into_iter().enumerate() {
        let length = |limit: usize| unit.repeat(limit / unit.encode_utf16().count());
        let longest =
            push_request(&format!(" {} ", length(60)), &length(32_768), &format!(" {} ", length(64)), 168);
        system.message_push.try_push(&longest).await.is_code(200, "success");
        assert_eq!(system.platform.contents(&length(60)).await, [length(32_768)]);
        let message = number.to_string();
        for (wrong, error) in [
            (
                push_request(&format!("{}x", length(60)), "c", &message, 1),
                "userIds: element length exceeds the max value [60]",
            ),
            (
                push_request("a", &format!("{}x", length(32_768)), &message, 1),
                "content: length exceeds the max value [32768]",
            ),
            (
                push_request("a", "c", &format!("{}x", length(64)), 1),
                "messageId: Length exceeds the max value [64]",
            ),
        ] {
            is_refused(&system, &wrong, &format!("messsagePush.{error}")).await;
        }
    }
}

#[tokio::test]
async fn users_are_counted_after_empty_ones_and_before_duplicates_are_dropped() {
    let system = System::start().await;
    let users: Vec<_> = (0..100).map(|number| format!("u{number}")).collect();
    system.message_push.push(&format!(",{}, ,", users.join(" , ")), "x", "hundred", 1).await;
    for user in &users {
        assert_eq!(system.platform.contents(user).await, ["x"]);
    }
    system.message_push.push(&["same"; 100].join(","), "x", "same", 1).await;
    assert_eq!(system.platform.contents("same").await, ["x"]);
    is_refused(
        &system,
        &push_request(&["same"; 101].join(","), "x", "m", 1),
        "messsagePush.userIds: size exceeds the max value [100]",
    )
    .await;
    is_refused(
        &system,
        &push_request(&format!("{},u100", users.join(",")), "x", "m", 1),
        "messsagePush.userIds: size exceeds the max value [100]",
    )
    .await;
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_or_too_large_is_refused() {
    let system = System::start().await;
    let malformed: [&[u8]; 11] = [
        b"",
        b" ",
        b"\xef\xbb\xbf",
        b"null",
        b"[]",
        b"\"x\"",
        b"{",
        b"{\"a\":1,}",
        b"userIds=1",
        b"{\"content\":\"\\ud800\"}",
        b"{}{}",
    ];
    for body in malformed {
        system.message_push.post(paths::PUSH, body).await.is_code(400, "body is not valid JSON");
    }
    let valid = push_request("a", "x", "m", 1).to_string();
    let padded = |size: usize| format!("{valid}{}", " ".repeat(size - valid.len()));
    system.message_push.try_push(padded(262_144)).await.is_code(200, "success");
    for size in [262_145, 7_000_000, 11_000_000] {
        system.message_push.try_push(padded(size)).await.is_code(413, "body size exceeds the max value");
    }
}

#[tokio::test]
async fn content_is_stored_unchanged() {
    let system = System::start().await;
    let content = " <p onclick=\"x()\">您好</p>\n\\ \u{0} 😀\u{200d} ";
    system.message_push.push("a", content, "m", 1).await;
    assert_eq!(system.platform.contents("a").await, [content]);
    let padded = json!({"userIds": " a ", "content": content, "messageId": " m\n", "expireTime": 1});
    system.message_push.try_push(&padded).await.is_code(200, "success");
    is_refused(
        &system,
        &push_request("a", content.trim(), "m", 1),
        "messsagePush.messageId: already used for different content",
    )
    .await;
}

#[tokio::test]
async fn a_repeat_is_a_success_and_delivers_nothing_twice() {
    let system = System::start().await;
    for _ in 0..3 {
        system.message_push.push("a,b", "x", "m", 1).await;
    }
    assert_eq!(system.platform.contents("a").await, ["x"]);
    assert_eq!(system.platform.contents("b").await, ["x"]);
}

#[tokio::test]
async fn a_campaign_adds_users_to_a_message() {
    let system = System::start().await;
    for call in 0..3 {
        let users: Vec<_> = (0..100).map(|number| format!("u{}", call * 100 + number)).collect();
        system.message_push.push(&users.join(","), "campaign", "m", 24).await;
    }
    for number in 0..300 {
        assert_eq!(system.platform.contents(&format!("u{number}")).await, ["campaign"]);
    }
}

#[tokio::test]
async fn different_content_under_a_message_id_stores_nothing() {
    let system = System::start().await;
    system.message_push.push("a", "one", "m", 1).await;
    let before = system.items("PUSH#demo#m").await;
    is_refused(
        &system,
        &push_request("a,b", "two", "m", 168),
        "messsagePush.messageId: already used for different content",
    )
    .await;
    assert_eq!(system.items("PUSH#demo#m").await, before);
    assert_eq!(system.platform.contents("a").await, ["one"]);
    assert_eq!(system.platform.contents("b").await, [""; 0]);
}

#[tokio::test]
async fn a_message_is_not_delivered_at_and_after_its_deadline() {
    for hours in [1, 168] {
        let clock = ManualClock::at(1_800_000_000_000);
        let system = System::start_at(&clock).await;
        system.message_push.push("a", "x", "m", hours).await;
        clock.advance_seconds(hours * HOUR - 1);
        assert_eq!(system.platform.contents("a").await, ["x"]);
        clock.advance_seconds(1);
        assert_eq!(system.platform.contents("a").await, [""; 0]);
    }
}

#[tokio::test]
async fn a_repeat_sets_a_longer_or_shorter_deadline_for_the_users_it_names() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    system.message_push.push("a,b,c", "x", "m", 10).await;
    system.message_push.push("b", "x", "m", 20).await;
    system.message_push.push("c", "x", "m", 2).await;
    clock.advance_seconds(2 * HOUR);
    for (user, waiting) in [("a", 1), ("b", 1), ("c", 0)] {
        assert_eq!(system.platform.contents(user).await.len(), waiting, "{user}");
    }
    clock.advance_seconds(8 * HOUR);
    for (user, waiting) in [("a", 0), ("b", 1), ("c", 0)] {
        assert_eq!(system.platform.contents(user).await.len(), waiting, "{user}");
    }
    // A repeat after the deadline delivers until the new one.
    system.message_push.push("a", "x", "m", 3).await;
    assert_eq!(system.platform.contents("a").await, ["x"]);
}

#[tokio::test]
async fn the_same_content_is_a_new_message_from_its_deadline_on() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    system.message_push.push("a", "x", "m", 1).await;
    clock.advance_seconds(HOUR / 2);
    system.message_push.push("a", "y", "n", 2).await;
    clock.advance_seconds(HOUR / 2);
    system.message_push.push("a", "x", "m", 1).await;
    assert_eq!(system.platform.contents("a").await, ["y", "x"], "in the order of their acceptance");
}

#[tokio::test]
async fn a_message_id_stands_for_its_content_until_the_latest_deadline_ever_given() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    system.message_push.push("a", "one", "m", 20).await;
    system.message_push.push("a", "one", "m", 1).await;
    clock.advance_seconds(20 * HOUR - 1);
    is_refused(
        &system,
        &push_request("a", "two", "m", 1),
        "messsagePush.messageId: already used for different content",
    )
    .await;
    clock.advance_seconds(1);
    system.message_push.push("a,b", "two", "m", 1).await;
    assert_eq!(system.platform.contents("a").await, ["two"]);
    assert_eq!(system.platform.contents("b").await, ["two"]);
    is_refused(
        &system,
        &push_request("a", "one", "m", 1),
        "messsagePush.messageId: already used for different content",
    )
    .await;
}

#[tokio::test]
async fn a_repeat_never_redelivers_and_new_content_reaches_everybody() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    system.message_push.push("a,b", "one", "m", 1).await;
    let shown = system.platform.ack_id("a", "demo", "m").await;
    system.platform.ack("a", &[shown], "delivered").await.is(200, &acknowledged(1));
    assert_eq!(system.platform.contents("a").await, [""; 0]);

    clock.advance_seconds(1);
    system.message_push.push("a,b", "one", "m", 2).await;
    assert_eq!(system.platform.contents("a").await, [""; 0]);
    assert_eq!(system.platform.contents("b").await, ["one"]);

    clock.advance_seconds(2 * HOUR);
    system.message_push.push("a,b", "two", "m", 1).await;
    assert_eq!(system.platform.contents("a").await, ["two"]);
    assert_eq!(system.platform.contents("b").await, ["two"]);
}

#[tokio::test]
async fn another_applications_message_id_never_collides() {
    let system = System::start().await;
    let applications = ["demo2", "demo#m", "demo%23m", "demo#", "演示"];
    system.message_push.push("a", "demo", "m", 1).await;
    for (number, app) in applications.into_iter().enumerate() {
        let token = format!("cn-{number}");
        system.operator.grant(&token, app, &[MESSAGE_PUSH], &[]).await;
        system.partner(&token).push("a", app, "m", 1).await;
    }
    system.message_push.push("a", "hostile", "m#m", 1).await;
    let mut delivered = system.platform.contents("a").await;
    delivered.sort();
    let mut expected = [&["demo", "hostile"][..], &applications].concat();
    expected.sort_unstable();
    assert_eq!(delivered, expected);
}

#[tokio::test]
async fn hostile_ids_stay_apart() {
    let system = System::start().await;
    let ids = [
        "#", "%", "/", "a b", "a\u{0}b", "%23", "demo#m", "ACK#x", "\\", "\"", "'", "😀", "e\u{301}", "é",
        ".",
    ];
    let mut longest = ids.map(str::to_owned).to_vec();
    longest.push("🀄".repeat(30));
    for id in &longest {
        system.message_push.push(id, id, id, 1).await;
    }
    for id in &longest {
        assert_eq!(system.platform.contents(id).await, [id.as_str()], "{id:?}");
    }
    system.message_push.push("x", "astral", &"😀".repeat(32), 1).await;
    assert_eq!(system.platform.contents("x").await, ["astral"]);
}
