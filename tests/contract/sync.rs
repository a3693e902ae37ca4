//! `GET /chatbot/servlet/third/msg/sync`: the feed of a source, its cursors, and how much an answer holds.

use model::Timestamp;
use serde_json::{Value, json};
use store::RecordId;
use tests::{
    CUSTOMER_SERVICE, ManualClock, Partner, Setup, Stream, System, text_message, until_answered, user_text,
};

/// 2026-11-27 08:00:10 in UTC+8.
const NOW: u64 = 1_795_737_610_000;
/// The late-write window of a feed, and a second.
const AFTER_THE_WINDOW: u64 = 16;
const EIGHT_DAYS: u64 = 8 * 24 * 3600;

/// A system for thousands of stored entries.
async fn without_stream(clock: &ManualClock) -> System {
    let stream = Stream::Dropped;
    System::start_with(Setup { clock: Some(clock.clone()), stream, ..Setup::default() }).await
}

/// A stored text of source 1, accepted at `at` after the entry with the key `prev` of the same chat.
fn entry(chat: &str, seq: u64, content: &str, (key, at): (RecordId, u64), prev: Option<RecordId>) -> Value {
    let mut entry = json!({
        "pk": "FEED#1", "sk": format!("MSG#{key}"), "openId": chat, "seq": seq, "messageId": seq.to_string(),
        "msgtype": "text", "payload": {"content": content}, "acceptedAt": at, "expireAt": at / 1000 + EIGHT_DAYS,
    });
    if let Some(prev) = prev {
        entry["prev"] = json!(prev.to_string());
    }
    entry
}

/// Stores `count` texts of the chat `many`, one millisecond apart, the first at `at`.
pub(super) async fn store_many(system: &System, count: u64, content: &str, at: u64) {
    let numbered = |number| {
        let at = at + number;
        entry("many", number + 1, content, (RecordId::new(Timestamp::from_millis(at)), at), None)
    };
    let items: Vec<_> = (0..count).map(numbered).collect();
    // Large entries take DynamoDB long: few at a time.
    for some in items.chunks((500_000 / content.len()).clamp(10, 1_000)) {
        system.store_items(some.to_vec()).await;
    }
}

/// The chat and number of each entry.
fn entries(answer: &Value) -> Vec<(String, u64)> {
    let list = answer["list"].as_array().unwrap();
    assert_eq!(answer["total"], list.len().to_string());
    let entry =
        |entry: &Value| (entry["openId"].as_str().unwrap().to_owned(), entry["seq"].as_u64().unwrap());
    list.iter().map(entry).collect()
}

fn cursor(answer: &Value) -> String {
    answer["cursor"].as_str().unwrap().to_owned()
}

/// Reads on until an answer is empty. Returns the numbers of each answer, and the last cursor.
async fn read_all(partner: &Partner, mut from: String, limit: &str) -> (Vec<Vec<u64>>, String) {
    let mut answers = Vec::new();
    loop {
        let parameters = [("cursor", from.as_str()), ("limit", limit)];
        let answer = until_answered(async || partner.get_feed(&parameters).await).await.success();
        from = cursor(&answer);
        if answer["list"] == json!([]) {
            return (answers, from);
        }
        answers.push(entries(&answer).into_iter().map(|(_, seq)| seq).collect());
    }
}

#[tokio::test]
async fn an_entry_has_the_fields_of_its_type() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let messages = [
        json!({"msgtype": "event", "eventType": "request"}),
        json!({"msgtype": "text", "text": {"content": " <b>退款</b>😀 "}, "clientId": "ASDJQFJQEFQEGNQEG"}),
        json!({"msgtype": "image", "image": {"image_url": "http://a/b.png"}}),
        json!({"msgtype": "file", "file": {"file_name": "建.txt", "file_url": "http://a/b"}, "clientId": "u"}),
        json!({"msgtype": "event", "eventType": "close"}),
    ];
    for (number, mut message) in (1..).zip(messages) {
        message["chatId"] = json!("会话");
        message["messageId"] = json!(format!("m-{number}"));
        assert_eq!(system.platform.try_say(message).await.data()["seq"], number);
        clock.advance_seconds(1);
    }
    // A message of an agent is not of the feed.
    system.customer_service.receive(text_message("会话", "客服A", "您好")).await;

    let reply = system.customer_service.get_feed(&[]).await;
    let token = cursor(&reply.success());
    let list = [
        r#"{"openId":"会话","seq":1,"messageId":"m-1","clientId":"","time":"2026-11-27 08:00:10","msgtype":"event","eventType":"request"}"#,
        r#"{"openId":"会话","seq":2,"messageId":"m-2","clientId":"ASDJQFJQEFQEGNQEG","time":"2026-11-27 08:00:11","msgtype":"text","text":{"content":" <b>退款</b>😀 "}}"#,
        r#"{"openId":"会话","seq":3,"messageId":"m-3","clientId":"","time":"2026-11-27 08:00:12","msgtype":"image","image":{"image_url":"http://a/b.png"}}"#,
        r#"{"openId":"会话","seq":4,"messageId":"m-4","clientId":"u","time":"2026-11-27 08:00:13","msgtype":"file","file":{"file_name":"建.txt","file_url":"http://a/b"}}"#,
        r#"{"openId":"会话","seq":5,"messageId":"m-5","clientId":"","time":"2026-11-27 08:00:14","msgtype":"event","eventType":"close"}"#,
    ]
    .join(",");
    reply
        .is(200, &format!(r#"{{"status":0,"message":"ok","total":"5","list":[{list}],"cursor":"{token}"}}"#));
}

#[tokio::test]
async fn an_empty_feed_has_a_cursor_and_a_cursor_at_the_end_goes_on() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let reply = system.customer_service.get_feed(&[]).await;
    let mut from = cursor(&reply.success());
    reply.is(200, &format!(r#"{{"status":0,"message":"ok","total":"0","list":[],"cursor":"{from}"}}"#));
    for seq in 1..=4 {
        system.platform.say("c", &seq.to_string(), "x").await;
        let answer = system.customer_service.sync(&from).await;
        assert_eq!(entries(&answer), [("c".to_owned(), seq)]);
        // The same cursor gives the same entries again, for a caller that lost the answer.
        assert_eq!(entries(&system.customer_service.sync(&from).await), [("c".to_owned(), seq)]);
        from = cursor(&answer);
        assert_eq!(entries(&system.customer_service.sync(&from).await), []);
        // Within the window, and after it.
        clock.advance_seconds(if seq % 2 == 0 { AFTER_THE_WINDOW } else { 1 });
    }
    clock.advance_seconds(3600);
    let answer = system.customer_service.sync(&from).await;
    assert_eq!(entries(&answer), []);
    assert!(cursor(&answer).len() < 40, "a cursor names recent entries only");
}

#[tokio::test]
async fn answers_of_any_limit_cover_the_feed_in_the_order_of_each_chat() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for seq in 1..=9 {
        for chat in ["a", "b", "c"] {
            // Several messages share a millisecond.
            system.platform.say(chat, &seq.to_string(), "x").await;
        }
        clock.advance_seconds(if seq == 5 { AFTER_THE_WINDOW } else { 0 });
    }
    for limit in [1, 2, 7, 26, 27, 28] {
        let mut from = String::new();
        let mut read = Vec::new();
        loop {
            let parameters = [("cursor", from.as_str()), ("limit", &limit.to_string())];
            let answer = system.customer_service.get_feed(&parameters).await.success();
            let page = entries(&answer);
            from = cursor(&answer);
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit, "{limit}: {}", page.len());
            read.extend(page);
        }
        for chat in ["a", "b", "c"] {
            let numbers = read.iter().filter(|(of, _)| of == chat).map(|(_, seq)| *seq);
            assert!(numbers.eq(1..=9), "limit {limit}: {read:?}");
        }
    }
}

#[tokio::test]
async fn an_entry_waits_until_the_one_before_it_in_its_chat_is_visible() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let key = |at| (RecordId::new(Timestamp::from_millis(at)), at);
    let [first, second, third] = [1, 2, 3].map(|number| key(NOW - 5_000 + number));
    let of_c = |seq, key, prev| entry("c", seq, "x", key, prev);
    let other = entry("d", 1, "x", key(NOW - 4_000), None);
    // Parts of two transactions are visible before the first one's.
    system.store_items([of_c(2, second, Some(first.0)), of_c(3, third, Some(second.0)), other]).await;
    let answer = system.customer_service.sync("").await;
    assert_eq!(entries(&answer), [("d".to_owned(), 1)], "another chat does not wait");
    assert_eq!(entries(&system.customer_service.sync(&cursor(&answer)).await), []);
    system.store_items([of_c(1, first, None)]).await;
    for limit in ["1", ""] {
        let (read, _) = read_all(&system.customer_service, cursor(&answer), limit).await;
        assert_eq!(read.concat(), [1, 2, 3], "{limit}");
    }
    // When the window has passed, an entry that is missing has expired.
    let lost = key(NOW - 3_000);
    system.store_items([entry("e", 2, "x", key(NOW - 2_000), Some(lost.0))]).await;
    let (read, from) = read_all(&system.customer_service, cursor(&answer), "").await;
    assert_eq!(read.concat(), [1, 2, 3]);
    clock.advance_seconds(AFTER_THE_WINDOW);
    assert_eq!(entries(&system.customer_service.sync(&from).await), [("e".to_owned(), 2)]);
}

#[tokio::test]
async fn an_answer_has_1000_entries_at_most_and_by_default() {
    let clock = ManualClock::at(NOW);
    let system = without_stream(&clock).await;
    store_many(&system, 2_001, "x", NOW - 3_600_000).await;
    for limit in ["", "1000"] {
        let (answers, _) = read_all(&system.customer_service, String::new(), limit).await;
        assert_eq!(answers.iter().map(Vec::len).collect::<Vec<_>>(), [1_000, 1_000, 1], "{limit}");
        assert!(answers.concat().into_iter().eq(1..=2_001));
    }
    let one = system.customer_service.get_feed(&[("limit", "1")]).await.success();
    assert_eq!(entries(&one), [("many".to_owned(), 1)]);
    // The cursor does not fix the limit.
    assert_eq!(entries(&system.customer_service.sync(&cursor(&one)).await).len(), 1_000);
}

#[tokio::test]
async fn more_recent_entries_than_a_cursor_can_name_are_given_later() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    store_many(&system, 300, "x", NOW - 300).await;
    let (recent, from) = read_all(&system.customer_service, String::new(), "").await;
    assert_eq!(recent.concat().len(), 256);
    assert!(from.len() < 6_000, "it fits a URL");
    clock.advance_seconds(AFTER_THE_WINDOW);
    let (rest, _) = read_all(&system.customer_service, from, "").await;
    assert!(recent.concat().into_iter().chain(rest.concat()).eq(1..=300));
}

#[tokio::test]
async fn an_entry_is_kept_for_8_days() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.platform.say("c", "1", "x").await;
    clock.advance_seconds(EIGHT_DAYS / 2);
    system.platform.say("c", "2", "x").await;
    clock.advance_seconds(EIGHT_DAYS / 2 - 1);
    assert_eq!(entries(&system.customer_service.sync("").await).len(), 2);
    clock.advance_seconds(1);
    let answer = system.customer_service.sync("").await;
    assert_eq!(entries(&answer), [("c".to_owned(), 2)], "an entry whose predecessor has expired");
    clock.advance_seconds(EIGHT_DAYS / 2);
    assert_eq!(entries(&system.customer_service.sync("").await), []);
    assert_eq!(system.items("FEED#1").await.len(), 2, "TTL has not removed them");
}

#[tokio::test]
async fn thousands_of_expired_entries_end_an_answer_with_a_cursor() {
    let clock = ManualClock::at(NOW);
    let system = without_stream(&clock).await;
    // 9 MB of expired entries that TTL has not removed yet, and a live one behind them.
    store_many(&system, 9_000, &"x".repeat(900), NOW - EIGHT_DAYS * 1_000 - 10_000).await;
    system.platform.say("c", "1", "live").await;
    for limit in ["1", ""] {
        let mut from = String::new();
        for number in 1.. {
            system.proxy.forget();
            let parameters = [("cursor", from.as_str()), ("limit", limit)];
            let answer = system.customer_service.get_feed(&parameters).await.success();
            assert!(system.proxy.operations().len() <= 1 + 3, "{:?}", system.proxy.operations());
            if answer["list"] != json!([]) {
                assert_eq!(entries(&answer), [("c".to_owned(), 1)]);
                break;
            }
            assert!(number < 6, "each answer moves on by 2 MB at least");
            from = cursor(&answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ends_at_the_size_limit_of_lambda() {
    let clock = ManualClock::at(NOW);
    for content in ["x".repeat(32_768), "\\".repeat(32_768), "😀".repeat(16_384), "\u{1}".repeat(6_000)] {
        let system = without_stream(&clock).await;
        store_many(&system, 200, &content, NOW - 3_600_000).await;
        let (answers, _) = read_all(&system.customer_service, String::new(), "").await;
        assert!(answers.concat().into_iter().eq(1..=200));
        assert!(answers.len() >= 2, "{}", answers.len());
        let text = serde_json::to_string(&json!({"content": content})).unwrap();
        let size = serde_json::to_string(&text).unwrap().len() * answers[0].len();
        // An answer reads 3 MB, and holds 5.5 MB as Lambda counts them.
        assert!((2_500_000..=5_500_000).contains(&size), "{size}");
    }
}

#[tokio::test]
async fn its_parameters_are_checked_in_order() {
    let system = System::start().await;
    let get = async |parameters: &[(&str, &str)]| system.customer_service.get_feed(parameters).await;
    for (parameters, error) in [
        (&[("source", "x"), ("limit", "x"), ("cursor", "x")][..], "source: must be an integer"),
        (&[("source", "0")], "source: value must be between 1 and 2147483647"),
        (&[("source", "2147483648")], "source: value must be between 1 and 2147483647"),
        (&[("limit", "x"), ("cursor", "x")], "limit: must be an integer"),
        (&[("limit", "1.0")], "limit: must be an integer"),
        (&[("limit", "0"), ("cursor", "x")], "limit: value must be between 1 and 1000"),
        (&[("limit", "-1")], "limit: value must be between 1 and 1000"),
        (&[("limit", "1001")], "limit: value must be between 1 and 1000"),
        (&[("limit", "99999999999999999999")], "limit: value must be between 1 and 1000"),
        (&[("cursor", "x")], "cursor: is not valid"),
        (&[("cursor", "AAAAAAAAAAAAAAAA")], "cursor: is not valid"),
        (&[("cursor", "游标")], "cursor: is not valid"),
    ] {
        get(parameters).await.is_error(400, 40035, error);
    }
    for parameters in [&[("source", "2")][..], &[("source", "2"), ("limit", "x"), ("cursor", "x")]] {
        get(parameters).await.is_error(403, 48001, "source is not permitted");
    }
    for parameters in [
        &[][..],
        &[("source", ""), ("limit", " "), ("cursor", "\u{3000}")],
        &[("source", "01"), ("limit", "1"), ("other", "x")],
        &[("limit", "1000"), ("limit", "x")],
    ] {
        assert_eq!(entries(&get(parameters).await.success()), []);
    }
}

#[tokio::test]
async fn a_cursor_is_valid_for_its_source_only_and_an_altered_one_is_refused() {
    let system = System::start().await;
    system.operator.grant("two", "app", &[CUSTOMER_SERVICE], &[1, 2]).await;
    let two = system.partner("two");
    let refused = async |source: &str, cursor: &str| {
        let reply = two.get_feed(&[("source", source), ("cursor", cursor)]).await;
        reply.is_error(400, 40035, "cursor: is not valid");
    };
    system.platform.say("c", "1", "x").await;
    let from = cursor(&two.sync("").await);
    refused("2", &from).await;
    for at in 0..from.len() {
        let replacement = if &from[at..=at] == "A" { "B" } else { "A" };
        refused("1", &format!("{}{replacement}{}", &from[..at], &from[at + 1..])).await;
    }
    refused("1", &format!("{from}A")).await;
    refused("1", &from[..from.len() - 1]).await;
    // Cursors of other lists, for chats that are named like the feed.
    for chat in ["c", "feed", "1", ""] {
        let chat = if chat.is_empty() { "\u{2060}" } else { chat };
        let after = system.platform.poll(chat, "", "").await["after"].as_str().unwrap().to_owned();
        refused("1", &after).await;
        let window = [("chatId", chat), ("after", from.as_str())];
        system.platform.chat_messages(&window).await.is_code(400, "cursor: is not valid");
        system.customer_service.chatlog(&[("openId", chat), ("cursor", &from)]).await.is_error(
            400,
            40035,
            "cursor: is not valid",
        );
    }
    // Another application of the source may use it, since it reads the same feed.
    assert_eq!(entries(&system.customer_service.sync(&from).await), []);
}

#[tokio::test]
async fn every_application_of_a_source_reads_its_users_and_no_others() {
    let system = System::start().await;
    system.operator.grant("one", "one", &[CUSTOMER_SERVICE], &[1]).await;
    system.operator.grant("both", "both", &[CUSTOMER_SERVICE], &[2, 22]).await;
    for source in [1, 2, 22] {
        let mut message = user_text("c", "1", &source.to_string());
        message["source"] = json!(source);
        assert_eq!(system.platform.try_say(message).await.data()["seq"], 1, "{source}");
    }
    let read = async |token: &str, source: &str| {
        let list = system.partner(token).get_feed(&[("source", source)]).await.success()["list"].take();
        let text = |entry: &Value| entry["text"]["content"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(entries(&system.customer_service.sync("").await), [("c".to_owned(), 1)]);
    assert_eq!(read("one", "1").await, ["1"]);
    assert_eq!(read("both", "2").await, ["2"]);
    assert_eq!(read("both", "22").await, ["22"]);
    for (token, source) in [("one", "2"), ("one", "22"), ("both", "1"), ("both", "222")] {
        let reply = system.partner(token).get_feed(&[("source", source)]).await;
        reply.is_error(403, 48001, "source is not permitted");
    }
}
