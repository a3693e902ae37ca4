//! The platform's side of a push: login, what waits, acknowledgement.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Fault, MESSAGE_PUSH, ManualClock, Reply, System, delivered_to, items, path_with};

const LOGIN: &str = "/chatbot/api/platform/user/login";
const PENDING: &str = "/chatbot/api/platform/message/pending";
const ACK: &str = "/chatbot/api/platform/message/ack";
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

async fn ack(system: &System, user: &str, messages: &[(&str, &str)], state: &str) -> Reply {
    let messages: Vec<_> = messages.iter().map(|(app, id)| json!({"appId": app, "messageId": id})).collect();
    let body = json!({"userId": user, "messages": messages, "state": state});
    system.platform.post(ACK, body.to_string()).await
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
    system.platform.post(LOGIN, login.to_string()).await.is(
        200,
        r#"{"code":200,"message":"success","data":{"messages":[{"messageId":"m","appId":"demo","content":"<b>您好</b><script>alert(1)</script>","safeContent":"<b>您好</b>","acceptedAt":"2026-11-21 08:00:10","expireAt":"2026-11-21 10:00:10"}]}}"#,
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
        ack(&system, "u", &[("demo", id)], "delivered").await;
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
    let clock = system.clock.now();
    let table = system.chat_table();
    let user = [model::BoundedText::parse("u").unwrap()];
    let app = model::BoundedText::parse("demo").unwrap();
    let content = model::BoundedText::parse("x").unwrap();
    let stored = (0..5_000_u64).map(|number| {
        let (table, user, app, content) = (&table, &user, &app, &content);
        async move {
            let id = model::BoundedText::parse(&format!("{}", (number * 7919) % 5_000)).unwrap();
            let at = model::Timestamp::from_millis(clock.millis() - 5_000 + number);
            let push = store::pushes::Push::new(app, &id, content, at, at.plus_hours(1));
            store::pushes::claim(table, &push).await.unwrap();
            store::pushes::deliver(table, &push, user).await.unwrap();
        }
    });
    futures_util::StreamExt::for_each_concurrent(futures_util::stream::iter(stored), 16, |stored| stored)
        .await;
    let expected: Vec<_> = (0..5_000_u64).map(|number| ((number * 7919) % 5_000).to_string()).collect();
    let mut cursor = String::new();
    let mut seen = Vec::new();
    for _ in 0..6 {
        system.proxy.forget();
        let data = pending(&system, "u", &cursor).await;
        let operations = system.proxy.operations();
        // The authorizer's read, the inbox by the megabyte, and the contents of a page.
        assert!(operations.len() <= 4 && operations.last().unwrap() == "BatchGetItem", "{operations:?}");
        seen.extend(ids(&data));
        cursor = data["cursor"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen, expected[..120]);
}

#[tokio::test]
async fn what_was_acknowledged_is_gone_and_a_repeat_does_not_bring_it_back() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for id in ["1", "2", "3"] {
        push(&system, "u,v", "x", id, 2).await;
        clock.advance_seconds(1);
    }
    let data = r#"{"code":200,"message":"success","data":{"acknowledged":2,"unknown":[]}}"#;
    for _ in 0..3 {
        ack(&system, "u", &[("demo", "1"), ("demo", "3"), ("demo", "1")], "delivered").await.is(200, data);
    }
    assert_eq!(ids(&pending(&system, "u", "").await), ["2"]);
    assert_eq!(ids(&pending(&system, "v", "").await), ["1", "2", "3"]);
    assert_eq!(items(&system, "INBOX#u").await.len(), 1, "what is acknowledged leaves the inbox");
    push(&system, "u,v", "x", "1", 2).await;
    assert_eq!(ids(&pending(&system, "u", "").await), ["2"]);
    assert_eq!(items(&system, "INBOX#u").await.len(), 1, "and what a repeat brought back is cleared away");
    assert_eq!(state(&system, "1", "u").await.0, "delivered");
}

#[tokio::test]
async fn an_acknowledgement_holds_against_every_repeat_of_30_days_and_none_after() {
    const DAY: u64 = 24 * 3600;
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u,v", "x", "m", 1).await;
    ack(&system, "u", &[("demo", "m")], "read").await;
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
    ack(&system, "u", &[("demo", "m")], "delivered").await;
    assert_eq!(ids(&pending(&system, "u", "").await), [""; 0]);
    assert_eq!(state(&system, "m", "u").await.0, "delivered");
    push(&system, "u", "x", "m", 1).await;
    assert_eq!(ids(&pending(&system, "u", "").await), [""; 0]);
}

#[tokio::test]
async fn what_a_push_that_failed_half_way_delivered_can_be_acknowledged_again_and_again() {
    let system = System::start().await;
    push(&system, "u", "x", "m", 1).await;
    // As if the recipient, which is written beside the delivery, had not been.
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let delete = system.dynamodb.delete_item().table_name(&system.chat_table);
    delete.key("pk", text("PUSH#demo#m")).key("sk", text("TO#u#P")).send().await.unwrap();
    let done = r#"{"code":200,"message":"success","data":{"acknowledged":1,"unknown":[]}}"#;
    for state in ["delivered", "read", "read"] {
        ack(&system, "u", &[("demo", "m")], state).await.is(200, done);
    }
    assert_eq!(delivered_to(&system, "u").await, [""; 0]);
    assert_eq!(state(&system, "m", "u").await.0, "read");
}

#[tokio::test]
async fn an_inbox_full_of_what_repeats_brought_back_still_answers_and_is_cleared() {
    let system = System::start().await;
    for number in 0..230 {
        let id = number.to_string();
        push(&system, "u", "x", &id, 1).await;
        if number < 229 {
            ack(&system, "u", &[("demo", &id)], "read").await;
            push(&system, "u", "x", &id, 1).await;
        }
    }
    assert_eq!(delivered_to(&system, "u").await, ["x"], "page by page");
    assert_eq!(items(&system, "INBOX#u").await.len(), 1);
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
    ack(&system, "u", &[("demo", "m")], "read").await;
    clock.advance_seconds(3600);
    push(&system, "u", "two", "m", 1).await;
    assert_eq!(delivered_to(&system, "u").await, ["two"]);
    assert_eq!(state(&system, "m", "u").await.0, "pending");
    ack(&system, "u", &[("demo", "m")], "delivered").await;
    assert_eq!(delivered_to(&system, "u").await, [""; 0]);
    assert_eq!(state(&system, "m", "u").await.0, "delivered", "the old one was read, this one is not");
}

#[tokio::test]
async fn read_implies_delivered_and_never_goes_back() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "u", "x", "m", 1).await;
    assert_eq!(state(&system, "m", "u").await, ("pending".into(), "2026-11-21 08:00:10".into()));
    clock.advance_seconds(1);
    ack(&system, "u", &[("demo", "m")], "delivered").await;
    assert_eq!(state(&system, "m", "u").await, ("delivered".into(), "2026-11-21 08:00:11".into()));
    clock.advance_seconds(1);
    ack(&system, "u", &[("demo", "m")], "read").await;
    for late in ["delivered", "read", "delivered"] {
        clock.advance_seconds(1);
        ack(&system, "u", &[("demo", "m")], late).await;
        assert_eq!(state(&system, "m", "u").await, ("read".into(), "2026-11-21 08:00:12".into()));
    }
    push(&system, "v", "x", "n", 1).await;
    ack(&system, "v", &[("demo", "n")], "read").await;
    assert_eq!(state(&system, "n", "v").await.0, "read");
    assert_eq!(delivered_to(&system, "v").await, [""; 0]);
}

#[tokio::test]
async fn what_was_never_pushed_to_a_user_cannot_be_acknowledged_now_or_in_advance() {
    let system = System::start().await;
    push(&system, "u", "x", "m", 1).await;
    let of = [("demo", "m"), ("demo", "later"), ("other", "m")];
    let unknown = r#"{"code":200,"message":"success","data":{"acknowledged":1,"unknown":[{"appId":"demo","messageId":"later"},{"appId":"other","messageId":"m"}]}}"#;
    ack(&system, "u", &of, "read").await.is(200, unknown);
    let all = r#"{"code":200,"message":"success","data":{"acknowledged":0,"unknown":[{"appId":"demo","messageId":"m"}]}}"#;
    ack(&system, "v", &[("demo", "m")], "read").await.is(200, all);
    push(&system, "u", "y", "later", 1).await;
    push(&system, "v", "x", "m", 1).await;
    assert_eq!(delivered_to(&system, "u").await, ["y"]);
    assert_eq!(delivered_to(&system, "v").await, ["x"]);
    assert_eq!(state(&system, "m", "v").await.0, "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_that_races_a_repeat_of_the_push_is_never_lost() {
    for _ in 0..10 {
        let system = System::start().await;
        push(&system, "u", "x", "m", 1).await;
        let repeats = join_all((0..6).map(|_| push(&system, "u", "x", "m", 1)));
        let acks = join_all(
            ["delivered", "read", "delivered"].map(|state| ack(&system, "u", &[("demo", "m")], state)),
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
    let all: Vec<_> = ids.iter().map(|id| ("demo", id.as_str())).collect();
    ack(&system, "u", &all, "read").await.is_code(400, "messages: size exceeds the max value [100]");
    let reply = ack(&system, "u", &all[..100], "read").await;
    reply.is(200, r#"{"code":200,"message":"success","data":{"acknowledged":100,"unknown":[]}}"#);
    assert_eq!(items(&system, "INBOX#u").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_calls_survive_a_fault_and_what_fails_is_completed_by_a_repeat() {
    let cases = Fault::ALL
        .into_iter()
        .filter(|fault| *fault != Fault::Refused)
        .flat_map(|fault| (1..=3).map(move |at| (fault, at)));
    for (fault, at) in cases {
        let system = System::start().await;
        push(&system, "u", "x", "m", 1).await;
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        let reply = ack(&system, "u", &[("demo", "m")], "delivered").await;
        reply.is(200, r#"{"code":200,"message":"success","data":{"acknowledged":1,"unknown":[]}}"#);
        system.proxy.recover();
        push(&system, "v", "x", "m", 1).await;
        system.proxy.fail(move |number, _| (number == at.min(2)).then_some(fault));
        let path = path_with(PENDING, &[("userId", "v")]);
        assert_eq!(ids(&system.platform.get(&path).await.json()["data"]), ["m"], "{fault:?}");
        // From here on every request fails: the answer is an error of ours, and the same call completes it.
        system.proxy.fail(move |number, _| (number >= at).then_some(Fault::InternalError));
        ack(&system, "v", &[("demo", "m")], "read").await.is_code(500, "system error");
        system.proxy.recover();
        ack(&system, "v", &[("demo", "m")], "read").await;
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
    clock.advance_seconds(1);
    assert_eq!(ids(&pending(&system, "u", "").await), [""; 0]);
    assert_eq!(state(&system, "m", "u").await, ("expired".into(), "2026-11-21 09:00:10".into()));
    // Shown before, said after.
    ack(&system, "u", &[("demo", "m")], "delivered").await;
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
        let reply = ack(&system, user, &[("demo", "m")], "read").await;
        assert_eq!(reply.json()["data"]["acknowledged"], 1, "{number}");
    }
    // `u ` is `u`, trimmed, and both are acknowledged.
    for (number, user) in users.iter().enumerate() {
        let expected = if number % 2 == 0 { "read" } else { "pending" };
        assert_eq!(state(&system, "m", user.trim()).await.0, expected, "{user}");
    }
    system.grant("cn-2", "demo#m", &[MESSAGE_PUSH], &[]).await;
    let other = system.anonymous.with_token("cn-2");
    let status = other.get("/chatbot/api/front/thirdParty/message/status?messageId=m").await;
    assert_eq!(status.json()["data"]["total"], 0);
}
