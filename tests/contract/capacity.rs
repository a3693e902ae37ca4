//! Round trips and consumed capacity of each endpoint, as DynamoDB reports them.

use local::{
    TEMPLATE,
    demo::{CHAT, USER},
    dynamodb::ACCESS_TABLE,
    template::Stack,
};
use serde_json::{Value, json};
use tests::{
    MESSAGE_PUSH, ManualClock, RECORDED, Receiver, Recorded, Setup, Stream, System, acknowledged,
    begin_event, end_event, faults::round_trips, push_request, text_message, user_text,
};
use uuid::Uuid;

use super::inboxes;

/// The DynamoDB requests of a function, without those of its authorizer.
struct Cost {
    operations: Vec<String>,
    units: f64,
    round_trips: usize,
}

/// The cost of the recorded requests. The authorizer's strongly consistent read of one item is checked and left out.
fn cost(recorded: &[Recorded]) -> Cost {
    let (authorizer, function): (Vec<_>, Vec<_>) =
        recorded.iter().partition(|recorded| recorded.is_of(ACCESS_TABLE));
    assert_eq!(authorizer.len(), 1);
    assert_eq!((authorizer[0].operation.as_str(), authorizer[0].units), ("GetItem", 1.0));
    assert_eq!(authorizer[0].request["ConsistentRead"], Value::Bool(true));
    Cost {
        operations: function.iter().map(|recorded| recorded.operation.clone()).collect(),
        units: function.iter().map(|recorded| recorded.units).sum(),
        round_trips: round_trips(function.iter().copied()),
    }
}

async fn cost_of_push(system: &System, push: &Value) -> Cost {
    system.proxy.forget();
    system.message_push.try_push(push).await.is_code(200, "success");
    cost(&system.proxy.recorded())
}

#[tokio::test]
async fn receiving_a_message_is_one_request() {
    let system = System::start().await;
    for (message, operation, units) in [
        (text_message("c", "a", "x"), "PutItem", 1.0),
        (text_message("c", "a", &"x".repeat(32_768)), "PutItem", 33.0),
        (json!({"touser": "c", "msgtype": "evaluate", "url": "http://a"}), "PutItem", 1.0),
        (end_event("c"), "TransactWriteItems", 4.0),
    ] {
        system.proxy.forget();
        system.customer_service.receive(message).await;
        let cost = cost(&system.proxy.recorded());
        assert_eq!((cost.operations.as_slice(), cost.units), (&[operation.to_owned()][..], units));
    }
}

#[tokio::test]
async fn reading_a_user_is_one_eventually_consistent_read() {
    let system = System::start().await;
    assert_eq!(system.customer_service.user_info(&[("clientId", USER)]).await.status, 200);
    let cost = cost(&system.proxy.recorded());
    assert_eq!((cost.operations.as_slice(), cost.units), (&["GetItem".to_owned()][..], 0.5));
}

#[tokio::test]
async fn reading_a_short_chat_log_is_one_query() {
    let system = System::start().await;
    for limit in ["", "1", "2"] {
        system.proxy.forget();
        let parameters = [("openId", CHAT), ("limit", limit)];
        assert_eq!(system.customer_service.chatlog(&parameters).await.status, 200);
        let cost = cost(&system.proxy.recorded());
        assert_eq!((cost.operations.as_slice(), cost.units), (&["Query".to_owned()][..], 0.5));
    }
}

#[tokio::test]
async fn expired_entries_cost_two_queries_whatever_the_limit() {
    let system = System::start().await;
    super::chatlog::store_many(&system, "old", 500, "q", 1).await;
    system.proxy.forget();
    let reply = system.customer_service.chatlog(&[("openId", "old"), ("limit", "1")]).await;
    reply.is(200, r#"{"status":0,"message":"ok","total":"0","list":[]}"#);
    assert_eq!(cost(&system.proxy.recorded()).operations, ["Query", "Query"]);
}

/// The operations of a push to 100 users: the content, then 100 deliveries and the recipients item in batches of 25.
const PUSH_OPERATIONS: [&str; 6] =
    ["UpdateItem", "BatchWriteItem", "BatchWriteItem", "BatchWriteItem", "BatchWriteItem", "BatchWriteItem"];

#[tokio::test]
async fn a_push_to_100_users_is_two_round_trips_and_110_write_units_and_145_with_32_kib() {
    for (content, size, most) in [("x".to_owned(), 1.0, 110.0), ("x".repeat(32_768), 33.0, 145.0)] {
        let system = System::start().await;
        system.proxy.slow_down(20);
        // Three calls of a campaign, each with a later deadline, and a repeat of the last one.
        for (call, first_user, hours) in
            [("1st", 0, 1), ("2nd", 100, 24), ("3rd", 200, 168), ("repeat", 200, 168)]
        {
            let users =
                (0..100).map(|number| format!("{:0>60}", first_user + number)).collect::<Vec<_>>().join(",");
            let push = push_request(&users, &content, &"m".repeat(64), hours);
            let cost = cost_of_push(&system, &push).await;
            assert_eq!(cost.operations, PUSH_OPERATIONS, "{call}");
            assert_eq!(cost.round_trips, 2, "{call}");
            // A repeat within the same second fails the condition. dynoxide does not report its consumed capacity, which is
            // that of the stored item.
            let claim = system.proxy.recorded().into_iter().find(|asked| asked.operation == "UpdateItem");
            let unreported = if claim.is_some_and(|claim| claim.units > 0.0) { 0.0 } else { size };
            assert!(cost.units + unreported <= most, "{call}: {} of {most}", cost.units + unreported);
            assert!(cost.units >= 107.0, "{call}: 100 deliveries and 7 KB of recipients: {}", cost.units);
        }
    }
}

#[tokio::test]
async fn a_push_of_one_user_is_two_requests_and_three_write_units() {
    let system = System::start().await;
    let push = push_request("a", "x", "m", 1);
    let cost = cost_of_push(&system, &push).await;
    assert_eq!((cost.operations.len(), cost.units), (2, 3.0));
}

#[tokio::test]
async fn a_push_with_the_longest_ids_still_costs_a_unit_for_each_item() {
    let system = System::start().await;
    let token = "cn-longest";
    system.operator.grant(token, &"应".repeat(64), &[MESSAGE_PUSH], &[]).await;
    let users =
        (0..100).map(|number| format!("{}{number:0>2}", "用".repeat(58))).collect::<Vec<_>>().join(",");
    system.proxy.forget();
    system.partner(token).push(&users, "x", &"消".repeat(64), 168).await;
    let cost = cost(&system.proxy.recorded());
    assert_eq!((cost.operations.len(), cost.units), (6, 1.0 + 100.0 + 18.0), "18 KB of ids");
}

#[tokio::test]
async fn an_inbox_page_is_a_query_and_two_batch_reads_whatever_was_acknowledged_before() {
    let system = System::start().await;
    system.proxy.slow_down(20);
    for number in 0..50 {
        let id = format!("m{number}");
        cost_of_push(&system, &push_request("a", "x", &id, 1)).await;
        if number >= 3 {
            system.platform.ack_message("a", &id, "read").await;
        }
    }
    system.proxy.forget();
    let data = system.platform.get_pending(&[("userId", "a")]).await.data();
    assert_eq!(data["messages"].as_array().unwrap().len(), 3);
    let cost = cost(&system.proxy.recorded());
    assert_eq!(cost.operations, ["Query", "BatchGetItem", "BatchGetItem"]);
    assert_eq!(cost.round_trips, 2);
    assert!(
        cost.units <= 1.0 + 3.0 + 1.5,
        "three deliveries, their acknowledgements and, at half price, their contents: {}",
        cost.units
    );
}

#[tokio::test]
async fn a_login_reads_at_most_40_units_whether_20_or_100000_messages_wait() {
    let system = System::start_with(Setup { stream: Stream::Dropped, ..Setup::default() }).await;
    let mut waiting = 0;
    for count in [20, 5_000, 100_000] {
        inboxes::fill(&system, "u", waiting..count, 0).await;
        waiting = count;
        system.proxy.slow_down(20);
        system.proxy.forget();
        let data = system.platform.login("u", "c").await;
        let recorded = system.proxy.recorded();
        system.proxy.slow_down(0);
        let cost = cost(&recorded);
        let mut operations = cost.operations;
        operations.sort();
        assert_eq!(operations, ["BatchGetItem", "BatchGetItem", "PutItem", "Query"], "{count}");
        assert_eq!(cost.round_trips, 2, "{count}");
        let written = 1.0;
        assert!(cost.units - written <= 40.0, "{count}: {}", cost.units);
        let messages: Vec<_> =
            data["messages"].as_array().unwrap().iter().map(|m| m["messageId"].clone()).collect();
        assert_eq!(
            messages,
            (0..20).map(|number| json!(format!("m{number}"))).collect::<Vec<_>>(),
            "the oldest messages"
        );
        assert_eq!(data.get("cursor").is_some(), count > 20, "{count}");
    }
}

#[tokio::test]
async fn an_acknowledgement_is_two_writes_and_no_read() {
    let system = System::start().await;
    let push = push_request("a", &"x".repeat(32_768), "m", 1);
    cost_of_push(&system, &push).await;
    let shown = system.platform.ack_id("a", "demo", "m").await;
    system.proxy.forget();
    system.platform.ack("a", &[shown], "read").await.is(200, &acknowledged(1));
    let cost = cost(&system.proxy.recorded());
    assert_eq!(
        (cost.operations.as_slice(), cost.units),
        (&["UpdateItem", "DeleteItem"].map(str::to_owned)[..], 2.0)
    );
}

#[tokio::test]
async fn a_recall_is_a_read_and_a_transaction() {
    let system = System::start().await;
    let push = push_request("a", "x", "m", 1);
    cost_of_push(&system, &push).await;
    for (operations, units) in [(&["GetItem", "TransactWriteItems"][..], 1.0 + 4.0), (&["GetItem"], 1.0)] {
        system.proxy.forget();
        system.message_push.recall("m").await;
        let cost = cost(&system.proxy.recorded());
        assert_eq!(
            (cost.operations, cost.units),
            (operations.iter().map(|&name| name.to_owned()).collect(), units)
        );
    }
}

#[tokio::test]
async fn a_chat_window_is_one_round_trip_and_a_status_page_two() {
    let system = System::start().await;
    let users = (0..100).map(|number| format!("u{number}")).collect::<Vec<_>>().join(",");
    let push = push_request(&users, &"x".repeat(32_768), "m", 1);
    cost_of_push(&system, &push).await;
    system.proxy.forget();
    assert_eq!(system.message_push.status("m").await["total"], 100);
    let cost_of_status = cost(&system.proxy.recorded());
    assert_eq!(cost_of_status.operations, ["Query", "BatchGetItem", "BatchGetItem", "BatchGetItem"]);
    assert!(
        cost_of_status.units <= 1.0 + 100.0 + 0.5,
        "the recipients, and an acknowledgement and a delivery of each, but not the content: {}",
        cost_of_status.units
    );
    system.proxy.forget();
    assert_eq!(system.platform.chat_messages(&[("chatId", "c")]).await.status, 200);
    let cost_of_poll = cost(&system.proxy.recorded());
    assert_eq!(
        (cost_of_poll.operations.as_slice(), cost_of_poll.units),
        (&["Query".to_owned(), "Query".to_owned()][..], 2.0)
    );
}

#[tokio::test]
async fn a_turn_of_the_robot_is_one_request() {
    let system = System::start().await;
    for (turn, operation, units) in [
        (json!({"openId": "c", "question": "q", "reply": "r"}), "PutItem", 1.0),
        (json!({"openId": "c", "question": "q", "reply": "r", "entryId": "e"}), "TransactWriteItems", 4.0),
    ] {
        system.proxy.forget();
        system.platform.record_turn(turn).await.is(200, RECORDED);
        let cost = cost(&system.proxy.recorded());
        assert_eq!((cost.operations.as_slice(), cost.units), (&[operation.to_owned()][..], units));
    }
}

/// The cost of a user's message, with its operations sorted, since the state is read beside the counter.
async fn cost_of_message(system: &System, message: &Value) -> Cost {
    system.proxy.forget();
    assert_eq!(system.platform.try_say(message).await.status, 200);
    let mut cost = cost(&system.proxy.recorded());
    cost.operations.sort();
    cost
}

#[tokio::test]
async fn a_message_of_a_user_is_two_round_trips_and_8_write_units() {
    const OPERATIONS: [&str; 3] = ["GetItem", "Query", "TransactWriteItems"];
    // The counter and the event are strongly consistent reads of an item each.
    const READS: f64 = 2.0;
    let system = System::start().await;
    system.proxy.slow_down(20);
    // The first creates the counter, the second changes it.
    for (number, units) in [(1, 8.0), (2, 8.0)] {
        let cost = cost_of_message(&system, &user_text("c", &number.to_string(), "在吗")).await;
        let operations = &OPERATIONS.map(str::to_owned)[..];
        assert_eq!((cost.operations.as_slice(), cost.round_trips), (operations, 2));
        assert_eq!((number, cost.units), (number, READS + units));
    }
    // The longest ids, in a script of three bytes a character.
    let mut longest = user_text(&"会".repeat(64), &"消".repeat(64), &"好".repeat(64));
    longest["clientId"] = json!("用".repeat(64));
    for id in ["消", "息"] {
        longest["messageId"] = json!(id.repeat(64));
        let cost = cost_of_message(&system, &longest).await;
        assert!(cost.units - READS <= 10.0, "{}", cost.units);
    }
    // 32 KiB are written twice, in a transaction.
    let cost = cost_of_message(&system, &user_text("c", "long", &"x".repeat(32_768))).await;
    assert!(cost.units - READS <= 4.0 + 2.0 * 2.0 * 33.0, "{}", cost.units);
}

#[tokio::test]
async fn a_message_of_a_user_is_three_round_trips_at_most_whoever_serves() {
    let system = System::start().await;
    system.customer_service.receive(begin_event("c", "系统消息")).await;
    let message = || user_text("c", &Uuid::new_v4().to_string(), "x");
    let slow_cost = async || {
        system.proxy.slow_down(50);
        let cost = cost_of_message(&system, &message()).await;
        system.proxy.slow_down(0);
        (cost.operations.iter().filter(|operation| *operation == "Query").count(), cost.round_trips)
    };
    assert_eq!(slow_cost().await, (2, 2), "nobody has spoken");
    system.customer_service.receive(text_message("c", "客服A", "您好")).await;
    assert_eq!(slow_cost().await, (2, 2), "an agent has spoken");
    for _ in 0..5 {
        cost_of_message(&system, &message()).await;
    }
    assert_eq!(slow_cost().await, (3, 3), "the agent is not among the last five");
}

#[tokio::test]
async fn a_repeat_of_a_users_message_writes_nothing() {
    let system = System::start().await;
    let message = user_text("c", "1", "x");
    cost_of_message(&system, &message).await;
    let before = system.everything().await;
    let cost = cost_of_message(&system, &message).await;
    assert_eq!(cost.operations, ["GetItem", "Query", "TransactWriteItems"]);
    assert_eq!(system.everything().await, before);
}

#[tokio::test]
async fn a_sync_is_one_query_however_many_entries_it_gives() {
    let clock = ManualClock::at(1_795_219_210_000);
    let system = System::start_at(&clock).await;
    let sync = async |cursor: &str| {
        system.proxy.forget();
        let answer = system.customer_service.sync(cursor).await;
        let cost = cost(&system.proxy.recorded());
        assert_eq!(cost.operations, ["Query"]);
        (answer["list"].as_array().unwrap().len(), answer["cursor"].as_str().unwrap().to_owned(), cost.units)
    };
    assert_eq!(sync("").await.0, 0);
    let an_hour_ago = clock.now().millis() - 3_600_000;
    super::sync::store_many(&system, 1_000, "x", an_hour_ago).await;
    let (given, cursor, units) = sync("").await;
    assert_eq!(given, 1_000);
    assert!(units <= 75.0, "300 KB at most: {units}");
    let (given, _, units) = sync(&cursor).await;
    assert_eq!(given, 0);
    assert!(units <= 1.0, "nothing new: {units}");
}

#[tokio::test]
async fn a_delivery_writes_three_times_however_many_messages_its_batch_has() {
    let system = System::start().await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    for (entries, most_units) in [(1, 3.0), (100, 8.0)] {
        for number in 0..entries {
            system.platform.say(&format!("chat-{entries}"), &number.to_string(), "x").await;
        }
        system.proxy.forget();
        assert!(system.delivery("demo").await);
        let recorded = system.proxy.recorded();
        let of = |operation: &str| recorded.iter().filter(|recorded| recorded.operation == operation).count();
        // The lease, the batch before it is posted, and the end. The application, the endpoint and its secrets, and the feed,
        // are read for the batch and once more for the end of the feed.
        assert_eq!((of("UpdateItem"), of("GetItem"), of("Query")), (3, 6, 2));
        assert_eq!(recorded.len(), 11);
        let writes = recorded.iter().filter(|recorded| recorded.operation == "UpdateItem");
        let units: f64 = writes.map(|recorded| recorded.units).sum();
        assert!(units <= most_units, "{entries}: {units}");
    }
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_hint_is_one_query_and_one_write_for_each_endpoint() {
    let system = System::start().await;
    for app in ["demo", "another"] {
        system.set_webhook(app, "http://127.0.0.1:1/").await;
    }
    let record = |source: u32| json!({"dynamodb": {"Keys": {"pk": {"S": format!("FEED#{source}")}}, "SequenceNumber": "1"}});
    let batch = json!({"Records": [record(1), record(1), record(1), record(2)]}).to_string();
    system.proxy.forget();
    system.invoke("DispatchEventsFunction", batch).await.unwrap();
    let recorded = system.proxy.recorded();
    let of = |operation: &str| recorded.iter().filter(|recorded| recorded.operation == operation).count();
    let (queries, hints) = (
        of("Query"),
        recorded.iter().filter(|recorded| recorded.request["UpdateExpression"] == "ADD wake :one"),
    );
    assert_eq!((queries, hints.count()), (2, 2), "a source without endpoints is one query");
}

#[tokio::test]
async fn a_refused_request_does_not_call_dynamodb() {
    let system = System::start().await;
    for message in ["{}".to_owned(), user_text("c", "m", "").to_string()] {
        system.proxy.forget();
        assert_eq!(system.platform.try_say(message).await.status, 400);
        assert_eq!(cost(&system.proxy.recorded()).operations, [""; 0]);
    }
    for parameters in [("limit", "0"), ("cursor", "x"), ("source", "2")] {
        system.proxy.forget();
        assert!(system.customer_service.get_feed(&[parameters]).await.status >= 400);
        assert_eq!(cost(&system.proxy.recorded()).operations, [""; 0]);
    }
    for (query, body) in [("", json!({"touser": "c"})), ("source=2", end_event("c"))] {
        system.proxy.forget();
        assert!(system.customer_service.try_receive_with(query, body).await.status >= 400);
        assert_eq!(cost(&system.proxy.recorded()).operations, [""; 0]);
    }
    system.proxy.forget();
    assert_eq!(system.message_push.try_push("{}").await.status, 400);
    assert_eq!(cost(&system.proxy.recorded()).operations, [""; 0]);
}

#[tokio::test]
async fn the_largest_pushes_at_the_default_rate_write_less_than_half_of_what_a_new_table_takes() {
    const NEW_TABLE: f64 = 4_000.0;
    let system = System::start().await;
    let token = "cn-longest";
    system.operator.grant(token, &"应".repeat(64), &[MESSAGE_PUSH], &[]).await;
    let users =
        (0..100).map(|number| format!("{}{number:0>2}", "用".repeat(58))).collect::<Vec<_>>().join(",");
    system.proxy.forget();
    system.partner(token).push(&users, &"好".repeat(32_768), &"消".repeat(64), 168).await;
    let units = cost(&system.proxy.recorded()).units;
    let rate =
        Stack::parse(TEMPLATE).unwrap().parameter("PushThrottlingRate").unwrap()["Default"].as_f64().unwrap();
    assert!(rate * units < NEW_TABLE / 2.0, "{rate} × {units}");
    assert!((rate + 1.0) * units > NEW_TABLE / 2.0, "{rate} × {units}: the rate could be higher");
}
