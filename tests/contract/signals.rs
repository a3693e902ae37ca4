//! `notify-users` when `@connections` fails: signals are lost and counted, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use model::{BoundedText, ChatId, ConnectionId, Source, UserId, platform::Subscription};
use serde_json::{Value, json};
use store::connections;
use tests::{Captured, Fault, FaultyConnections, ManualClock, Posted, Posting, Setup, Stream, System};
use tracing::level_filters::LevelFilter;

/// 2026-11-27 08:00:10 in UTC+8.
const NOW: u64 = 1_795_737_610_000;

/// A system whose functions post to `connections`. Its stream signals to browsers, or is dropped.
async fn system(connections: &FaultyConnections, clock: &ManualClock, stream: Stream) -> System {
    let connections_url = Some(connections.url().to_owned());
    System::start_with(Setup { clock: Some(clock.clone()), stream, connections_url, ..Setup::default() })
        .await
}

/// Stores a connection as a connect does.
async fn connect(system: &System, connection: &str, user: &str, chats: &[&str]) {
    let id = ConnectionId::parse(connection).unwrap();
    let chats = chats.iter().map(|chat| (Source::DEFAULT, ChatId::parse(chat).unwrap())).collect();
    let subscription = Subscription { user: UserId::parse(user).unwrap(), chats };
    connections::open(&system.connections_table(), &id, &subscription, system.clock.now()).await.unwrap();
}

/// The stream's event of new deliveries to users.
fn deliveries<'u>(users: impl IntoIterator<Item = &'u str>) -> String {
    let record = |user| json!({"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": format!("INBOX#{user}")}, "sk": {"S": "W#1795737610000#demo#m"}}}});
    json!({"Records": users.into_iter().map(record).collect::<Vec<_>>()}).to_string()
}

/// The stream's event of a new message of a chat.
fn message(chat: &str) -> String {
    json!({"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": format!("CHAT#1#{chat}")}, "sk": {"S": "MSG#1"}}}}]}).to_string()
}

async fn notify(system: &System, event: String) {
    assert_eq!(system.invoke("NotifyUsersFunction", event).await, Ok("null".to_owned()));
}

fn inbox(connection: &str) -> Posted {
    Posted { connection: connection.to_owned(), signal: r#"{"type":"inbox"}"#.to_owned() }
}

/// The counts in the last log line of `notify-users`.
fn counts(captured: &Captured) -> BTreeMap<String, u64> {
    let lines = captured.lines();
    let line = lines.iter().rfind(|line| line["function"] == "notify-users").expect("it logs a line");
    assert_eq!(line["outcome"], "ok");
    let counted = line.as_object().unwrap().iter().filter(|(name, _)| name.starts_with(['S', 'C']));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are small")]
    let counted = counted.map(|(name, count)| (name.clone(), count.as_f64().unwrap() as u64));
    counted.filter(|(name, _)| name != "StoreRetries").collect()
}

fn counted(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn a_failure_of_one_connection_leaves_the_others_told_and_the_push_accepted() {
    let faulty = FaultyConnections::start().await;
    let clock = ManualClock::at(NOW);
    let system = system(&faulty, &clock, Stream::Runs).await;
    for posting in [
        Posting::Answer(403),
        Posting::Answer(410),
        Posting::Answer(413),
        Posting::Answer(429),
        Posting::Answer(500),
        Posting::Answer(504),
        Posting::Cut,
    ] {
        let user = format!("{posting:?}");
        for connection in ["1", "2", "3"] {
            connect(&system, &format!("{user}{connection}"), &user, &[]).await;
        }
        let broken = format!("{user}2");
        faulty.react(move |connection| if connection == broken { posting } else { Posting::Answer(200) });
        let before = faulty.posted().len();
        system.message_push.push(&user, "x", &user, 1).await;
        faulty.arrived(before + 3).await;
        let mut posted = faulty.posted().split_off(before);
        posted.sort();
        let all = ["1", "2", "3"].map(|connection| inbox(&format!("{user}{connection}")));
        assert_eq!(posted, all, "each once, and no retry");
        assert_eq!(system.platform.contents(&user).await, ["x"]);
    }
}

#[tokio::test]
async fn a_push_and_a_message_are_answered_while_every_post_hangs() {
    let faulty = FaultyConnections::start().await;
    faulty.react(|_| Posting::Held);
    let system = system(&faulty, &ManualClock::at(NOW), Stream::Runs).await;
    connect(&system, "1", "u", &["c"]).await;
    system.message_push.push("u", "x", "1", 1).await;
    faulty.arrived(1).await;
    system.platform.say("c", "1", "x").await;
    assert_eq!(system.platform.contents("u").await, ["x"]);
    assert_eq!(system.platform.poll("c", "", "").await["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn each_outcome_of_a_signal_is_counted() {
    let faulty = FaultyConnections::start().await;
    let clock = ManualClock::at(NOW);
    let system = system(&faulty, &clock, Stream::Dropped).await;
    for connection in ["200", "410", "403", "429", "held"] {
        connect(&system, connection, "u", &[]).await;
    }
    clock.advance_seconds(60);
    faulty.react(|connection| connection.parse().map_or(Posting::Held, Posting::Answer));
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    notify(&system, deliveries(["u", "nobody"])).await;
    assert_eq!(
        counts(&captured),
        counted(&[("ConnectionsGone", 1), ("SignalsFailed", 3), ("SignalsSent", 1)])
    );
    assert!(!captured.text().contains("inbox"), "no signal is logged");

    system.proxy.fail(|_, operation| (operation == "Query").then_some(Fault::InternalError));
    notify(&system, deliveries(["u"])).await;
    assert_eq!(counts(&captured), counted(&[("SignalsFailed", 1)]));
    system.proxy.recover();

    // The connection that is gone gets nothing any more.
    let before = faulty.posted().len();
    notify(&system, deliveries(["u"])).await;
    let posted: BTreeSet<_> =
        faulty.posted().split_off(before).into_iter().map(|post| post.connection).collect();
    assert_eq!(posted, ["200", "403", "429", "held"].map(str::to_owned).into());
}

#[tokio::test]
async fn a_410_removes_a_connection_unless_its_connect_may_not_have_ended() {
    let faulty = FaultyConnections::start().await;
    faulty.react(|_| Posting::Answer(410));
    let clock = ManualClock::at(NOW);
    let system = system(&faulty, &clock, Stream::Dropped).await;
    connect(&system, "1", "u", &["a", "b"]).await;
    clock.set(NOW + 28_999);
    notify(&system, deliveries(["u"])).await;
    assert_eq!(system.connection_items().await.len(), 4);
    clock.set(NOW + 29_000);
    notify(&system, deliveries(["u"])).await;
    assert_eq!(system.connection_items().await, []);
}

#[tokio::test]
async fn a_410_removes_the_rest_of_a_connection_whose_delete_was_applied_in_part() {
    let faulty = FaultyConnections::start().await;
    faulty.react(|_| Posting::Answer(410));
    let clock = ManualClock::at(NOW);
    let system = system(&faulty, &clock, Stream::Dropped).await;
    connect(&system, "1", "u", &[]).await;
    let mut items = system.connection_items().await;
    items.retain(|item| item["pk"] == "CONN#1");
    let [own] = items.as_slice() else { panic!("the connection has one item of its own") };
    let key = |name: &str| AttributeValue::S(own[name].as_str().unwrap().to_owned());
    let delete = system.dynamodb.delete_item().table_name(&system.connections_table);
    delete.key("pk", key("pk")).key("sk", key("sk")).send().await.unwrap();
    clock.advance_seconds(29);
    notify(&system, deliveries(["u"])).await;
    assert_eq!(system.connection_items().await, []);
}

#[tokio::test]
async fn expired_connections_are_told_nothing() {
    let faulty = FaultyConnections::start().await;
    let clock = ManualClock::at(NOW);
    let system = system(&faulty, &clock, Stream::Dropped).await;
    connect(&system, "1", "u", &["c"]).await;
    clock.advance_seconds(7499);
    notify(&system, deliveries(["u"])).await;
    assert_eq!(faulty.posted(), [inbox("1")]);
    clock.advance_seconds(1);
    notify(&system, deliveries(["u"])).await;
    notify(&system, message("c")).await;
    assert_eq!(faulty.posted(), [inbox("1")]);
}

#[tokio::test]
async fn a_push_to_100_users_with_10_connections_each_tells_all_of_them() {
    let faulty = FaultyConnections::start().await;
    let system = system(&faulty, &ManualClock::at(NOW), Stream::Runs).await;
    let users: Vec<_> = (0..100).map(|user| format!("u{user}")).collect();
    let mut connections = BTreeSet::new();
    for user in &users {
        for number in 0..10 {
            let connection = format!("{user}-{number}");
            connect(&system, &connection, user, &[]).await;
            connections.insert(connection);
        }
    }
    system.message_push.push(&users.join(","), "x", "1", 1).await;
    faulty.arrived(1000).await;
    assert_eq!(faulty.connections(), connections);
}

#[tokio::test]
async fn a_repeated_batch_repeats_its_signals_and_changes_nothing() {
    let faulty = FaultyConnections::start().await;
    let system = system(&faulty, &ManualClock::at(NOW), Stream::Dropped).await;
    connect(&system, "1", "u", &[]).await;
    let before = system.connection_items().await;
    for _ in 0..2 {
        notify(&system, deliveries(["u", "u", "u"])).await;
    }
    assert_eq!(faulty.posted(), [inbox("1"), inbox("1")], "a batch tells a connection once");
    assert_eq!(system.connection_items().await, before);
}

#[tokio::test]
async fn surplus_signals_are_dropped_and_counted() {
    let faulty = FaultyConnections::start().await;
    let system = System::start_with(Setup {
        connections_url: Some(faulty.url().to_owned()),
        variables: vec![
            ("NotifyUsersFunction", "SIGNALS_PER_SECOND", "1"),
            ("NotifyUsersFunction", "SIGNALS_BURST", "3"),
        ],
        ..Setup::default()
    });
    let system = system.await;
    for number in 0..100 {
        connect(&system, &number.to_string(), &format!("u{number}"), &["c"]).await;
    }
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    notify(&system, message("c")).await;
    let counts = counts(&captured);
    assert!(counts["SignalsSent"] >= 3 && counts["SignalsDropped"] > 0, "{counts:?}");
    assert_eq!(counts["SignalsSent"] + counts["SignalsDropped"], 100);
    assert_eq!(faulty.posted().len() as u64, counts["SignalsSent"], "a dropped signal is not sent later");
}

#[tokio::test]
async fn of_a_chat_with_many_connections_100_are_told_and_the_others_counted() {
    let faulty = FaultyConnections::start().await;
    let system = system(&faulty, &ManualClock::at(NOW), Stream::Dropped).await;
    for number in 0..101 {
        connect(&system, &format!("{number}"), &format!("u{number}"), &["c"]).await;
    }
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    notify(&system, message("c")).await;
    assert_eq!(counts(&captured), counted(&[("SignalsDropped", 1), ("SignalsSent", 100)]));
    assert_eq!(faulty.connections().len(), 100);
    let signal: Value = serde_json::from_str(&faulty.posted()[0].signal).unwrap();
    assert_eq!(signal, json!({"type": "chat", "source": 1, "chatId": "c"}));
}

#[tokio::test]
async fn a_batch_of_posts_that_hang_ends_and_drops_the_rest() {
    let faulty = FaultyConnections::start().await;
    faulty.react(|_| Posting::Held);
    let system = system(&faulty, &ManualClock::at(NOW), Stream::Dropped).await;
    let users: Vec<_> = (0..60).map(|user| format!("u{user}")).collect();
    for user in &users {
        for number in 0..5 {
            connect(&system, &format!("{user}-{number}"), user, &[]).await;
        }
    }
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    notify(&system, deliveries(users.iter().map(String::as_str))).await;
    let counts = counts(&captured);
    assert_eq!(counts["SignalsFailed"] + counts["SignalsDropped"], 300);
    assert_eq!(faulty.posted().len() as u64, counts["SignalsFailed"]);
}

#[tokio::test]
async fn a_signal_costs_one_query_for_each_user_or_chat() {
    let faulty = FaultyConnections::start().await;
    let system = system(&faulty, &ManualClock::at(NOW), Stream::Dropped).await;
    connect(&system, "1", "u", &["c"]).await;
    system.proxy.forget();
    notify(&system, deliveries(["u", "v"])).await;
    let recorded = system.proxy.recorded();
    let costs: Vec<_> = recorded.iter().map(|one| (one.operation.as_str(), one.units)).collect();
    assert_eq!(costs, [("Query", 0.5), ("Query", 0.5)]);
}
