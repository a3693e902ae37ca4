//! `GET /chatbot/api/platform/message/pending`: order, pages and cursors of an inbox.

use tests::{MESSAGE_PUSH, ManualClock, System};

use super::inboxes::{self, ids};

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

#[tokio::test]
async fn pending_messages_are_sorted_and_come_in_pages_of_20() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let mut expected = Vec::new();
    for number in 0..45 {
        // Ids in no order, some at the same millisecond.
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
    // Exactly 20 messages are the last page.
    for id in expected.iter().take(25) {
        system.platform.ack_message("u", id, "delivered").await;
    }
    let last = system.platform.pending("u", "").await;
    assert_eq!((ids(&last).len(), last.get("cursor")), (20, None));
}

#[tokio::test]
async fn a_page_ends_at_the_size_limit_of_lambda() {
    let system = System::start().await;
    // Each answer has the content twice, escaped twice: about 600 KB per message.
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
async fn an_inbox_of_5000_messages_is_sorted() {
    let system = System::start().await;
    inboxes::fill(&system, "u", 0..5_000, 0).await;
    let mut cursor = String::new();
    let mut seen = Vec::new();
    for _ in 0..6 {
        system.proxy.forget();
        let data = system.platform.pending("u", &cursor).await;
        // The authorizer's read, the deliveries, and the acknowledgements and contents of a page.
        assert_eq!(system.proxy.operations(), ["GetItem", "Query", "BatchGetItem", "BatchGetItem"]);
        seen.extend(ids(&data));
        data["cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    assert_eq!(seen, (0..120).map(|number| format!("m{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_is_valid_for_its_inbox_only_and_unaltered() {
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
async fn an_expired_message_is_not_pending() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 1).await;
    clock.advance_seconds(3_599);
    assert_eq!(ids(&system.platform.pending("u", "").await), ["m"]);
    let shown = [system.platform.ack_id("u", "demo", "m").await];
    clock.advance_seconds(1);
    assert_eq!(ids(&system.platform.pending("u", "").await), [""; 0]);
    assert_eq!(system.message_push.state("m", "u").await, ("expired".into(), "2026-11-21 09:00:10".into()));
    // Shown before the deadline, acknowledged after it.
    system.platform.ack("u", &shown, "delivered").await;
    assert_eq!(system.message_push.state("m", "u").await.0, "delivered");
}

#[tokio::test]
async fn a_message_that_grows_when_it_is_sanitized_hides_no_other() {
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
async fn hostile_ids_stay_apart_in_inboxes_and_statuses() {
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
        // `u ` is trimmed to `u`, which was acknowledged before.
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
