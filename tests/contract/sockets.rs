//! The socket API: connects, messages of clients, limits, and the end of a connection.

use model::{BoundedText, ConnectionId, UserId, platform::Subscription};
use serde_json::{Value, json};
use tests::{ManualClock, Setup, Socket, Stream, System, text_message};

/// 2026-11-27 08:00:10 in UTC+8.
const NOW: u64 = 1_795_737_610_000;

/// A system whose stream signals to browsers.
async fn system_at(clock: &ManualClock) -> System {
    let clock = Some(clock.clone());
    System::start_with(Setup { clock, stream: Stream::Runs, ..Setup::default() }).await
}

fn inbox() -> Value {
    json!({"type": "inbox"})
}

fn chat(source: u32, id: &str) -> Value {
    json!({"type": "chat", "source": source, "chatId": id})
}

/// The kinds of keys of the stored connections and tickets, sorted.
async fn stored(system: &System) -> Vec<String> {
    let items = system.connection_items().await;
    let mut keys: Vec<_> = items.iter().map(|item| item["pk"].as_str().unwrap().to_owned()).collect();
    keys.iter_mut().filter(|key| key.starts_with("CONN#")).for_each(|key| "CONN".clone_into(key));
    keys.sort();
    keys
}

#[tokio::test]
async fn a_signal_tells_where_something_is_new_and_nothing_else() {
    let system = system_at(&ManualClock::at(NOW)).await;
    let mut socket = system.connect("张三", &["会话#1"]).await;
    system.message_push.push("张三", "您好,您有一条<b>新消息</b>", "m", 1).await;
    assert_eq!(socket.next().await, inbox());
    system.customer_service.receive(text_message("会话#1", "客服A", "内容")).await;
    assert_eq!(socket.next().await, chat(1, "会话#1"));
    system.platform.say("会话#1", "1", "谢谢").await;
    assert_eq!(socket.next().await, chat(1, "会话#1"));
    assert_eq!(socket.until_pong().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_connection_is_told_of_its_user_and_its_chats_only() {
    let system = system_at(&ManualClock::at(NOW)).await;
    let ticket =
        json!({"userId": "u", "chats": [{"chatId": "c", "source": 1}, {"chatId": "d", "source": 2}]});
    let ticket = system.platform.try_ticket(ticket).await.data();
    let text = |name: &str| ticket[name].as_str().unwrap().to_owned();
    let mut socket =
        Socket::open(&text("url"), &text("ticket")).await.unwrap_or_else(|status| panic!("{status}"));
    let mut other = system.connect("v", &["d"]).await;

    system.message_push.push("v", "x", "1", 1).await;
    assert_eq!(other.next().await, inbox());
    system.customer_service.receive(text_message("d", "a", "x")).await;
    assert_eq!(other.next().await, chat(1, "d"));
    // The same chat id of another source is another chat.
    for (source, id) in [(2, "c"), (2, "d"), (1, "c")] {
        let message = json!({"source": source, "chatId": id, "messageId": "1", "msgtype": "text", "text": {"content": "x"}});
        assert_eq!(system.platform.try_say(message).await.status, 200);
    }
    system.message_push.push("u", "x", "2", 1).await;
    let mut told = vec![socket.next().await, socket.next().await, socket.next().await];
    told.sort_by_key(ToString::to_string);
    assert_eq!(told, [chat(1, "c"), chat(2, "d"), inbox()]);
    assert_eq!(socket.until_pong().await, [] as [Value; 0]);
    assert_eq!(other.until_pong().await, [] as [Value; 0]);
}

#[tokio::test]
async fn every_connection_of_a_user_is_told() {
    let system = system_at(&ManualClock::at(NOW)).await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(system.connect("u", &[]).await);
    }
    system.message_push.push("u", "x", "1", 1).await;
    for socket in &mut sockets {
        assert_eq!(socket.next().await, inbox());
    }
}

#[tokio::test]
async fn a_ticket_opens_one_connection() {
    let system = System::start().await;
    let ticket = system.platform.ticket("u", &[]).await;
    let socket = Socket::open(&ticket.url, &ticket.ticket).await.expect("it is accepted");
    assert_eq!(Socket::open(&ticket.url, &ticket.ticket).await.err(), Some(401), "used");
    socket.close().await;
    assert_eq!(Socket::open(&ticket.url, &ticket.ticket).await.err(), Some(401), "used and closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_connects_with_one_ticket_one_is_accepted() {
    let system = System::start().await;
    for _ in 0..10 {
        let ticket = system.platform.ticket("u", &[]).await;
        let connects = (0..8).map(|_| {
            let ticket = ticket.clone();
            tokio::spawn(async move { Socket::open(&ticket.url, &ticket.ticket).await.err() })
        });
        let mut refused = Vec::new();
        for connect in connects.collect::<Vec<_>>() {
            refused.push(connect.await.unwrap());
        }
        refused.sort_unstable();
        assert_eq!(refused, [vec![None], vec![Some(401); 7]].concat());
    }
}

#[tokio::test]
async fn a_ticket_must_be_used_within_a_minute() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    for (seconds, refusal) in [(59, None), (60, Some(401)), (3600, Some(401))] {
        let ticket = system.platform.ticket("u", &[]).await;
        clock.advance_seconds(seconds);
        assert_eq!(Socket::open(&ticket.url, &ticket.ticket).await.err(), refusal, "{seconds} s");
    }
}

#[tokio::test]
async fn a_ticket_that_was_not_issued_is_refused_and_a_malformed_one_without_a_read() {
    let system = System::start().await;
    let ticket = system.platform.ticket("u", &[]).await;
    let altered = {
        let first = if ticket.ticket.starts_with('0') { "1" } else { "0" };
        format!("{first}{}", &ticket.ticket[1..])
    };
    assert_eq!(Socket::open(&ticket.url, &altered).await.err(), Some(401));
    system.proxy.forget();
    let upper = ticket.ticket.to_uppercase();
    for query in ["", "?", "?ticket=", "?ticket=x", "?Ticket=1", "?ticket=%00", "?ticket=%E5%A5%BD"] {
        assert_eq!(Socket::open_with(&format!("{}{query}", ticket.url)).await.err(), Some(401), "{query}");
    }
    let longer = format!("{}0", ticket.ticket);
    for malformed in [&ticket.ticket[1..], &longer, &"g".repeat(64), &"0".repeat(5000)] {
        assert_eq!(Socket::open(&ticket.url, malformed).await.err(), Some(401), "{malformed}");
    }
    if upper != ticket.ticket {
        assert_eq!(Socket::open(&ticket.url, &upper).await.err(), Some(401), "other case");
    }
    assert_eq!(system.proxy.recorded().len(), 0);
    assert!(Socket::open(&ticket.url, &ticket.ticket).await.is_ok(), "it is still valid");
}

#[tokio::test]
async fn a_connect_is_three_round_trips_and_a_refused_one_is_one() {
    let system = System::start().await;
    let ticket = system.platform.ticket("u", &["a", "b", "c"]).await;
    system.proxy.forget();
    let _socket = Socket::open(&ticket.url, &ticket.ticket).await.expect("it is accepted");
    let recorded = system.proxy.recorded();
    let costs: Vec<_> =
        recorded.iter().map(|one| (one.operation.as_str(), one.units, one.round_trip)).collect();
    assert_eq!(costs, [("DeleteItem", 1.0, 1), ("BatchWriteItem", 5.0, 2), ("Query", 1.0, 3)]);
    system.proxy.forget();
    assert!(Socket::open(&ticket.url, &ticket.ticket).await.is_err());
    let recorded = system.proxy.recorded();
    assert_eq!(recorded.iter().map(|one| one.operation.as_str()).collect::<Vec<_>>(), ["DeleteItem"]);
}

#[tokio::test]
async fn the_eleventh_connection_of_a_user_closes_the_oldest() {
    let clock = ManualClock::at(NOW);
    let system = system_at(&clock).await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(system.connect("u", &["c"]).await);
        clock.advance_seconds(1);
    }
    let _foreign = system.connect("v", &["c"]).await;
    sockets.push(system.connect("u", &["c"]).await);
    assert_eq!(sockets.remove(0).close_code().await, 1000);
    system.message_push.push("u", "x", "1", 1).await;
    for socket in &mut sockets {
        assert_eq!(socket.next().await, inbox());
    }
    let of_user = system.connection_items().await;
    let of_user = of_user.iter().filter(|item| item["pk"] == "INBOX#u").count();
    assert_eq!(of_user, 10);
}

#[tokio::test]
async fn the_items_of_a_connection_end_with_it() {
    let system = System::start().await;
    let one = system.connect("u", &["a", "b"]).await;
    let other = system.connect("u", &[]).await;
    assert_eq!(stored(&system).await, ["CHAT#1#a", "CHAT#1#b", "CONN", "CONN", "INBOX#u", "INBOX#u"]);
    one.close().await;
    until(&system, &["CONN", "INBOX#u"]).await;
    // The network breaks.
    drop(other);
    until(&system, &[]).await;
}

/// Waits until these keys are stored.
async fn until(system: &System, keys: &[&str]) {
    for _ in 0..600 {
        if stored(system).await == keys {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(stored(system).await, keys);
}

#[tokio::test]
async fn the_items_of_a_connection_expire_after_2_hours_and_5_minutes() {
    let system = System::start_at(&ManualClock::at(NOW)).await;
    let _socket = system.connect("u", &["c"]).await;
    let items = system.connection_items().await;
    assert_eq!(items.len(), 3);
    for item in items {
        assert_eq!(item["expireAt"], NOW / 1000 + 7500, "{item:?}");
    }
}

#[tokio::test]
async fn a_ping_is_answered_and_other_messages_are_ignored() {
    let system = System::start().await;
    let mut socket = system.connect("u", &["c"]).await;
    for text in [
        r#"{"action":"pong"}"#,
        r#"{"action":"$connect"}"#,
        r#"{"action":"$disconnect"}"#,
        r#"{"action":["ping"]}"#,
        r#"{"type":"inbox"}"#,
        "ping",
        "{",
        "",
        "好😀",
    ] {
        socket.send(text).await;
    }
    assert_eq!(socket.until_pong().await, [] as [Value; 0]);
    assert_eq!(stored(&system).await, ["CHAT#1#c", "CONN", "INBOX#u"]);
}

#[tokio::test]
async fn a_message_has_at_most_128_kilobytes_of_text() {
    let system = System::start().await;
    let mut socket = system.connect("u", &[]).await;
    socket.send("x".repeat(128 * 1024)).await;
    assert_eq!(socket.until_pong().await, [] as [Value; 0]);
    socket.send("x".repeat(128 * 1024 + 1)).await;
    assert_eq!(socket.close_code().await, 1009);
    let mut socket = system.connect("u", &[]).await;
    socket.send_bytes(b"{}").await;
    assert_eq!(socket.close_code().await, 1003);
}

#[tokio::test]
async fn a_connection_ends_after_10_idle_minutes_or_2_hours() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let mut idle = system.connect("u", &[]).await;
    let mut busy = system.connect("u", &[]).await;
    clock.advance_seconds(599);
    assert_eq!(busy.until_pong().await, [] as [Value; 0]);
    clock.advance_seconds(1);
    assert_eq!(idle.close_code().await, 1001);
    for _ in 0..12 {
        clock.advance_seconds(540);
        assert_eq!(busy.until_pong().await, [] as [Value; 0]);
    }
    clock.advance_seconds(119);
    assert_eq!(busy.until_pong().await, [] as [Value; 0]);
    clock.advance_seconds(1);
    assert_eq!(busy.close_code().await, 1001);
    until(&system, &[]).await;
}

#[tokio::test]
async fn a_store_that_fails_refuses_a_connect_and_leaves_no_connection_open() {
    use tests::Fault;
    let system = System::start().await;
    for operation in ["DeleteItem", "BatchWriteItem", "Query"] {
        let ticket = system.platform.ticket("u", &[]).await;
        system.proxy.fail(move |_, called| (called == operation).then_some(Fault::InternalError));
        assert_eq!(Socket::open(&ticket.url, &ticket.ticket).await.err(), Some(500), "{operation}");
        system.proxy.recover();
    }
    // A fault that passes is retried.
    let ticket = system.platform.ticket("u", &[]).await;
    system.proxy.fail(|number, _| (number == 1).then_some(Fault::InternalError));
    assert!(Socket::open(&ticket.url, &ticket.ticket).await.is_ok());
}

#[tokio::test]
async fn a_redeemed_ticket_whose_reply_is_lost_is_used_up() {
    use tests::Fault;
    let system = System::start().await;
    let ticket = system.platform.ticket("u", &[]).await;
    system.proxy.fail(|number, _| (number == 0).then_some(Fault::ReplyLost));
    assert_eq!(Socket::open(&ticket.url, &ticket.ticket).await.err(), Some(401));
    system.proxy.recover();
    assert_eq!(stored(&system).await, [] as [&str; 0]);
}

#[tokio::test]
async fn connections_that_ended_without_a_disconnect_are_removed_by_their_next_signal() {
    let clock = ManualClock::at(NOW);
    let system = system_at(&clock).await;
    let subscription = Subscription { user: UserId::parse("u").unwrap(), chats: [].into() };
    let stale = ConnectionId::parse("c3RhbGU+Py8=").unwrap();
    store::connections::open(&system.connections_table(), &stale, &subscription, system.clock.now())
        .await
        .unwrap();
    clock.advance_seconds(29);
    let mut socket = system.connect("u", &[]).await;
    system.message_push.push("u", "x", "1", 1).await;
    assert_eq!(socket.next().await, inbox());
    until(&system, &["CONN", "INBOX#u"]).await;
}
