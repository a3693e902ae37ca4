//! `GET /chatbot/api/platform/chat/messages`: polls with a cursor, late messages, and how much a poll reads.

use std::collections::BTreeSet;

use model::{AppId, BoundedText, JsonObject, Source, Timestamp, customer_service::ReceivedMessage};
use serde_json::{Value, json};
use store::{
    RecordId,
    chat::{self, Acceptance},
};
use tests::{ManualClock, System, text_message};

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

/// The texts of a poll, oldest first.
pub(super) fn contents(data: &Value) -> Vec<String> {
    let messages = data["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["text"]["content"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Stores a text with any time of acceptance.
async fn store_at(system: &System, content: &str, at: u64) {
    let body = text_message("c", "客服A", content).to_string();
    let message = ReceivedMessage::parse(&JsonObject::from_body(body.as_bytes()).unwrap()).unwrap();
    let app = AppId::parse("demo").unwrap();
    let at = Timestamp::from_millis(at);
    let acceptance =
        Acceptance { source: Source::DEFAULT, app: &app, at, expire_at: at.plus_hours(24).seconds() };
    chat::append(&system.chat_table(), &message, acceptance).await.unwrap();
}

#[tokio::test]
async fn polling_returns_each_message_once_also_within_one_millisecond() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let mut expected = BTreeSet::new();
    let (mut seen, mut after) = (Vec::new(), String::new());
    for round in 0..6 {
        for number in 0..20 {
            let content = format!("{round}-{number}");
            system.customer_service.receive(text_message("c", "客服A", &content)).await;
            expected.insert(content);
        }
        for limit in ["7", "", "1"] {
            let data = system.platform.poll("c", &after, limit).await;
            seen.extend(contents(&data));
            after = data["after"].as_str().unwrap().to_owned();
        }
        if round % 2 == 1 {
            clock.advance_seconds(10);
        }
    }
    loop {
        let data = system.platform.poll("c", &after, "").await;
        after = data["after"].as_str().unwrap().to_owned();
        if contents(&data).is_empty() {
            break;
        }
        seen.extend(contents(&data));
    }
    assert_eq!(seen.len(), expected.len(), "nothing twice");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected, "nothing missed");
}

#[tokio::test]
async fn a_message_that_becomes_visible_late_is_returned_once() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    store_at(&system, "in time", NOW).await;
    let mut data = system.platform.poll("c", "", "").await;
    assert_eq!(contents(&data), ["in time"]);
    // Longer than a function may run.
    for (number, late) in [1, 5_000, 9_999, 14_000].into_iter().enumerate() {
        clock.advance_seconds(if number == 0 { 0 } else { 3 });
        let now = clock.now().millis();
        store_at(&system, &format!("late by {late}"), now - late).await;
        store_at(&system, &format!("at {now}"), now).await;
        let after = data["after"].as_str().unwrap().to_owned();
        data = system.platform.poll("c", &after, "").await;
        assert_eq!(contents(&data), [format!("late by {late}"), format!("at {now}")]);
        // The same cursor returns the same messages again, for a poll whose answer was lost.
        assert_eq!(contents(&system.platform.poll("c", &after, "").await).len(), 2);
    }
    clock.advance_seconds(60);
    let after = data["after"].as_str().unwrap().to_owned();
    data = system.platform.poll("c", &after, "").await;
    assert_eq!(contents(&data), [""; 0]);
    assert!(data["after"].as_str().unwrap().len() < 40, "a cursor names recent messages only");
}

#[tokio::test]
async fn more_recent_messages_than_a_cursor_can_name_are_returned_later() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for number in 0..300 {
        store_at(&system, &number.to_string(), NOW).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    for _ in 0..4 {
        let data = system.platform.poll("c", &after, "200").await;
        seen.extend(contents(&data));
        after = data["after"].as_str().unwrap().to_owned();
        assert!(after.len() < 6_000, "it fits a URL");
    }
    assert_eq!(seen.len(), 256);
    store_at(&system, "late", NOW - 10).await;
    clock.advance_seconds(16);
    for _ in 0..3 {
        let data = system.platform.poll("c", &after, "200").await;
        seen.extend(contents(&data));
        after = data["after"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 301);
    assert_eq!(seen.len(), 301);
}

#[tokio::test]
async fn old_messages_are_read_in_pages_that_fit_a_lambda_answer() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let content = "\\".repeat(32_768);
    for number in 0..60 {
        store_at(&system, &format!("{number:02}{}", &content[2..]), NOW - 3_600_000 + number).await;
    }
    let (mut seen, mut after, mut pages) = (0, String::new(), 0);
    loop {
        let data = system.platform.poll("c", &after, "").await;
        let count = contents(&data).len();
        if count == 0 {
            break;
        }
        seen += count;
        pages += 1;
        after = data["after"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen, 60);
    assert!(pages >= 2, "about 130 KB each, escaped twice");
}

#[tokio::test]
async fn latest_starts_with_the_newest_messages_and_misses_no_later_one() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let latest = async |after: &str, limit: &str| {
        let parameters = [("chatId", "c"), ("latest", "true"), ("after", after), ("limit", limit)];
        system.platform.chat_messages(&parameters).await.data()
    };
    let after_of = |data: &Value| data["after"].as_str().unwrap().to_owned();
    assert_eq!(contents(&latest("", "3").await), [""; 0], "an empty chat");
    for number in 0..10 {
        store_at(&system, &number.to_string(), NOW - 3_600_000 + number).await;
    }
    let data = latest("", "3").await;
    assert_eq!(contents(&data), ["7", "8", "9"]);
    assert_eq!(contents(&latest(&after_of(&data), "3").await), [""; 0], "older messages are skipped");
    assert_eq!(contents(&latest("", "200").await).len(), 10);
    // Within the last 15 seconds, where late messages may still become visible, `latest` skips none.
    for number in 10..15 {
        store_at(&system, &number.to_string(), NOW - 5_000 + number).await;
    }
    let data = latest("", "2").await;
    assert_eq!(contents(&data), ["13", "14"]);
    store_at(&system, "late", NOW - 6_000).await;
    let next = system.platform.poll("c", &after_of(&data), "").await;
    assert_eq!(contents(&next), ["late", "10", "11", "12"]);
    assert_eq!(contents(&system.platform.poll("c", &after_of(&next), "").await), [""; 0]);
    // With `after`, `latest` has no effect.
    let old = system.platform.poll("c", "", "4").await;
    assert_eq!(contents(&latest(&after_of(&old), "2").await), ["4", "5"]);
}

#[tokio::test]
async fn a_poll_reads_no_more_than_its_limit_allows() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for number in 0..50 {
        store_at(&system, &"x".repeat(32_768), NOW - 3_600_000 + number).await;
    }
    system.proxy.forget();
    assert_eq!(contents(&system.platform.poll("c", "", "1").await).len(), 1);
    let units: f64 = system.proxy.recorded().iter().map(|recorded| recorded.units).sum();
    assert!(units <= 1.0 + 3.0 * 8.5 + 1.0, "three messages of 33 KB at most: {units}");
}

#[tokio::test]
async fn a_poll_reads_at_most_a_megabyte_more_than_it_returns() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    // Each takes four times its length in the answer: JSON escapes a backslash, and Lambda's JSON escapes it again.
    for number in 0..120 {
        store_at(&system, &"\\".repeat(32_768), NOW - 3_600_000 + number).await;
    }
    system.proxy.forget();
    let data = system.platform.poll("c", "", "200").await;
    let units: f64 = system.proxy.recorded().iter().map(|recorded| recorded.units).sum();
    let given = f64::from(u32::try_from(contents(&data).iter().map(String::len).sum::<usize>()).unwrap());
    // A strongly consistent read unit is 4 KiB.
    let read = (units - 2.0) * 4096.0;
    assert!(read <= given * 1.1 + 1_048_576.0, "{read} for {given}");
    assert!(read <= 3.0 * 1_048_576.0 * 1.1, "three queries at most: {read}");
}

#[tokio::test]
async fn many_large_recent_messages_neither_delay_new_ones_nor_hide_late_ones() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    // 4 MB of recent messages: more than a poll reads.
    for number in 0..45 {
        store_at(&system, &format!("{number:02}{}", "好".repeat(30_000)), NOW - 5_000 + number).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    for _ in 0..4 {
        let data = system.platform.poll("c", &after, "200").await;
        seen.extend(contents(&data));
        data["after"].as_str().unwrap().clone_into(&mut after);
    }
    assert_eq!(seen.len(), 45, "each once, as fast as the answers hold them");
    for second in 0..20 {
        let now = clock.now().millis();
        store_at(&system, &format!("new {second}"), now).await;
        store_at(&system, &format!("late {second}"), now - 4_000 - second).await;
        let data = system.platform.poll("c", &after, "200").await;
        assert!(contents(&data).contains(&format!("new {second}")), "{second}: {:?}", contents(&data).len());
        seen.extend(contents(&data));
        data["after"].as_str().unwrap().clone_into(&mut after);
        clock.advance_seconds(1);
    }
    for _ in 0..5 {
        clock.advance_seconds(5);
        let data = system.platform.poll("c", &after, "200").await;
        seen.extend(contents(&data));
        data["after"].as_str().unwrap().clone_into(&mut after);
    }
    assert_eq!(seen.len(), 45 + 20 + 20, "nothing twice");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 45 + 20 + 20, "and nothing missed");
}

#[tokio::test]
async fn thousands_of_expired_messages_never_make_a_poll_fail_whatever_the_limit() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    store_expired(&system, 10_000).await;
    store_at(&system, "live", NOW - 1_000).await;
    for limit in ["1", "200"] {
        let (mut after, mut seen, mut polls) = (String::new(), Vec::new(), 0);
        while seen.is_empty() {
            system.proxy.forget();
            let data = system.platform.poll("c", &after, limit).await;
            // The authorizer's read, three queries for messages and one for the last event.
            assert!(system.proxy.operations().len() <= 1 + 3 + 1, "{:?}", system.proxy.operations());
            seen.extend(contents(&data));
            data["after"].as_str().unwrap().clone_into(&mut after);
            polls += 1;
        }
        assert_eq!(seen, ["live"]);
        assert!(polls <= 4, "{polls}");
    }
}

/// Stores expired messages of about 300 bytes that TTL has not removed yet.
async fn store_expired(system: &System, count: u64) {
    let items = (0..count).map(|number| {
        let at = Timestamp::from_millis(NOW - 40_000_000 + number);
        json!({
            "pk": "CHAT#1#c", "sk": format!("MSG#{}", RecordId::new(at)), "appId": "demo", "msgtype": "text",
            "fromuser": "x".repeat(60), "payload": {"content": "x".repeat(60)}, "receivedAt": at.millis(),
            "expireAt": NOW / 1000 - 1,
        })
    });
    system.store_items(items).await;
}
