//! The platform's side of a push: login, what waits, acknowledgement.

use std::slice::from_ref;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Fault, MESSAGE_PUSH, ManualClock, System, acknowledged, push_request, until_answered};

use super::inboxes;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

fn ids(data: &Value) -> Vec<String> {
    let messages = data["messages"].as_array().unwrap();
    messages.iter().map(|message| message["messageId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_login_stores_who_the_user_is_and_tells_what_waits() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u,v", "<b>您好</b><script>alert(1)</script>", "m", 2).await;
    clock.advance_seconds(60);
    let login = json!({
        "userId": "u", "clientId": "c", "hostIp": "10.1.123.6", "userAgent": CHROME, "address": "北京",
        "city": "海淀", "channelName": "广旺财",
    });
    let shown = system.platform.ack_id("u", "demo", "m").await;
    system.platform.try_login(login).await.is(
        200,
        &format!(
            r#"{{"code":200,"message":"success","data":{{"messages":[{{"messageId":"m","appId":"demo","ackId":"{shown}","content":"<b>您好</b><script>alert(1)</script>","safeContent":"<b>您好</b>","acceptedAt":"2026-11-21 08:00:10","expireAt":"2026-11-21 10:00:10"}}]}}}}"#
        ),
    );
    system.customer_service.user_info(&[("clientId", "c")]).await.is(
        200,
        r#"{"status":0,"message":"ok","total":"1","chatUser":{"clientId":"c","hostIp":"10.1.123.6","broswer":"Chrome 120.0.0.0","sysInfo":"Windows 10","address":"北京","city":"海淀","lastLoginTime":"2026-11-21 08:01:10"},"channelConfig":{"name":"广旺财"}}"#,
    );
    let again = json!({
        "userId": "w", "clientId": "c", "source": 7, "hostIp": "::1", "userAgent": "x", "sysInfo": "HarmonyOS",
        "broswer": "Crome",
    });
    let empty = r#"{"code":200,"message":"success","data":{"messages":[]}}"#;
    system.platform.try_login(again).await.is(200, empty);
    system.operator.grant("seven", "seven", &[tests::CUSTOMER_SERVICE], &[7]).await;
    let user = system.partner("seven").user_info(&[("clientId", "c"), ("source", "7")]).await.json();
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
    system.platform.login("u", "c").await;
    clock.advance_seconds(365 * 24 * 3600 - 1);
    assert_eq!(system.customer_service.user_info(&[("clientId", "c")]).await.status, 200);
    clock.advance_seconds(1);
    system.customer_service.user_info(&[("clientId", "c")]).await.is_error(404, 46004, "user does not exist");
}

#[tokio::test]
async fn the_parameters_of_a_login_are_checked_in_their_order() {
    let system = System::start().await;
    let full = json!({
        "source": 1, "userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x", "broswer": "b",
        "sysInfo": "s", "address": "a", "city": "c", "channelName": "n",
    });
    let refused = async |body: &Value, message: &str| {
        system.platform.try_login(body).await.is_code(400, message);
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
        assert_eq!(system.platform.try_login(with(json!("字".repeat(max)))).await.status, 200);
        refused(&with(json!("字".repeat(max + 1))), &format!("{name}: length exceeds the max value [{max}]"))
            .await;
        refused(&with(json!(["x"])), &format!("{name}: must be a string")).await;
        for absent in [json!(null), json!(""), json!(" \u{3000}")] {
            if required {
                refused(&with(absent), &format!("Required parameter '{name}' is not present")).await;
            } else {
                assert_eq!(system.platform.try_login(with(absent)).await.status, 200, "{name}");
            }
        }
    }
    refused(&json!({"source": "x"}), "source: must be an integer").await;
    refused(&json!({"source": 0}), "source: value must be between 1 and 2147483647").await;
    refused(&json!({}), "Required parameter 'userId' is not present").await;
    for body in ["", "[]", "{", "\u{feff}"] {
        system.platform.try_login(body).await.is_code(400, "body is not valid JSON");
    }
    system.platform.try_login(" ".repeat(262_145)).await.is_code(413, "body size exceeds the max value");
    assert_eq!(system.items("USER#1#c").await.len(), 1, "what is refused changes nothing");
}

#[tokio::test]
async fn what_waits_is_in_order_and_comes_in_pages_of_20() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let mut expected = Vec::new();
    for number in 0..45 {
        // Ids in no order, some at the same moment.
        let id = format!("{:03}", (number * 37) % 100);
        system.message_push.push("u", &id, &id, 1).await;
        expected.push((clock.now(), id));
        if number % 3 == 0 {
            clock.advance_seconds(1);
        }
    }
    expected.sort();
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    let first = system.platform.pending("u", "").await;
    let second = system.platform.pending("u", first["cursor"].as_str().unwrap()).await;
    let third = system.platform.pending("u", second["cursor"].as_str().unwrap()).await;
    assert_eq!((ids(&first).len(), ids(&second).len(), ids(&third).len()), (20, 20, 5));
    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), expected);
    assert_eq!(third.get("cursor"), None);
    // Twenty exactly are the last page.
    for id in expected.iter().take(25) {
        system.platform.ack_message("u", id, "delivered").await;
    }
    let last = system.platform.pending("u", "").await;
    assert_eq!((ids(&last).len(), last.get("cursor")), (20, None));
}

#[tokio::test]
async fn a_page_ends_where_an_answer_does() {
    let system = System::start().await;
    // Each takes its content twice, escaped once more: some 600 KB.
    let content = "\"".repeat(32_768) + "";
    for number in 0..25 {
        system.message_push.push("u", &content, &number.to_string(), 1).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    let mut pages = 0;
    loop {
        let data = system.platform.pending("u", &cursor).await;
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
        let data = system.platform.pending("u", &cursor).await;
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
    system.message_push.push("u", "x", "live", 1).await;
    let (mut cursor, mut seen, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        system.proxy.forget();
        let data = system.platform.pending("u", &cursor).await;
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
        system.platform.contents("u").await;
    }
    let left = system.deliveries_of("u").await.len();
    assert!(left <= 41, "what does not fill a query is left to TTL: {left}");
    assert_eq!(ids(&system.platform.pending("u", "").await), ["live"]);
}

#[tokio::test]
async fn a_removal_that_takes_long_does_not_hold_up_a_page() {
    let system = System::start().await;
    inboxes::fill(&system, "u", 0..120, -25 * 3_600_000).await;
    system.message_push.push("u", "x", "live", 1).await;
    system.proxy.fail(|_, operation| (operation == "DeleteItem").then_some(Fault::Stalled));
    assert_eq!(ids(&system.platform.pending("u", "").await), ["live"]);
    system.proxy.fail(|_, operation| (operation == "DeleteItem").then_some(Fault::InternalError));
    assert_eq!(ids(&system.platform.pending("u", "").await), ["live"]);
}

#[tokio::test]
async fn a_recall_is_passed_and_removed_like_an_acknowledgement() {
    let system = System::start().await;
    for number in 0..30 {
        system.message_push.push("u", "x", &format!("r{number}"), 1).await;
        system.message_push.recall(&format!("r{number}")).await;
    }
    system.message_push.push("u", "x", "live", 1).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["live"]);
    assert_eq!(system.deliveries_of("u").await.len(), 1);
}

#[tokio::test]
async fn a_content_that_is_throttled_shortens_the_page_and_fails_no_login() {
    let system = System::start().await;
    system.message_push.push("u,v", "hot", "hot", 1).await;
    system.message_push.push("u", "cold", "cold", 1).await;
    let of_content = |request: &Value, id: &str| {
        let keys = request["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
        let mut keys = keys.flat_map(|table| table["Keys"].as_array().cloned().unwrap_or_default());
        keys.any(|key| key["pk"]["S"] == format!("PUSH#demo#{id}"))
    };
    // The hot partition is left unprocessed however often it is asked for.
    system.proxy.starve("PUSH#demo#hot");
    let data = system.platform.pending("u", "").await;
    assert_eq!((ids(&data), data.get("cursor")), (vec!["cold".to_owned()], None));
    let retried = system.proxy.recorded().iter().filter(|asked| of_content(&asked.request, "hot")).count();
    assert_eq!(retried, 2, "once more, and no second look");
    let reply = system.platform.get_pending(&[("userId", "v")]).await;
    reply.is_code(429, "too many requests");
    assert_eq!(reply.header("retry-after"), Some("1"));
    let data = system.platform.login("v", "c").await;
    assert_eq!(ids(&data), [""; 0]);
    system.proxy.recover();
    assert_eq!(ids(&system.platform.pending("v", data["cursor"].as_str().unwrap()).await), ["hot"]);
    assert_eq!(system.platform.contents("u").await, ["hot", "cold"]);
}

#[tokio::test]
async fn a_hot_content_in_front_of_dead_deliveries_hides_no_other_message() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "hot", "hot", 168).await;
    clock.advance_seconds(1);
    for number in 0..45 {
        system.message_push.push("u", "dead", &number.to_string(), 1).await;
    }
    system.message_push.push("u", "other", "other", 168).await;
    clock.advance_seconds(3600);
    system.proxy.starve("PUSH#demo#hot");
    assert_eq!(ids(&system.platform.pending("u", "").await), ["other"]);
    let data = system.platform.login("u", "c").await;
    assert_eq!(ids(&data), ["other"]);
    assert_eq!(system.deliveries_of("u").await.len(), 2 + 45 - 39, "a query's full of dead ones is removed");
    system.proxy.recover();
    assert_eq!(system.platform.contents("u").await, ["hot", "other"]);
}

#[tokio::test]
async fn a_page_that_fails_further_on_keeps_what_it_did() {
    let system = System::start().await;
    inboxes::fill(&system, "u", 0..200, -25 * 3_600_000).await;
    // The authorizer's read, a query, and then nothing but removals.
    system
        .proxy
        .fail(|number, operation| (number >= 2 && operation == "Query").then_some(Fault::InternalError));
    let data = system.platform.pending("u", "").await;
    assert_eq!(ids(&data), [""; 0]);
    assert_eq!(system.deliveries_of("u").await.len(), 160, "what was met is removed");
    system.proxy.recover();
    system.message_push.push("u", "x", "m", 1).await;
    assert_eq!(ids(&system.platform.pending("u", data["cursor"].as_str().unwrap()).await), ["m"]);
}

#[tokio::test]
async fn a_content_that_an_eventually_consistent_read_does_not_see_is_looked_up_once_more() {
    let system = System::start().await;
    system.message_push.push("u", "old", "old", 1).await;
    system.message_push.push("u", "new", "new", 1).await;
    system.proxy.lag("PUSH#demo#new");
    assert_eq!(ids(&system.platform.pending("u", "").await), ["old", "new"]);
    let batches = system.proxy.recorded().into_iter().filter(|asked| asked.operation == "BatchGetItem");
    let is_consistent = |asked: tests::faults::Recorded| {
        asked.request["RequestItems"][&system.chat_table]["ConsistentRead"] == json!(true)
    };
    let mut looks: Vec<_> = batches.map(is_consistent).collect();
    looks.sort_unstable();
    assert_eq!(looks, [false, true, true], "the contents, the acknowledgements, and what is in doubt");
    // The second look decides about a recall that the first one does not see yet.
    system.message_push.recall("new").await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["old"]);
}

#[tokio::test]
async fn a_user_whom_a_push_that_failed_half_way_reached_stays_known_after_its_repeat() {
    let system = System::start().await;
    let users: Vec<_> = (0..30).map(|number| format!("u{number:02}")).collect();
    let push = push_request(&users.join(","), "x", "m", 1);
    // The content and one of two batches are written; the recipients of the call may be in the other one.
    system.proxy.fail(|number, _| (number >= 3).then_some(Fault::InternalError));
    system.message_push.try_push(&push).await.is_code(500, "system error");
    system.proxy.recover();
    let mut reached = Vec::new();
    for user in &users {
        if let [message] = system.platform.inbox(user).await.as_slice() {
            reached.push((user.clone(), message["ackId"].as_str().unwrap().to_owned()));
        }
    }
    assert!([5, 25].contains(&reached.len()), "{}", reached.len());
    let (user, id) = reached.remove(0);
    for state in ["delivered", "read", "read"] {
        system.platform.ack(&user, from_ref(&id), state).await.is(200, &acknowledged(1));
    }
    system.message_push.try_push(&push).await.is_code(200, "success");
    assert_eq!(system.platform.contents(&user).await, [""; 0]);
    assert_eq!(system.message_push.state("m", &user).await.0, "read");
    for user in users.iter().filter(|other| **other != user) {
        assert_eq!(system.platform.contents(user).await, ["x"], "{user}");
        assert_eq!(system.message_push.state("m", user).await.0, "pending", "{user}");
    }
}

#[tokio::test]
async fn a_login_succeeds_and_is_stored_when_the_inbox_cannot_be_read() {
    for fault in [Fault::InternalError, Fault::Cut, Fault::Throttled, Fault::Stalled] {
        let system = System::start().await;
        system.message_push.push("u", "x", "m", 1).await;
        system.proxy.fail(move |_, operation| (operation == "Query").then_some(fault));
        let data = system.platform.login("u", "c").await;
        assert_eq!(ids(&data), [""; 0]);
        system.proxy.recover();
        assert_eq!(ids(&system.platform.pending("u", data["cursor"].as_str().unwrap()).await), ["m"]);
        let user = system.customer_service.user_info(&[("clientId", "c")]).await;
        assert_eq!(user.status, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn a_login_whose_user_cannot_be_stored_fails() {
    let system = System::start().await;
    system.proxy.fail(|_, operation| (operation == "PutItem").then_some(Fault::InternalError));
    let login = json!({"userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x"});
    system.platform.try_login(login).await.is_code(500, "system error");
}

#[tokio::test]
async fn what_was_acknowledged_is_gone_and_a_repeat_does_not_bring_it_back() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for id in ["1", "2", "3"] {
        system.message_push.push("u,v", "x", id, 2).await;
        clock.advance_seconds(1);
    }
    let (one, three) =
        (system.platform.ack_id("u", "demo", "1").await, system.platform.ack_id("u", "demo", "3").await);
    for _ in 0..3 {
        let ids = [one.clone(), three.clone(), one.clone()];
        system.platform.ack("u", &ids, "delivered").await.is(200, &acknowledged(2));
    }
    assert_eq!(ids(&system.platform.pending("u", "").await), ["2"]);
    assert_eq!(ids(&system.platform.pending("v", "").await), ["1", "2", "3"]);
    assert_eq!(system.deliveries_of("u").await.len(), 1, "what is acknowledged leaves the inbox");
    system.message_push.push("u,v", "x", "1", 2).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["2"]);
    assert_eq!(system.deliveries_of("u").await.len(), 1, "and what a repeat brought back is cleared away");
    assert_eq!(system.message_push.state("1", "u").await.0, "delivered");
}

#[tokio::test]
async fn an_acknowledgement_holds_against_every_repeat_of_30_days_and_none_after() {
    const DAY: u64 = 24 * 3600;
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u,v", "x", "m", 1).await;
    system.platform.ack_message("u", "m", "read").await;
    clock.advance_seconds(29 * DAY);
    system.message_push.push("u,v", "x", "m", 168).await;
    // What is repeated on day 29 waits, for who did not have it, until day 36; and is known until day 59.
    for day in [29, 31, 35] {
        assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0], "day {day}");
        assert_eq!(system.message_push.state("m", "u").await.0, "read", "day {day}");
        assert_eq!(system.message_push.state("m", "v").await.0, "pending", "day {day}");
        clock.advance_seconds(2 * DAY);
    }
    clock.advance_seconds(20 * DAY);
    assert_eq!(system.message_push.state("m", "u").await.0, "read", "day 55");
    assert_eq!(system.message_push.state("m", "v").await.0, "expired", "day 55");
    // More than 30 days later it is a message anew, and what becomes of it is written down anew.
    system.message_push.push("u", "x", "m", 1).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
    assert_eq!(system.message_push.state("m", "u").await.0, "pending");
    system.platform.ack_message("u", "m", "delivered").await;
    assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0]);
    assert_eq!(system.message_push.state("m", "u").await.0, "delivered");
    system.message_push.push("u", "x", "m", 1).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0]);
}

#[tokio::test]
async fn a_campaign_that_goes_on_for_longer_than_30_days_is_shown_anew_and_can_be_acknowledged_anew() {
    const DAY: u64 = 24 * 3600;
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 168).await;
    let first = system.platform.ack_id("u", "demo", "m").await;
    system.platform.ack("u", from_ref(&first), "read").await;
    // The content never lapses: its first acceptance stays.
    for day in [6, 12, 18, 24, 29] {
        clock.set(NOW + day * DAY * 1000);
        system.message_push.push("u", "x", "m", 168).await;
        assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0], "day {day}");
    }
    clock.set(NOW + 31 * DAY * 1000);
    system.message_push.push("u", "x", "m", 168).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
    // The old acknowledgement, sent once more, does not count for the new acceptance.
    system.platform.ack("u", &[first], "read").await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
    assert_eq!(system.message_push.state("m", "u").await.0, "pending");
    system.platform.ack_message("u", "m", "delivered").await;
    assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0]);
    assert_eq!(system.message_push.state("m", "u").await.0, "delivered");
}

#[tokio::test]
async fn a_late_acknowledgement_never_hides_other_content_under_the_same_id() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "X", "m", 1).await;
    let shown = system.platform.ack_id("u", "demo", "m").await;
    clock.advance_seconds(3600);
    system.message_push.push("u", "Y", "m", 1).await;
    for state in ["delivered", "read", "read"] {
        system.platform.ack("u", from_ref(&shown), state).await.is(200, &acknowledged(1));
    }
    assert_eq!(system.platform.contents("u").await, ["Y"]);
    assert_eq!(system.message_push.state("m", "u").await.0, "pending");
    // Nor the same content, accepted anew after its deadline.
    clock.advance_seconds(3600);
    system.message_push.push("u", "X", "m", 1).await;
    assert_eq!(system.platform.contents("u").await, [""; 0], "the user has seen X");
    assert_eq!(system.message_push.state("m", "u").await.0, "read");
}

#[tokio::test]
async fn a_removal_spares_a_delivery_that_was_accepted_anew() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 1).await;
    let shown = system.platform.ack_id("u", "demo", "m").await;
    clock.advance_seconds(1);
    system.message_push.push("u", "x", "m", 2).await;
    system.platform.ack("u", &[shown], "delivered").await;
    assert_eq!(system.deliveries_of("u").await.len(), 1, "of another acceptance");
    assert_eq!(system.platform.contents("u").await, [""; 0], "but not shown");
    assert_eq!(system.deliveries_of("u").await.len(), 0, "and removed by who meets it");
}

#[tokio::test]
async fn an_inbox_full_of_what_repeats_brought_back_still_answers_and_is_cleared() {
    let system = System::start().await;
    for number in 0..230 {
        let id = number.to_string();
        system.message_push.push("u", "x", &id, 1).await;
        if number < 229 {
            system.platform.ack_message("u", &id, "read").await;
            system.message_push.push("u", "x", &id, 1).await;
        }
    }
    assert_eq!(system.platform.contents("u").await, ["x"], "page by page");
    assert_eq!(system.deliveries_of("u").await.len(), 1);
}

#[tokio::test]
async fn a_message_that_would_grow_when_it_is_made_safe_hides_no_other() {
    let system = System::start().await;
    let open: String = (0..400).fold(String::new(), |open, number| open + "<b a" + &number.to_string() + ">");
    for (number, content) in
        [format!("<p>{open}{}", "<p>x".repeat(6_000)), "<div>".repeat(6_500)].iter().enumerate()
    {
        system.message_push.push("u", content, &number.to_string(), 1).await;
    }
    system.message_push.push("u", "<b>last</b>", "last", 1).await;
    let data = system.platform.pending("u", "").await;
    assert_eq!(ids(&data).len(), 3);
    assert_eq!(data["messages"][2]["safeContent"], "<b>last</b>");
    assert!(data["messages"][0]["safeContent"].as_str().unwrap().starts_with("&lt;p&gt;"));
}

#[tokio::test]
async fn new_content_under_a_free_id_reaches_who_acknowledged_the_old() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "one", "m", 1).await;
    system.platform.ack_message("u", "m", "read").await;
    clock.advance_seconds(3600);
    system.message_push.push("u", "two", "m", 1).await;
    assert_eq!(system.platform.contents("u").await, ["two"]);
    assert_eq!(system.message_push.state("m", "u").await.0, "pending");
    system.platform.ack_message("u", "m", "delivered").await;
    assert_eq!(system.platform.contents("u").await, [""; 0]);
    assert_eq!(
        system.message_push.state("m", "u").await.0,
        "delivered",
        "the old one was read, this one is not"
    );
}

#[tokio::test]
async fn read_implies_delivered_and_never_goes_back() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 1).await;
    let shown = [system.platform.ack_id("u", "demo", "m").await];
    assert_eq!(system.message_push.state("m", "u").await, ("pending".into(), "2026-11-21 08:00:10".into()));
    clock.advance_seconds(1);
    system.platform.ack("u", &shown, "delivered").await;
    assert_eq!(system.message_push.state("m", "u").await, ("delivered".into(), "2026-11-21 08:00:11".into()));
    clock.advance_seconds(1);
    system.platform.ack("u", &shown, "read").await;
    for late in ["delivered", "read", "delivered"] {
        clock.advance_seconds(1);
        system.platform.ack("u", &shown, late).await;
        assert_eq!(system.message_push.state("m", "u").await, ("read".into(), "2026-11-21 08:00:12".into()));
    }
    system.message_push.push("v", "x", "n", 1).await;
    system.platform.ack_message("v", "n", "read").await;
    assert_eq!(system.message_push.state("n", "v").await.0, "read");
    assert_eq!(system.platform.contents("v").await, [""; 0]);
}

#[tokio::test]
async fn what_was_never_shown_to_a_user_cannot_be_acknowledged() {
    let system = System::start().await;
    system.message_push.push("u,v", "x", "m", 1).await;
    let (shown, foreign) =
        (system.platform.ack_id("u", "demo", "m").await, system.platform.ack_id("v", "demo", "m").await);
    let mut altered = shown.clone();
    altered.replace_range(20..21, if &shown[20..21] == "A" { "B" } else { "A" });
    for number in 0..21 {
        system.message_push.push("u", "x", &number.to_string(), 1).await;
    }
    let cursor = system.platform.pending("u", "").await["cursor"].as_str().unwrap().to_owned();
    let mut invalid = vec![foreign, altered, cursor, "x".to_owned(), "demo#m".to_owned(), "消😀".to_owned()];
    invalid.sort();
    let before = system.items("INBOX#u").await;
    let reply = system.platform.ack("u", &invalid, "read").await;
    // White space around an id is none of it.
    let told = json!({"code": 200, "message": "success", "data": {"acknowledged": 0, "invalid": invalid}});
    assert_eq!((reply.status, reply.json()), (200, told));
    assert_eq!(system.items("INBOX#u").await, before, "nothing is done for them");
    assert_eq!(system.platform.inbox("v").await.len(), 1);
    let both = [&[format!(" {shown}\n"), shown][..], &invalid].concat();
    let data = system.platform.ack("u", &both, "read").await.json()["data"].take();
    assert_eq!((&data["acknowledged"], data["invalid"].as_array().unwrap().len()), (&json!(1), 6));
    assert_eq!(system.message_push.state("m", "v").await.0, "pending");
}

#[tokio::test]
async fn the_parameters_of_an_acknowledgement_are_checked_in_their_order() {
    let system = System::start().await;
    let refused = async |body: &Value, message: &str| {
        system.platform.try_ack(body).await.is_code(400, message);
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
        system.message_push.push("u", "x", "m", 1).await;
        let repeats = join_all((0..6).map(|_| system.message_push.push("u", "x", "m", 1)));
        let shown = [system.platform.ack_id("u", "demo", "m").await];
        let acknowledge = async |state: &str| system.platform.ack("u", &shown, state).await;
        let acks = join_all(
            ["delivered", "read", "delivered"]
                .map(|state| until_answered(async move || acknowledge(state).await)),
        );
        let (_, acks) = tokio::join!(repeats, acks);
        assert!(acks.iter().all(|reply| reply.status == 200));
        system.message_push.push("u", "x", "m", 1).await;
        assert_eq!(system.platform.contents("u").await, [""; 0]);
        assert_eq!(system.message_push.state("m", "u").await.0, "read");
    }
}

#[tokio::test]
async fn up_to_100_messages_are_acknowledged_at_once() {
    let system = System::start().await;
    let ids: Vec<_> = (0..101).map(|number| number.to_string()).collect();
    for id in &ids {
        system.message_push.push("u", "x", id, 1).await;
    }
    let waiting = system.platform.inbox("u").await;
    let all: Vec<_> = waiting.iter().map(|message| message["ackId"].as_str().unwrap().to_owned()).collect();
    system.platform.ack("u", &all, "read").await.is_code(400, "ackIds: size exceeds the max value [100]");
    let reply = system.platform.ack("u", &all[..100], "read").await;
    reply.is(200, &acknowledged(100));
    assert_eq!(system.deliveries_of("u").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_calls_survive_a_fault_and_what_fails_is_completed_by_a_repeat() {
    let cases = Fault::ALL
        .into_iter()
        .filter(|fault| *fault != Fault::Refused)
        .flat_map(|fault| (1..=3).map(move |at| (fault, at)));
    for (fault, at) in cases {
        let system = System::start().await;
        system.message_push.push("u,v", "x", "m", 1).await;
        let of_u = [system.platform.ack_id("u", "demo", "m").await];
        let of_v = [system.platform.ack_id("v", "demo", "m").await];
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        let reply = system.platform.ack("u", &of_u, "delivered").await;
        reply.is(200, &acknowledged(1));
        system.proxy.fail(move |number, _| (number == at).then_some(fault));
        let data = system.platform.get_pending(&[("userId", "v")]).await.data();
        assert_eq!(ids(&data), ["m"], "{fault:?}");
        // From here on every request fails: the answer is an error of ours, and the same call completes it.
        system.proxy.fail(move |number, _| (number >= at.min(2)).then_some(Fault::InternalError));
        system.platform.ack("v", &of_v, "read").await.is_code(500, "system error");
        system.proxy.recover();
        system.platform.ack("v", &of_v, "read").await;
        assert_eq!(system.message_push.state("m", "v").await.0, "read");
        assert_eq!(system.platform.contents("v").await, [""; 0]);
    }
}

#[tokio::test]
async fn an_expired_message_waits_for_nobody() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 1).await;
    clock.advance_seconds(3_599);
    assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
    let shown = [system.platform.ack_id("u", "demo", "m").await];
    clock.advance_seconds(1);
    assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0]);
    assert_eq!(system.message_push.state("m", "u").await, ("expired".into(), "2026-11-21 09:00:10".into()));
    // Shown before, said after.
    system.platform.ack("u", &shown, "delivered").await;
    assert_eq!(system.message_push.state("m", "u").await.0, "delivered");
}

#[tokio::test]
async fn a_cursor_is_for_one_inbox_and_whole() {
    let system = System::start().await;
    for number in 0..21 {
        system.message_push.push("u,v", "x", &number.to_string(), 1).await;
    }
    let data = system.platform.pending("u", "").await;
    let cursor = data["cursor"].as_str().unwrap();
    for (user, cursor) in [("v", cursor), ("u", &cursor[1..]), ("u", "x"), ("u", &format!("{cursor}A"))] {
        let parameters = [("userId", user), ("cursor", cursor)];
        system.platform.get_pending(&parameters).await.is_code(400, "cursor: is not valid");
    }
    system.platform.get_pending(&[]).await.is_code(400, "Required parameter 'userId' is not present");
    let long = "u".repeat(61);
    system
        .platform
        .get_pending(&[("userId", &long)])
        .await
        .is_code(400, "userId: length exceeds the max value [60]");
}

#[tokio::test]
async fn hostile_ids_stay_apart_in_inboxes_and_in_statuses() {
    let system = System::start().await;
    let users = ["u", "u!", "u#", "u#P", "u#A", "u%23P", "u ", "用户", "😀"];
    for user in users {
        system.message_push.push(user, "x", "m", 1).await;
    }
    for (number, user) in users.iter().enumerate().filter(|(number, _)| number % 2 == 0) {
        let ids: Vec<_> = system
            .platform
            .inbox(user.trim())
            .await
            .iter()
            .map(|m| m["ackId"].as_str().unwrap().to_owned())
            .collect();
        // `u ` is `u`, trimmed, which was acknowledged before.
        let expected = usize::from(*user != "u ");
        assert_eq!(ids.len(), expected, "{number}");
        if expected == 1 {
            assert_eq!(
                system.platform.ack(user, &ids, "read").await.json()["data"]["acknowledged"],
                1,
                "{number}"
            );
        }
    }
    for (number, user) in users.iter().enumerate() {
        let expected = if number % 2 == 0 { "read" } else { "pending" };
        assert_eq!(system.message_push.state("m", user.trim()).await.0, expected, "{user}");
    }
    system.operator.grant("cn-2", "demo#m", &[MESSAGE_PUSH], &[]).await;
    assert_eq!(system.partner("cn-2").status("m").await["total"], 0);
}
