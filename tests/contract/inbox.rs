//! The platform's side of a push: login, what waits, acknowledgement.

use std::slice::from_ref;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    Fault, MESSAGE_PUSH, ManualClock, Reply, System, ack_id, acknowledge, delivered_to, deliveries_of, items,
    path_with, until_answered, waiting_for,
};

use super::inboxes;

const LOGIN: &str = "/chatbot/api/platform/user/login";
const PENDING: &str = "/chatbot/api/platform/message/pending";
const RECALL: &str = "/chatbot/api/front/thirdParty/message/recall";
const PUSH: &str = "/chatbot/api/front/thirdParty/message/push";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

async fn push(system: &System, users: &str, content: &str, id: &str, hours: u32) {
    let push = json!({"userIds": users, "content": content, "messageId": id, "expireTime": hours});
    system.message_push.post(PUSH, push.to_string()).await.is_code(200, "success");
}

async fn pending(system: &System, user: &str, cursor: &str) -> Value {
    let reply = system.platform.get(&path_with(PENDING, &[("userId", user), ("cursor", cursor)])).await;
    assert_eq!(
        (reply.status, &reply.json()["code"], &reply.json()["message"]),
        (200, &json!(200), &json!("success"))
    );
    reply.json()["data"].take()
}

fn ids(data: &Value) -> Vec<String> {
    let messages = data["messages"].as_array().unwrap();
    messages.iter().map(|message| message["messageId"].as_str().unwrap().to_owned()).collect()
}

/// Acknowledges messages of the demo application that wait for a user.
async fn ack(system: &System, user: &str, messages: &[&str], state: &str) -> Reply {
    let mut ids = Vec::new();
    for message in messages {
        ids.push(ack_id(system, user, "demo", message).await);
    }
    acknowledge(system, user, &ids, state).await
}

async fn state(system: &System, id: &str, user: &str) -> (String, String) {
    let path = path_with("/chatbot/api/front/thirdParty/message/status", &[("messageId", id)]);
    let users = system.message_push.get(&path).await.json()["data"]["users"].take();
    let found = users.as_array().unwrap().iter().find(|found| found["userId"] == user).cloned().unwrap();
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("state"), text("at"))
}

#[tokio::test]
async fn a_login_stores_who_the_user_is_and_tells_what_waits() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u,v", "<b>您好</b><script>alert(1)</script>", "m", 2).await;
    clock.advance_seconds(60);
    let login = json!({
        "userId": "u", "clientId": "c", "hostIp": "10.1.123.6", "userAgent": CHROME, "address": "北京",
        "city": "海淀", "channelName": "广旺财",
    });
    let shown = ack_id(&system, "u", "demo", "m").await;
    system.platform.post(LOGIN, login.to_string()).await.is(
        200,
        &format!(
            r#"{{"code":200,"message":"success","data":{{"messages":[{{"messageId":"m","appId":"demo","ackId":"{shown}","content":"<b>您好</b><script>alert(1)</script>","safeContent":"<b>您好</b>","acceptedAt":"2026-11-21 08:00:10","expireAt":"2026-11-21 10:00:10"}}]}}}}"#
        ),
    );
    system.customer_service.get("/chatbot/servlet/user/info/get?clientId=c").await.is(
        200,
        r#"{"status":0,"message":"ok","total":"1","chatUser":{"clientId":"c","hostIp":"10.1.123.6","broswer":"Chrome 120.0.0.0","sysInfo":"Windows 10","address":"北京","city":"海淀","lastLoginTime":"2026-11-21 08:01:10"},"channelConfig":{"name":"广旺财"}}"#,
    );
    let again = json!({
        "userId": "w", "clientId": "c", "source": 7, "hostIp": "::1", "userAgent": "x", "sysInfo": "HarmonyOS",
        "broswer": "Crome",
    });
    let empty = r#"{"code":200,"message":"success","data":{"messages":[]}}"#;
    system.platform.post(LOGIN, again.to_string()).await.is(200, empty);
    system.grant("seven", "seven", &[tests::CUSTOMER_SERVICE], &[7]).await;
    let seven = system.anonymous.with_token("seven");
    let user = seven.get("/chatbot/servlet/user/info/get?clientId=c&source=7").await.json();
    assert_eq!(
        (&user["chatUser"]["broswer"], &user["chatUser"]["sysInfo"]),
        (&json!("Crome"), &json!("HarmonyOS"))
    );
    assert_eq!(user["channelConfig"]["name"], "");
}

#[tokio::test]
async fn a_user_is_known_for_a_year_after_the_last_login() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let login = json!({"userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x"}).to_string();
    assert_eq!(system.platform.post(LOGIN, login).await.status, 200);
    clock.advance_seconds(365 * 24 * 3600 - 1);
    let path = "/chatbot/servlet/user/info/get?clientId=c";
    assert_eq!(system.customer_service.get(path).await.status, 200);
    clock.advance_seconds(1);
    system.customer_service.get(path).await.is_error(404, 46004, "user does not exist");
}

#[tokio::test]
async fn the_parameters_of_a_login_are_checked_in_their_order() {
    let system = System::start().await;
    let full = json!({
        "source": 1, "userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x", "broswer": "b",
        "sysInfo": "s", "address": "a", "city": "c", "channelName": "n",
    });
    let refused = async |body: &Value, message: &str| {
        system.platform.post(LOGIN, body.to_string()).await.is_code(400, message);
    };
    for (name, max, required) in [
        ("userId", 60, true),
        ("clientId", 64, true),
        ("hostIp", 64, true),
        ("userAgent", 2048, true),
        ("broswer", 255, false),
        ("sysInfo", 255, false),
        ("address", 255, false),
        ("city", 255, false),
        ("channelName", 255, false),
    ] {
        let with = |value: Value| {
            let mut body = full.clone();
            body[name] = value;
            body
        };
        assert_eq!(system.platform.post(LOGIN, with(json!("字".repeat(max))).to_string()).await.status, 200);
        refused(&with(json!("字".repeat(max + 1))), &format!("{name}: length exceeds the max value [{max}]"))
            .await;
        refused(&with(json!(["x"])), &format!("{name}: must be a string")).await;
        for absent in [json!(null), json!(""), json!(" \u{3000}")] {
            if required {
                refused(&with(absent), &format!("Required parameter '{name}' is not present")).await;
            } else {
                assert_eq!(system.platform.post(LOGIN, with(absent).to_string()).await.status, 200, "{name}");
            }
        }
    }
    refused(&json!({"source": "x"}), "source: must be an integer").await;
    refused(&json!({"source": 0}), "source: value must be between 1 and 2147483647").await;
    refused(&json!({}), "Required parameter 'userId' is not present").await;
    for body in ["", "[]", "{", "\u{feff}"] {
        system.platform.post(LOGIN, body).await.is_code(400, "body is not valid JSON");
    }
    system.platform.post(LOGIN, " ".repeat(262_145)).await.is_code(413, "body size exceeds the max value");
    assert_eq!(items(&system, "USER#1#c").await.len(), 1, "what is refused changes nothing");
}

#[tokio::test]
async fn what_waits_is_in_order_and_comes_in_pages_of_20() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let mut expected = Vec::new();
    for number in 0..45 {
        // Ids in no order, some at the same moment.
        let id = format!("{:03}", (number * 37) % 100);
        push(&system, "u", &id, &id, 1).await;
        expected.push((clock.now(), id));
        if number % 3 == 0 {
            clock.advance_seconds(1);
        }
    }
    expected.sort();
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    let first = pending(&system, "u", "").await;
    let second = pending(&system, "u", first["cursor"].as_str().unwrap()).await;
    let third = pending(&system, "u", second["cursor"].as_str().unwrap()).await;
    assert_eq!((ids(&first).len(), ids(&second).len(), ids(&third).len()), (20, 20, 5));
    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), expected);
    assert_eq!(third.get("cursor"), None);
    // Twenty exactly are the last page.
    for id in expected.iter().take(25) {
        ack(&system, "u", &[id], "delivered").await;
    }
    let last = pending(&system, "u", "").await;
    assert_eq!((ids(&last).len(), last.get("cursor")), (20, None));
}

#[tokio::test]
async fn a_page_ends_where_an_answer_does() {
    let system = System::start().await;
    // Each takes its content twice, escaped once more: some 600 KB.
    let content = "\"".repeat(32_768) + "";
    for number in 0..25 {
        push(&system, "u", &content, &number.to_string(), 1).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    let mut pages = 0;
    loop {
        let data = pending(&system, "u", &cursor).await;
        let page = ids(&data);
        assert!(!page.is_empty() && page.len() <= 20);
        seen.extend(page);
        pages += 1;
        match data["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert!(pages >= 2, "{pages}");
    assert_eq!(seen.len(), 25);
}

#[tokio::test]
async fn an_inbox_of_5000_is_in_order() {
    let system = System::start().await;
    inboxes::fill(&system, "u", 0..5_000, 0).await;
    let mut cursor = String::new();
    let mut seen = Vec::new();
    for _ in 0..6 {
        system.proxy.forget();
        let data = pending(&system, "u", &cursor).await;
        // The authorizer's read, the inbox, and acknowledgements and contents of a page.
        assert_eq!(system.proxy.operations(), ["GetItem", "Query", "BatchGetItem", "BatchGetItem"]);
        seen.extend(ids(&data));
        data["cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    assert_eq!(seen, (0..120).map(|number| format!("m{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn expired_deliveries_at_the_front_never_make_a_page_fail_and_are_removed_in_bounds() {
    let system = System::start().await;
    // Expired an hour ago, and TTL has not come yet.
    inboxes::fill(&system, "u", 0..450, -25 * 3_600_000).await;
    push(&system, "u", "x", "live", 1).await;
    let (mut cursor, mut seen, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        system.proxy.forget();
        let data = pending(&system, "u", &cursor).await;
        let queries = system.proxy.operations().iter().filter(|name| *name == "Query").count();
        assert!(queries <= 5, "{queries}");
        seen.extend(ids(&data));
        pages += 1;
        match data["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!((seen, pages), (vec!["live".to_owned()], 3));
    // The next pages pass deliveries that were not removed in time.
    for _ in 0..10 {
        delivered_to(&system, "u").await;
    }
    let left = deliveries_of(&system, "u").await.len();
    assert!(left <= 41, "what does not fill a query is left to TTL: {left}");
    assert_eq!(ids(&pending(&system, "u", "").await), ["live"]);
}

#[tokio::test]
async fn a_removal_that_takes_long_does_not_hold_up_a_page() {
    let system = System::start().await;
    inboxes::fill(&system, "u", 0..120, -25 * 3_600_000).await;
    push(&system, "u", "x", "live", 1).await;
    system.proxy.fail(|_, operation| (operation == "DeleteItem").then_some(Fault::Stalled));
    assert_eq!(ids(&pending(&system, "u", "").await), ["live"]);
    system.proxy.fail(|_, operation| (operation == "DeleteItem").then_some(Fault::InternalError));
    assert_eq!(ids(&pending(&system, "u", "").await), ["live"]);
}

#[tokio::test]
async fn a_recall_is_passed_and_removed_like_an_acknowledgement() {
    let system = System::start().await;
    for number in 0..30 {
        push(&system, "u", "x", &format!("r{number}"), 1).await;
        let recall = json!({"messageId": format!("r{number}")}).to_string();
        system.message_push.post(RECALL, recall).await.is_code(200, "success");
    }
    push(&system, "u", "x", "live", 1).await;
    assert_eq!(ids(&pending(&system, "u", "").await), ["live"]);
    assert_eq!(deliveries_of(&system, "u").await.len(), 1);
}

#[tokio::test]
async fn a_content_that_is_throttled_shortens_the_page_and_fails_no_login() {
    let system = System::start().await;
    push(&system, "u,v", "hot", "hot", 1).await;
    push(&system, "u", "cold", "cold", 1).await;
    let of_content = |request: &Value, id: &str| {
        let keys = request["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
        let mut keys = keys.flat_map(|table| table["Keys"].as_array().cloned().unwrap_or_default());
        keys.any(|key| key["pk"]["S"] == format!("PUSH#demo#{id}"))
    };
    // The hot partition is left unprocessed however often it is asked for.
    system.proxy.starve("PUSH#demo#hot");
    let data = pending(&system, "u", "").await;
    assert_eq!((ids(&data), data.get("cursor")), (vec!["cold".to_owned()], None));
    let retried = system.proxy.recorded().iter().filter(|asked| of_content(&asked.request, "hot")).count();
    assert_eq!(retried, 2, "once more, and no second look");
    let reply = system.platform.get(&path_with(PENDING, &[("userId", "v")])).await;
    reply.is_code(429, "too many requests");
    assert_eq!(reply.header("retry-after"), Some("1"));
    let login = json!({"userId": "v", "clientId": "c", "hostIp": "h", "userAgent": "x"}).to_string();
    let data = system.platform.post(LOGIN, login.clone()).await.json()["data"].take();
    assert_eq!(ids(&data), [""; 0]);
    system.proxy.recover();
    assert_eq!(ids(&pending(&system, "v", data["cursor"].as_str().unwrap()).await), ["hot"]);
    assert_eq!(delivered_to(&system, "u").await, ["hot", "cold"]);
}

#[tokio::test]
async fn a_hot_content_in_front_of_dead_deliveries_hides_no_other_message() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u", "hot", "hot", 168).await;
    clock.advance_seconds(1);
    for number in 0..45 {
        push(&system, "u", "dead", &number.to_string(), 1).await;
    }
    push(&system, "u", "other", "other", 168).await;
    clock.advance_seconds(3600);
    system.proxy.starve("PUSH#demo#hot");
    assert_eq!(ids(&pending(&system, "u", "").await), ["other"]);
    let login = json!({"userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x"}).to_string();
    let data = system.platform.post(LOGIN, login).await.json()["data"].take();
    assert_eq!(ids(&data), ["other"]);
    assert_eq!(
        deliveries_of(&system, "u").await.len(),
        2 + 45 - 39,
        "a query's full of dead ones is removed"
    );
    system.proxy.recover();
    assert_eq!(delivered_to(&system, "u").await, ["hot", "other"]);
}

#[tokio::test]
async fn a_page_that_fails_further_on_keeps_what_it_did() {
    let system = System::start().await;
    inboxes::fill(&system, "u", 0..200, -25 * 3_600_000).await;
    // The authorizer's read, a query, and then nothing but removals.
    system
        .proxy
        .fail(|number, operation| (number >= 2 && operation == "Query").then_some(Fault::InternalError));
    let data = pending(&system, "u", "").await;
    assert_eq!(ids(&data), [""; 0]);
    assert_eq!(deliveries_of(&system, "u").await.len(), 160, "what was met is removed");
    system.proxy.recover();
    push(&system, "u", "x", "m", 1).await;
    let path = path_with(PENDING, &[("userId", "u"), ("cursor", data["cursor"].as_str().unwrap())]);
    assert_eq!(ids(&system.platform.get(&path).await.json()["data"]), ["m"]);
}

#[tokio::test]
async fn a_content_that_an_eventually_consistent_read_does_not_see_is_looked_up_once_more() {
    let system = System::start().await;
    push(&system, "u", "old", "old", 1).await;
    push(&system, "u", "new", "new", 1).await;
    system.proxy.lag("PUSH#demo#new");
    assert_eq!(ids(&pending(&system, "u", "").await), ["old", "new"]);
    let batches = system.proxy.recorded().into_iter().filter(|asked| asked.operation == "BatchGetItem");
    let is_consistent = |asked: tests::faults::Recorded| {
        asked.request["RequestItems"][&system.chat_table]["ConsistentRead"] == json!(true)
    };
    let mut looks: Vec<_> = batches.map(is_consistent).collect();
    looks.sort_unstable();
    assert_eq!(looks, [false, true, true], "the contents, the acknowledgements, and what is in doubt");
    // The second look decides about a recall that the first one does not see yet.
    system.message_push.post(RECALL, r#"{"messageId":"new"}"#).await.is_code(200, "success");
    assert_eq!(ids(&pending(&system, "u", "").await), ["old"]);
}

#[tokio::test]
async fn a_user_whom_a_push_that_failed_half_way_reached_stays_known_after_its_repeat() {
    let system = System::start().await;
    let users: Vec<_> = (0..30).map(|number| format!("u{number:02}")).collect();
    let body =
        json!({"userIds": users.join(","), "content": "x", "messageId": "m", "expireTime": 1}).to_string();
    // The content and one of two batches are written; the recipients of the call may be in the other one.
    system.proxy.fail(|number, _| (number >= 3).then_some(Fault::InternalError));
    system.message_push.post(PUSH, body.clone()).await.is_code(500, "system error");
    system.proxy.recover();
    let mut reached = Vec::new();
    for user in &users {
        if let [message] = waiting_for(&system, user).await.as_slice() {
            reached.push((user.clone(), message["ackId"].as_str().unwrap().to_owned()));
        }
    }
    assert!([5, 25].contains(&reached.len()), "{}", reached.len());
    let done = r#"{"code":200,"message":"success","data":{"acknowledged":1,"invalid":[]}}"#;
    let (user, id) = reached.remove(0);
    for state in ["delivered", "read", "read"] {
        acknowledge(&system, &user, from_ref(&id), state).await.is(200, done);
    }
    system.message_push.post(PUSH, body).await.is_code(200, "success");
    assert_eq!(delivered_to(&system, &user).await, [""; 0]);
    assert_eq!(state(&system, "m", &user).await.0, "read");
    for user in users.iter().filter(|other| **other != user) {
        assert_eq!(delivered_to(&system, user).await, ["x"], "{user}");
        assert_eq!(state(&system, "m", user).await.0, "pending", "{user}");
    }
}

#[tokio::test]
async fn a_login_succeeds_and_is_stored_when_the_inbox_cannot_be_read() {
    for fault in [Fault::InternalError, Fault::Cut, Fault::Throttled, Fault::Stalled] {
        let system = System::start().await;
        push(&system, "u", "x", "m", 1).await;
        system.proxy.fail(move |_, operation| (operation == "Query").then_some(fault));
        let login = json!({"userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x"}).to_string();
        let reply = system.platform.post(LOGIN, login).await;
        assert_eq!(reply.status, 200, "{fault:?}: {}", reply.body);
        let data = reply.json()["data"].take();
        assert_eq!(ids(&data), [""; 0]);
        system.proxy.recover();
        assert_eq!(ids(&pending(&system, "u", data["cursor"].as_str().unwrap()).await), ["m"]);
        let user = system.customer_service.get("/chatbot/servlet/user/info/get?clientId=c").await;
        assert_eq!(user.status, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn a_login_whose_user_cannot_be_stored_fails() {
    let system = System::start().await;
    system.proxy.fail(|_, operation| (operation == "PutItem").then_some(Fault::InternalError));
    let login = json!({"userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x"}).to_string();
    system.platform.post(LOGIN, login).await.is_code(500, "system error");
}

#[tokio::test]
async fn what_was_acknowledged_is_gone_and_a_repeat_does_not_bring_it_back() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for id in ["1", "2", "3"] {
        push(&system, "u,v", "x", id, 2).await;
        clock.advance_seconds(1);
    }
    let data = r#"{"code":200,"message":"success","data":{"acknowledged":2,"invalid":[]}}"#;
    let (one, three) = (ack_id(&system, "u", "demo", "1").await, ack_id(&system, "u", "demo", "3").await);
    for _ in 0..3 {
        let ids = [one.clone(), three.clone(), one.clone()];
        acknowledge(&system, "u", &ids, "delivered").await.is(200, data);
    }
    assert_eq!(ids(&pending(&system, "u", "").await), ["2"]);
    assert_eq!(ids(&pending(&system, "v", "").await), ["1", "2", "3"]);
    assert_eq!(deliveries_of(&system, "u").await.len(), 1, "what is acknowledged leaves the inbox");
    push(&system, "u,v", "x", "1", 2).await;
    assert_eq!(ids(&pending(&system, "u", "").await), ["2"]);
    assert_eq!(deliveries_of(&system, "u").await.len(), 1, "and what a repeat brought back is cleared away");
    assert_eq!(state(&system, "1", "u").await.0, "delivered");
}

#[tokio::test]
async fn an_acknowledgement_holds_against_every_repeat_of_30_days_and_none_after() {
    const DAY: u64 = 24 * 3600;
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u,v", "x", "m", 1).await;
    ack(&system, "u", &["m"], "read").await;
    clock.advance_seconds(29 * DAY);
    push(&system, "u,v", "x", "m", 168).await;
    // What is repeated on day 29 waits, for who did not have it, until day 36; and is known until day 59.
    for day in [29, 31, 35] {
        assert_eq!(ids(&pending(&system, "u", "").await), [""; 0], "day {day}");
        assert_eq!(state(&system, "m", "u").await.0, "read", "day {day}");
        assert_eq!(state(&system, "m", "v").await.0, "pending", "day {day}");
        clock.advance_seconds(2 * DAY);
    }
    clock.advance_seconds(20 * DAY);
    assert_eq!(state(&system, "m", "u").await.0, "read", "day 55");
    assert_eq!(state(&system, "m", "v").await.0, "expired", "day 55");
    // More than 30 days later it is a message anew, and what becomes of it is written down anew.
    push(&system, "u", "x", "m", 1).await;
    assert_eq!(ids(&pending(&system, "u", "").await), ["m"]);
    assert_eq!(state(&system, "m", "u").await.0, "pending");
    ack(&system, "u", &["m"], "delivered").await;
    assert_eq!(ids(&pending(&system, "u", "").await), [""; 0]);
    assert_eq!(state(&system, "m", "u").await.0, "delivered");
    push(&system, "u", "x", "m", 1).await;
    assert_eq!(ids(&pending(&system, "u", "").await), [""; 0]);
}

#[tokio::test]
async fn a_campaign_that_goes_on_for_longer_than_30_days_is_shown_anew_and_can_be_acknowledged_anew() {
    const DAY: u64 = 24 * 3600;
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u", "x", "m", 168).await;
    let first = ack_id(&system, "u", "demo", "m").await;
    acknowledge(&system, "u", from_ref(&first), "read").await;
    // The content never lapses: its first acceptance stays.
    for day in [6, 12, 18, 24, 29] {
        clock.set(NOW + day * DAY * 1000);
        push(&system, "u", "x", "m", 168).await;
        assert_eq!(ids(&pending(&system, "u", "").await), [""; 0], "day {day}");
    }
    clock.set(NOW + 31 * DAY * 1000);
    push(&system, "u", "x", "m", 168).await;
    assert_eq!(ids(&pending(&system, "u", "").await), ["m"]);
    // The old acknowledgement, sent once more, does not count for the new acceptance.
    acknowledge(&system, "u", &[first], "read").await;
    assert_eq!(ids(&pending(&system, "u", "").await), ["m"]);
    assert_eq!(state(&system, "m", "u").await.0, "pending");
    ack(&system, "u", &["m"], "delivered").await;
    assert_eq!(ids(&pending(&system, "u", "").await), [""; 0]);
    assert_eq!(state(&system, "m", "u").await.0, "delivered");
}

#[tokio::test]
async fn a_late_acknowledgement_never_hides_other_content_under_the_same_id() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u", "X", "m", 1).await;
    let shown = ack_id(&system, "u", "demo", "m").await;
    clock.advance_seconds(3600);
    push(&system, "u", "Y", "m", 1).await;
    let done = r#"{"code":200,"message":"success","data":{"acknowledged":1,"invalid":[]}}"#;
    for state in ["delivered", "read", "read"] {
        acknowledge(&system, "u", from_ref(&shown), state).await.is(200, done);
    }
    assert_eq!(delivered_to(&system, "u").await, ["Y"]);
    assert_eq!(state(&system, "m", "u").await.0, "pending");
    // Nor the same content, accepted anew after its deadline.
    clock.advance_seconds(3600);
    push(&system, "u", "X", "m", 1).await;
    assert_eq!(delivered_to(&system, "u").await, [""; 0], "the user has seen X");
    assert_eq!(state(&system, "m", "u").await.0, "read");
}

#[tokio::test]
async fn a_removal_spares_a_delivery_that_was_accepted_anew() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u", "x", "m", 1).await;
    let shown = ack_id(&system, "u", "demo", "m").await;
    clock.advance_seconds(1);
    push(&system, "u", "x", "m", 2).await;
    acknowledge(&system, "u", &[shown], "delivered").await;
    assert_eq!(deliveries_of(&system, "u").await.len(), 1, "of another acceptance");
    assert_eq!(delivered_to(&system, "u").await, [""; 0], "but not shown");
    assert_eq!(deliveries_of(&system, "u").await.len(), 0, "and removed by who meets it");
}

#[tokio::test]
async fn an_inbox_full_of_what_repeats_brought_back_still_answers_and_is_cleared() {
    let system = System::start().await;
    for number in 0..230 {
        let id = number.to_string();
        push(&system, "u", "x", &id, 1).await;
        if number < 229 {
            ack(&system, "u", &[&id], "read").await;
            push(&system, "u", "x", &id, 1).await;
        }
    }
    assert_eq!(delivered_to(&system, "u").await, ["x"], "page by page");
    assert_eq!(deliveries_of(&system, "u").await.len(), 1);
}

#[tokio::test]
async fn a_message_that_would_grow_when_it_is_made_safe_hides_no_other() {
    let system = System::start().await;
    let open: String = (0..400).fold(String::new(), |open, number| open + "<b a" + &number.to_string() + ">");
    for (number, content) in
        [format!("<p>{open}{}", "<p>x".repeat(6_000)), "<div>".repeat(6_500)].iter().enumerate()
    {
        push(&system, "u", content, &number.to_string(), 1).await;
    }
    push(&system, "u", "<b>last</b>", "last", 1).await;
    let data = pending(&system, "u", "").await;
    assert_eq!(ids(&data).len(), 3);
    assert_eq!(data["messages"][2]["safeContent"], "<b>last</b>");
    assert!(data["messages"][0]["safeContent"].as_str().unwrap().starts_with("&lt;p&gt;"));
}

#[tokio::test]
async fn new_content_under_a_free_id_reaches_who_acknowledged_the_old() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u", "one", "m", 1).await;
    ack(&system, "u", &["m"], "read").await;
    clock.advance_seconds(3600);
    push(&system, "u", "two", "m", 1).await;
    assert_eq!(delivered_to(&system, "u").await, ["two"]);
    assert_eq!(state(&system, "m", "u").await.0, "pending");
    ack(&system, "u", &["m"], "delivered").await;
    assert_eq!(delivered_to(&system, "u").await, [""; 0]);
    assert_eq!(state(&system, "m", "u").await.0, "delivered", "the old one was read, this one is not");
}

#[tokio::test]
async fn read_implies_delivered_and_never_goes_back() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u", "x", "m", 1).await;
    let shown = [ack_id(&system, "u", "demo", "m").await];
    assert_eq!(state(&system, "m", "u").await, ("pending".into(), "2026-11-21 08:00:10".into()));
    clock.advance_seconds(1);
    acknowledge(&system, "u", &shown, "delivered").await;
    assert_eq!(state(&system, "m", "u").await, ("delivered".into(), "2026-11-21 08:00:11".into()));
    clock.advance_seconds(1);
    acknowledge(&system, "u", &shown, "read").await;
    for late in ["delivered", "read", "delivered"] {
        clock.advance_seconds(1);
        acknowledge(&system, "u", &shown, late).await;
        assert_eq!(state(&system, "m", "u").await, ("read".into(), "2026-11-21 08:00:12".into()));
    }
    push(&system, "v", "x", "n", 1).await;
    ack(&system, "v", &["n"], "read").await;
    assert_eq!(state(&system, "n", "v").await.0, "read");
    assert_eq!(delivered_to(&system, "v").await, [""; 0]);
}

#[tokio::test]
async fn what_was_never_shown_to_a_user_cannot_be_acknowledged() {
    let system = System::start().await;
    push(&system, "u,v", "x", "m", 1).await;
    let (shown, foreign) = (ack_id(&system, "u", "demo", "m").await, ack_id(&system, "v", "demo", "m").await);
    let mut altered = shown.clone();
    altered.replace_range(20..21, if &shown[20..21] == "A" { "B" } else { "A" });
    for number in 0..21 {
        push(&system, "u", "x", &number.to_string(), 1).await;
    }
    let cursor = pending(&system, "u", "").await["cursor"].as_str().unwrap().to_owned();
    let mut invalid = vec![foreign, altered, cursor, "x".to_owned(), "demo#m".to_owned(), "消😀".to_owned()];
    invalid.sort();
    let before = items(&system, "INBOX#u").await;
    let reply = acknowledge(&system, "u", &invalid, "read").await;
    // White space around an id is none of it.
    let told = json!({"code": 200, "message": "success", "data": {"acknowledged": 0, "invalid": invalid}});
    assert_eq!((reply.status, reply.json()), (200, told));
    assert_eq!(items(&system, "INBOX#u").await, before, "nothing is done for them");
    assert_eq!(waiting_for(&system, "v").await.len(), 1);
    let both = [&[format!(" {shown}\n"), shown][..], &invalid].concat();
    let data = acknowledge(&system, "u", &both, "read").await.json()["data"].take();
    assert_eq!((&data["acknowledged"], data["invalid"].as_array().unwrap().len()), (&json!(1), 6));
    assert_eq!(state(&system, "m", "v").await.0, "pending");
}

#[tokio::test]
async fn the_parameters_of_an_acknowledgement_are_checked_in_their_order() {
    let system = System::start().await;
    let refused = async |body: &Value, message: &str| {
        let path = "/chatbot/api/platform/message/ack";
        system.platform.post(path, body.to_string()).await.is_code(400, message);
    };
    refused(&json!({}), "Required parameter 'userId' is not present").await;
    refused(&json!({"userId": "u".repeat(61)}), "userId: length exceeds the max value [60]").await;
    for nothing in [json!(null), json!(""), json!(" "), json!([]), json!(["", null, " \u{3000}"])] {
        let body = json!({"userId": "u", "ackIds": nothing, "state": "x"});
        refused(&body, "Required parameter 'ackIds' is not present").await;
    }
    for wrong in
        [json!("x"), json!(1), json!({}), json!(true), json!([["x"]]), json!(["x", {}]), json!([1.5])]
    {
        let body = json!({"userId": "u", "ackIds": wrong, "state": "x"});
        refused(&body, "ackIds: must be a list of strings").await;
    }
    let body = json!({"userId": "u", "ackIds": vec!["x"; 101], "state": "x"});
    refused(&body, "ackIds: size exceeds the max value [100]").await;
    let body = json!({"userId": "u", "ackIds": vec!["x"; 100]});
    refused(&body, "Required parameter 'state' is not present").await;
    for state in [json!("seen"), json!("Read"), json!(1)] {
        let body = json!({"userId": "u", "ackIds": ["x"], "state": state});
        refused(&body, "state: must be one of [delivered, read]").await;
    }
    refused(&json!({"userId": "u", "ackIds": ["x"], "state": []}), "state: must be a string").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_that_races_a_repeat_of_the_push_is_never_lost() {
    for _ in 0..10 {
        let system = System::start().await;
        push(&system, "u", "x", "m", 1).await;
        let repeats = join_all((0..6).map(|_| push(&system, "u", "x", "m", 1)));
        let shown = [ack_id(&system, "u", "demo", "m").await];
        let acknowledge = async |state: &str| acknowledge(&system, "u", &shown, state).await;
        let acks = join_all(
            ["delivered", "read", "delivered"]
                .map(|state| until_answered(async move || acknowledge(state).await)),
        );
        let (_, acks) = tokio::join!(repeats, acks);
        assert!(acks.iter().all(|reply| reply.status == 200));
        push(&system, "u", "x", "m", 1).await;
        assert_eq!(delivered_to(&system, "u").await, [""; 0]);
        assert_eq!(state(&system, "m", "u").await.0, "read");
    }
}

#[tokio::test]
async fn up_to_100_messages_are_acknowledged_at_once() {
    let system = System::start().await;
    let ids: Vec<_> = (0..101).map(|number| number.to_string()).collect();
    for id in &ids {
        push(&system, "u", "x", id, 1).await;
    }
    let waiting = waiting_for(&system, "u").await;
    let all: Vec<_> = waiting.iter().map(|message| message["ackId"].as_str().unwrap().to_owned()).collect();
    acknowledge(&system, "u", &all, "read").await.is_code(400, "ackIds: size exceeds the max value [100]");
    let reply = acknowledge(&system, "u", &all[..100], "read").await;
    reply.is(200, r#"{"code":200,"message":"success","data":{"acknowledged":100,"invalid":[]}}"#);
    assert_eq!(deliveries_of(&system, "u").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_calls_survive_a_fault_and_what_fails_is_completed_by_a_repeat() {
    let cases = Fault::ALL
        .into_iter()
        .filter(|fault| *fault != Fault::Refused)
        .flat_map(|fault| (1..=3).map(move |at| (fault, at)));
    for (fault, at) in cases {
        let system = System::start().await;
        push(&system, "u,v", "x", "m", 1).await;
        let of_u = [ack_id(&system, "u", "demo", "m").await];
        let of_v = [ack_id(&system, "v", "demo", "m").await];
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        let reply = acknowledge(&system, "u", &of_u, "delivered").await;
        reply.is(200, r#"{"code":200,"message":"success","data":{"acknowledged":1,"invalid":[]}}"#);
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        let path = path_with(PENDING, &[("userId", "v")]);
        assert_eq!(ids(&system.platform.get(&path).await.json()["data"]), ["m"], "{fault:?}");
        // From here on every request fails: the answer is an error of ours, and the same call completes it.
        system.proxy.fail(move |number, _| (number >= at.min(2)).then_some(Fault::InternalError));
        acknowledge(&system, "v", &of_v, "read").await.is_code(500, "system error");
        system.proxy.recover();
        acknowledge(&system, "v", &of_v, "read").await;
        assert_eq!(state(&system, "m", "v").await.0, "read");
        assert_eq!(delivered_to(&system, "v").await, [""; 0]);
    }
}

#[tokio::test]
async fn an_expired_message_waits_for_nobody() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u", "x", "m", 1).await;
    clock.advance_seconds(3_599);
    assert_eq!(ids(&pending(&system, "u", "").await), ["m"]);
    let shown = [ack_id(&system, "u", "demo", "m").await];
    clock.advance_seconds(1);
    assert_eq!(ids(&pending(&system, "u", "").await), [""; 0]);
    assert_eq!(state(&system, "m", "u").await, ("expired".into(), "2026-11-21 09:00:10".into()));
    // Shown before, said after.
    acknowledge(&system, "u", &shown, "delivered").await;
    assert_eq!(state(&system, "m", "u").await.0, "delivered");
}

#[tokio::test]
async fn a_cursor_is_for_one_inbox_and_whole() {
    let system = System::start().await;
    for number in 0..21 {
        push(&system, "u,v", "x", &number.to_string(), 1).await;
    }
    let data = pending(&system, "u", "").await;
    let cursor = data["cursor"].as_str().unwrap();
    for (user, cursor) in [("v", cursor), ("u", &cursor[1..]), ("u", "x"), ("u", &format!("{cursor}A"))] {
        let path = path_with(PENDING, &[("userId", user), ("cursor", cursor)]);
        system.platform.get(&path).await.is_code(400, "cursor: is not valid");
    }
    system.platform.get(PENDING).await.is_code(400, "Required parameter 'userId' is not present");
    let long = path_with(PENDING, &[("userId", &"u".repeat(61))]);
    system.platform.get(&long).await.is_code(400, "userId: length exceeds the max value [60]");
}

#[tokio::test]
async fn hostile_ids_stay_apart_in_inboxes_and_in_statuses() {
    let system = System::start().await;
    let users = ["u", "u!", "u#", "u#P", "u#A", "u%23P", "u ", "用户", "😀"];
    for user in users {
        push(&system, user, "x", "m", 1).await;
    }
    for (number, user) in users.iter().enumerate().filter(|(number, _)| number % 2 == 0) {
        let ids: Vec<_> = waiting_for(&system, user.trim())
            .await
            .iter()
            .map(|m| m["ackId"].as_str().unwrap().to_owned())
            .collect();
        // `u ` is `u`, trimmed, which was acknowledged before.
        let expected = usize::from(*user != "u ");
        assert_eq!(ids.len(), expected, "{number}");
        if expected == 1 {
            assert_eq!(
                acknowledge(&system, user, &ids, "read").await.json()["data"]["acknowledged"],
                1,
                "{number}"
            );
        }
    }
    for (number, user) in users.iter().enumerate() {
        let expected = if number % 2 == 0 { "read" } else { "pending" };
        assert_eq!(state(&system, "m", user.trim()).await.0, expected, "{user}");
    }
    system.grant("cn-2", "demo#m", &[MESSAGE_PUSH], &[]).await;
    let other = system.anonymous.with_token("cn-2");
    let status = other.get("/chatbot/api/front/thirdParty/message/status?messageId=m").await;
    assert_eq!(status.json()["data"]["total"], 0);
}
