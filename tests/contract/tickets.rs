//! `POST /chatbot/api/platform/user/ticket`: fields, the answer, and what is stored.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tests::{Fault, ManualClock, Reply, Socket, System, paths::TICKET};

/// 2026-11-27 08:00:10 in UTC+8.
const NOW: u64 = 1_795_737_610_000;

async fn is_refused(system: &System, body: Value, error: &str) {
    system.platform.try_ticket(body).await.is_code(400, error);
}

async fn is_issued(system: &System, body: Value) {
    let reply = system.platform.try_ticket(body.clone()).await;
    assert_eq!(reply.status, 200, "{body}: {}", reply.body);
}

/// The ticket in an answer, which is compared whole.
fn ticket(reply: &Reply, url: &str) -> String {
    let ticket = reply.data()["ticket"].as_str().unwrap().to_owned();
    let data = format!(r#"{{"ticket":"{ticket}","url":"{url}","expiresIn":60}}"#);
    reply.is(200, &format!(r#"{{"code":200,"message":"success","data":{data}}}"#));
    ticket
}

#[tokio::test]
async fn a_ticket_is_64_digits_of_its_own_and_comes_with_the_url_and_its_lifetime() {
    let system = System::start().await;
    let body = json!({"userId": "张三😀", "chats": [{"chatId": "会话"}, {"chatId": "会话", "source": 2}]});
    let url = system.platform.ticket("u", &[]).await.url;
    assert!(url.starts_with("ws"), "{url}");
    let one = ticket(&system.platform.try_ticket(&body).await, &url);
    let other = ticket(&system.platform.try_ticket(&body).await, &url);
    assert_ne!(one, other);
    for ticket in [one, other] {
        assert!(ticket.len() == 64 && ticket.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    }
}

#[tokio::test]
async fn a_ticket_is_stored_by_its_hash_for_a_minute() {
    let system = System::start_at(&ManualClock::at(NOW)).await;
    let body = json!({"userId": "u", "chats": [{"chatId": "b", "source": 7}, {"chatId": "a"}]});
    let ticket = system.platform.try_ticket(&body).await.data()["ticket"].as_str().unwrap().to_owned();
    let hash = model::sha256_hex(&ticket);
    let stored = json!([{
        "pk": format!("TICKET#{hash}"), "sk": "TICKET",
        "userId": "u", "chats": [[1, "a"], [7, "b"]], "expireAt": NOW / 1000 + 60,
    }]);
    assert_eq!(json!(system.connection_items().await), stored);
}

/// An attempt that is applied although it failed stores a ticket that nobody knows. It could be applied after the ticket was used.
#[tokio::test]
async fn a_repeated_put_stores_another_ticket() {
    let system = System::start().await;
    let is_first = AtomicBool::new(true);
    system.proxy.fail(move |_, operation| {
        let fails = operation == "PutItem" && is_first.swap(false, Ordering::Relaxed);
        fails.then_some(Fault::ReplyLost)
    });
    let ticket = system.platform.ticket("u", &[]).await;
    assert_eq!(system.connection_items().await.len(), 2);
    let socket = Socket::open(&ticket.url, &ticket.ticket).await;
    assert!(socket.is_ok());
    assert_eq!(Socket::open(&ticket.url, &ticket.ticket).await.err(), Some(401));
}

#[tokio::test]
async fn every_field_is_checked_in_its_order() {
    let system = System::start().await;
    let chats = |chats: Value| json!({"userId": "u", "chats": chats});
    let many = |count: usize| chats(json!(vec![json!({"chatId": "c"}); count]));
    let list = "chats: must be a list of objects";
    for (body, error) in [
        (json!({}), "Required parameter 'userId' is not present"),
        (json!({"userId": " \u{3000}", "chats": 7}), "Required parameter 'userId' is not present"),
        (json!({"userId": []}), "userId: must be a string"),
        (json!({"userId": "x".repeat(61)}), "userId: length exceeds the max value [60]"),
        (json!({"userId": "😀".repeat(31)}), "userId: length exceeds the max value [60]"),
        (chats(json!(7)), list),
        (chats(json!({"chatId": "c"})), list),
        (chats(json!("c")), list),
        (chats(json!(["c"])), list),
        (chats(json!([[]])), list),
        (many(11), "chats: size exceeds the max value [10]"),
        (chats(json!([{}])), "Required parameter 'chats.chatId' is not present"),
        (chats(json!([{"chatId": "", "source": 0}])), "Required parameter 'chats.chatId' is not present"),
        (chats(json!([{"chatId": true}])), "chats.chatId: must be a string"),
        (chats(json!([{"chatId": "x".repeat(65)}])), "chats.chatId: length exceeds the max value [64]"),
        (chats(json!([{"chatId": "c", "source": "x"}])), "chats.source: must be an integer"),
        (
            chats(json!([{"chatId": "c", "source": 0}])),
            "chats.source: value must be between 1 and 2147483647",
        ),
        (
            chats(json!([{"chatId": "c"}, {"chatId": "c", "source": 2_147_483_648_u64}])),
            "chats.source: value must be between 1 and 2147483647",
        ),
    ] {
        is_refused(&system, body, error).await;
    }
    assert_eq!(system.connection_items().await, [], "a refused call changes nothing");
    for body in [
        json!({"userId": 6_557_578_274_821_898_321_u64}),
        json!({"userId": "x".repeat(60), "chats": null}),
        json!({"userId": "😀".repeat(30), "chats": []}),
        many(10),
        chats(
            json!([null, {"chatId": "x".repeat(64), "source": "2147483647"}, "", {"chatId": 1, "source": null}]),
        ),
        json!({"userId": "#%\u{0}", "chats": [{"chatId": "a#b%23"}]}),
    ] {
        is_issued(&system, body).await;
    }
}

#[tokio::test]
async fn a_body_must_be_a_json_object_of_at_most_262144_bytes() {
    let system = System::start().await;
    for body in ["", " ", "[]", "null", "{", r#"{"userId":"\ud800"}"#, "userId=u"] {
        system.platform.try_ticket(body).await.is_code(400, "body is not valid JSON");
    }
    let body = |length: usize| {
        let empty = r#"{"userId":"u","x":""}"#.len();
        format!(r#"{{"userId":"u","x":"{}"}}"#, "x".repeat(length - empty))
    };
    system.platform.try_ticket(body(262_145)).await.is_code(413, "body size exceeds the max value");
    assert_eq!(system.platform.try_ticket(body(262_144)).await.status, 200);
}

#[tokio::test]
async fn only_the_platform_gets_tickets() {
    let system = System::start().await;
    for partner in [&system.customer_service, &system.message_push] {
        partner.post(TICKET, r#"{"userId":"u"}"#).await.is_code(400, "check access_token error");
    }
    system
        .anonymous
        .post(TICKET, r#"{"userId":"u"}"#)
        .await
        .is_code(400, "parse access_token from Authorization error");
    assert_eq!(system.connection_items().await, []);
}
