//! Round trips and consumed capacity of each endpoint, as DynamoDB reports them.

use local::dynamodb::ACCESS_TABLE;
use serde_json::{Value, json};
use tests::{System, faults::Recorded};

/// What a request asked of the store, past what its authorizer asked: operations, capacity units, and round trips.
struct Cost {
    operations: Vec<String>,
    units: f64,
    round_trips: usize,
}

/// The cost of what was recorded; the authorizer's one consistent read of one item is checked and left out.
fn cost(recorded: &[Recorded]) -> Cost {
    let (authorizer, function): (Vec<_>, Vec<_>) =
        recorded.iter().partition(|recorded| recorded.is_of(ACCESS_TABLE));
    assert_eq!(authorizer.len(), 1);
    assert_eq!((authorizer[0].operation.as_str(), authorizer[0].units), ("GetItem", 1.0));
    assert_eq!(authorizer[0].request["ConsistentRead"], Value::Bool(true));
    Cost {
        operations: function.iter().map(|recorded| recorded.operation.clone()).collect(),
        units: function.iter().map(|recorded| recorded.units).sum(),
        round_trips: function.iter().filter(|recorded| recorded.begins_round_trip).count(),
    }
}

/// The units of those requests that write such items alone.
fn units_of(recorded: &[Recorded], is_one: impl Fn(&Value) -> bool) -> f64 {
    let written = |recorded: &&Recorded| {
        let batches = recorded.request["RequestItems"].as_object().into_iter().flatten();
        let in_batches = batches.flat_map(|(_, batch)| batch.as_array().into_iter().flatten());
        let mut items =
            in_batches.map(|write| &write["PutRequest"]["Item"]).chain(recorded.request.get("Item"));
        items.all(&is_one)
    };
    let written = recorded.iter().filter(|recorded| recorded.operation != "GetItem").filter(written);
    written.map(|recorded| recorded.units).sum()
}

async fn cost_of_push(system: &System, push: &Value) -> Cost {
    system.proxy.forget();
    let path = "/chatbot/api/front/thirdParty/message/push";
    system.message_push.post(path, push.to_string()).await.is_code(200, "success");
    cost(&system.proxy.recorded())
}

#[tokio::test]
async fn receiving_a_message_is_one_request() {
    let system = System::start().await;
    let path = "/chatbot/servlet/third/msg/receive";
    for (message, operation, units) in [
        (
            json!({"touser": "c", "fromuser": "a", "msgtype": "text", "text": {"content": "x"}}),
            "PutItem",
            1.0,
        ),
        (
            json!({"touser": "c", "fromuser": "a", "msgtype": "text", "text": {"content": "x".repeat(32_768)}}),
            "PutItem",
            33.0,
        ),
        (json!({"touser": "c", "msgtype": "evaluate", "url": "http://a"}), "PutItem", 1.0),
        (json!({"touser": "c", "msgtype": "event", "eventType": "end"}), "TransactWriteItems", 4.0),
    ] {
        system.proxy.forget();
        assert_eq!(system.customer_service.post(path, message.to_string()).await.status, 200);
        let cost = cost(&system.proxy.recorded());
        assert_eq!((cost.operations.as_slice(), cost.units), (&[operation.to_owned()][..], units));
    }
}

#[tokio::test]
async fn reading_a_user_is_one_eventually_consistent_read() {
    let system = System::start().await;
    assert_eq!(
        system.customer_service.get("/chatbot/servlet/user/info/get?clientId=ASDJQFJQEFQEGNQEG").await.status,
        200
    );
    let cost = cost(&system.proxy.recorded());
    assert_eq!((cost.operations.as_slice(), cost.units), (&["GetItem".to_owned()][..], 0.5));
}

#[tokio::test]
async fn reading_a_short_chat_log_is_one_query() {
    let system = System::start().await;
    let path = "/chatbot/servlet/third/msg/chatlog/get?openId=dc71a6ba-24b6-4ed9-b865-837f2a7e158f";
    for limit in ["", "&limit=1", "&limit=2"] {
        system.proxy.forget();
        assert_eq!(system.customer_service.get(&format!("{path}{limit}")).await.status, 200);
        let cost = cost(&system.proxy.recorded());
        assert_eq!((cost.operations.as_slice(), cost.units), (&["Query".to_owned()][..], 0.5));
    }
}

#[tokio::test]
async fn what_has_expired_and_is_not_yet_deleted_costs_two_queries_whatever_the_limit() {
    let system = System::start().await;
    super::chatlog::store_many(&system, "old", 500, "q", 1).await;
    system.proxy.forget();
    let reply =
        system.customer_service.get("/chatbot/servlet/third/msg/chatlog/get?openId=old&limit=1").await;
    reply.is(200, r#"{"status":0,"message":"ok","total":"0","list":[]}"#);
    assert_eq!(cost(&system.proxy.recorded()).operations, ["Query", "Query"]);
}

#[tokio::test]
async fn a_push_of_100_users_and_32_kib_is_two_round_trips_and_at_most_240_write_units() {
    let system = System::start().await;
    system.proxy.slow_down(20);
    let users = (0..100).map(|number| format!("{number:0>60}")).collect::<Vec<_>>().join(",");
    let push = json!({"userIds": users, "content": "x".repeat(32_768), "messageId": "m".repeat(64), "expireTime": 168});
    for call in ["the first", "a repeat", "another repeat"] {
        let cost = cost_of_push(&system, &push).await;
        let (first, others) = cost.operations.split_first().unwrap();
        assert_eq!(
            (first.as_str(), others),
            ("PutItem", &["BatchWriteItem"; 8].map(str::to_owned)[..]),
            "{call}"
        );
        assert_eq!(cost.round_trips, 2, "{call}");
        assert!(cost.units <= 233.0, "{call}: {}", cost.units);
        let delivered = units_of(&system.proxy.recorded(), |item| {
            item["sk"]["S"] == "CONTENT"
                || item["pk"]["S"].as_str().is_some_and(|partition| partition.starts_with("INBOX#"))
        });
        // A repeat's content is refused by its condition, which dynoxide does not count.
        let least = if call == "the first" { 133.0 } else { 100.0 };
        assert!((least..=135.0).contains(&delivered), "{call}: {delivered} for content and deliveries");
        if call == "the first" {
            assert!(
                cost.units >= 233.0,
                "33 for the content, 100 for deliveries, 100 for recipients: {}",
                cost.units
            );
        }
    }
}

#[tokio::test]
async fn a_push_of_one_user_is_two_requests_and_three_write_units() {
    let system = System::start().await;
    let push = json!({"userIds": "a", "content": "x", "messageId": "m", "expireTime": 1});
    let cost = cost_of_push(&system, &push).await;
    assert_eq!((cost.operations.len(), cost.units), (2, 3.0));
}

#[tokio::test]
async fn a_push_with_the_longest_ids_still_costs_a_unit_for_each_item() {
    let system = System::start().await;
    let token = "cn-longest";
    system.grant(token, &"应".repeat(64), &[tests::MESSAGE_PUSH], &[]).await;
    let users =
        (0..100).map(|number| format!("{}{number:0>2}", "用".repeat(58))).collect::<Vec<_>>().join(",");
    let push = json!({"userIds": users, "content": "x", "messageId": "消".repeat(64), "expireTime": 168});
    system.proxy.forget();
    let reply = system
        .anonymous
        .with_token(token)
        .post("/chatbot/api/front/thirdParty/message/push", push.to_string())
        .await;
    reply.is_code(200, "success");
    let cost = cost(&system.proxy.recorded());
    assert_eq!((cost.operations.len(), cost.units), (9, 201.0));
}

#[tokio::test]
async fn what_waits_is_a_query_and_a_read_whatever_was_ever_delivered() {
    let system = System::start().await;
    let pending = "/chatbot/api/platform/message/pending?userId=a";
    for number in 0..50 {
        let id = format!("m{number}");
        let push = json!({"userIds": "a", "content": "x", "messageId": id, "expireTime": 1});
        cost_of_push(&system, &push).await;
        if number >= 3 {
            let ack =
                json!({"userId": "a", "messages": [{"appId": "demo", "messageId": id}], "state": "read"});
            assert_eq!(
                system.platform.post("/chatbot/api/platform/message/ack", ack.to_string()).await.status,
                200
            );
        }
    }
    system.proxy.forget();
    assert_eq!(system.platform.get(pending).await.json()["data"]["messages"].as_array().unwrap().len(), 3);
    let cost = cost(&system.proxy.recorded());
    assert_eq!(cost.operations, ["Query", "BatchGetItem"]);
    assert!(
        cost.units <= 1.0 + 6.0,
        "the three that wait, their contents and what is known of them: {}",
        cost.units
    );
}

#[tokio::test]
async fn an_acknowledgement_is_a_read_and_two_writes() {
    let system = System::start().await;
    let push = json!({"userIds": "a", "content": "x".repeat(32_768), "messageId": "m", "expireTime": 1});
    cost_of_push(&system, &push).await;
    let ack = json!({"userId": "a", "messages": [{"appId": "demo", "messageId": "m"}], "state": "read"});
    system.proxy.forget();
    assert_eq!(system.platform.post("/chatbot/api/platform/message/ack", ack.to_string()).await.status, 200);
    let cost = cost(&system.proxy.recorded());
    assert_eq!((cost.operations.len(), cost.units), (3, 4.0), "{:?}", cost.operations);
}

#[tokio::test]
async fn a_chat_window_and_a_status_page_are_one_round_trip() {
    let system = System::start().await;
    let users = (0..100).map(|number| format!("u{number}")).collect::<Vec<_>>().join(",");
    let push = json!({"userIds": users, "content": "x".repeat(32_768), "messageId": "m", "expireTime": 1});
    cost_of_push(&system, &push).await;
    system.proxy.forget();
    let status = "/chatbot/api/front/thirdParty/message/status?messageId=m";
    assert_eq!(system.message_push.get(status).await.json()["data"]["total"], 100);
    let cost_of_status = cost(&system.proxy.recorded());
    assert_eq!(cost_of_status.operations, ["Query"]);
    assert!(
        cost_of_status.units <= 6.0,
        "of 100 small items, and not of the content: {}",
        cost_of_status.units
    );
    system.proxy.forget();
    assert_eq!(system.platform.get("/chatbot/api/platform/chat/messages?chatId=c").await.status, 200);
    let cost_of_poll = cost(&system.proxy.recorded());
    assert_eq!(
        (cost_of_poll.operations.as_slice(), cost_of_poll.units),
        (&["Query".to_owned(), "Query".to_owned()][..], 2.0)
    );
}

#[tokio::test]
async fn a_turn_of_the_robot_is_one_request() {
    let system = System::start().await;
    let path = "/chatbot/api/platform/chatlog";
    for (turn, operation, units) in [
        (json!({"openId": "c", "question": "q", "reply": "r"}), "PutItem", 1.0),
        (json!({"openId": "c", "question": "q", "reply": "r", "entryId": "e"}), "TransactWriteItems", 4.0),
    ] {
        system.proxy.forget();
        assert_eq!(system.platform.post(path, turn.to_string()).await.status, 200);
        let cost = cost(&system.proxy.recorded());
        assert_eq!((cost.operations.as_slice(), cost.units), (&[operation.to_owned()][..], units));
    }
}

#[tokio::test]
async fn what_is_refused_asks_nothing_of_the_store() {
    let system = System::start().await;
    for (path, body) in [
        ("/chatbot/servlet/third/msg/receive", r#"{"touser":"c"}"#),
        (
            "/chatbot/servlet/third/msg/receive?source=2",
            r#"{"touser":"c","msgtype":"event","eventType":"end"}"#,
        ),
    ] {
        system.proxy.forget();
        assert!(system.customer_service.post(path, body).await.status >= 400);
        assert_eq!(cost(&system.proxy.recorded()).operations, [""; 0]);
    }
    system.proxy.forget();
    assert_eq!(
        system.message_push.post("/chatbot/api/front/thirdParty/message/push", "{}").await.status,
        400
    );
    assert_eq!(cost(&system.proxy.recorded()).operations, [""; 0]);
}
