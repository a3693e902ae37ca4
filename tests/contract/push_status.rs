//! `GET /chatbot/api/front/thirdParty/message/status`: the states of a pushed message.

use model::sha256_hex;
use serde_json::json;
use tests::{Fault, MESSAGE_PUSH, ManualClock, System, acknowledged, push_request};

const NOW: u64 = 1_795_219_210_000;

#[tokio::test]
async fn each_user_has_a_state_and_the_numbers_add_up() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("a,b,c", "x", "m", 2).await;
    system.message_push.push("d", "x", "m", 1).await;
    clock.advance_seconds(60);
    system.platform.ack_message("a", "m", "delivered").await;
    system.platform.ack_message("b", "m", "read").await;
    clock.advance_seconds(3_540);
    assert_eq!(
        system.message_push.status_by_user("m").await,
        json!({"total": 4, "pending": 1, "delivered": 1, "read": 1, "expired": 1, "recalled": 0, "users": [
            {"userId": "a", "state": "delivered", "at": "2026-11-21 08:01:10"},
            {"userId": "b", "state": "read", "at": "2026-11-21 08:01:10"},
            {"userId": "c", "state": "pending", "at": "2026-11-21 08:00:10"},
            {"userId": "d", "state": "expired", "at": "2026-11-21 09:00:10"},
        ]})
    );
    system.message_push.push("a", "x", "m", 2).await;
    system.message_push.push("z", "x", "n", 1).await;
    system.message_push.get_status(&[("messageId", "n")]).await.is(
        200,
        r#"{"code":200,"message":"success","data":{"total":1,"pending":1,"delivered":0,"read":0,"expired":0,"recalled":0,"users":[{"userId":"z","state":"pending","at":"2026-11-21 09:00:10"}]}}"#,
    );
}

#[tokio::test]
async fn expiry_is_exact_to_the_second_and_a_status_is_known_for_30_days() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("a,b", "x", "m", 1).await;
    system.platform.ack_message("a", "m", "read").await;
    let states = async || {
        let data = system.message_push.status("m").await;
        (data["total"].clone(), data["pending"].clone(), data["read"].clone(), data["expired"].clone())
    };
    clock.advance_seconds(3_599);
    assert_eq!(states().await, (json!(2), json!(1), json!(1), json!(0)));
    clock.advance_seconds(1);
    assert_eq!(states().await, (json!(2), json!(0), json!(1), json!(1)));
    clock.advance_seconds(30 * 24 * 3600 - 3_601);
    assert_eq!(states().await, (json!(2), json!(0), json!(1), json!(1)));
    clock.advance_seconds(1);
    assert_eq!(states().await.0, json!(0));
}

#[tokio::test]
async fn a_repeat_sets_the_deadline_in_the_status() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("a", "x", "m", 1).await;
    clock.advance_seconds(3_600);
    system.message_push.push("a", "x", "m", 1).await;
    let data = system.message_push.status("m").await;
    assert_eq!(data["users"], json!([{"userId": "a", "state": "pending", "at": "2026-11-21 09:00:10"}]));
}

#[tokio::test]
async fn a_campaign_is_read_in_pages() {
    let system = System::start().await;
    let users: Vec<_> = (0..250).map(|number| format!("u{number:03}")).collect();
    for users in users.chunks(100) {
        system.message_push.push(&users.join(","), "x", "m", 1).await;
    }
    for user in users.iter().step_by(2) {
        system.platform.ack_message(user, "m", "delivered").await;
    }
    let all = system.message_push.status("m").await;
    assert_eq!((&all["total"], &all["delivered"], &all["pending"]), (&json!(250), &json!(125), &json!(125)));
    assert_eq!(all.get("cursor"), None);
    for limit in ["1", "7", "249", "250", "1000"] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let parameters = [("messageId", "m"), ("limit", limit), ("cursor", &cursor)];
            let data = system.message_push.get_status(&parameters).await.data();
            let page = data["users"].as_array().unwrap().clone();
            assert!(page.len() <= limit.parse().unwrap() && data["total"] == page.len());
            seen.extend(page);
            pages += 1;
            match data["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
            if limit == "1" && pages == 5 {
                break;
            }
        }
        let told = all["users"].as_array().unwrap();
        assert_eq!(seen, told[..seen.len()], "{limit}");
        assert!(seen.len() == 250 || limit == "1", "{limit}");
    }
}

#[tokio::test]
async fn an_application_sees_its_own_messages_only() {
    let system = System::start().await;
    system.message_push.push("a", "x", "m", 1).await;
    system.operator.grant("cn-2", "other", &[MESSAGE_PUSH], &[]).await;
    let empty = r#"{"code":200,"message":"success","data":{"total":0,"pending":0,"delivered":0,"read":0,"expired":0,"recalled":0,"users":[]}}"#;
    let other = system.partner("cn-2");
    other.get_status(&[("messageId", "m")]).await.is(200, empty);
    system.message_push.get_status(&[("messageId", "unknown")]).await.is(200, empty);
    // The cursor of another application is not valid.
    system.message_push.push("b", "x", "m", 1).await;
    let page = system.message_push.get_status(&[("messageId", "m"), ("limit", "1")]).await.data();
    let foreign = [("messageId", "m"), ("cursor", page["cursor"].as_str().unwrap())];
    other.get_status(&foreign).await.is_code(400, "cursor: is not valid");
}

#[tokio::test]
async fn its_parameters_are_checked_in_order() {
    let system = System::start().await;
    let get = async |parameters: &[(&str, &str)]| system.message_push.get_status(parameters).await;
    get(&[]).await.is_code(400, "Required parameter 'messageId' is not present");
    get(&[("messageId", "  "), ("limit", "x")])
        .await
        .is_code(400, "Required parameter 'messageId' is not present");
    let (longest, too_long) = ("消".repeat(64), "消".repeat(65));
    assert_eq!(get(&[("messageId", &longest)]).await.status, 200);
    get(&[("messageId", &too_long)])
        .await
        .is_code(400, "messsagePush.messageId: Length exceeds the max value [64]");
    get(&[("messageId", "m"), ("limit", "1.0"), ("cursor", "x")])
        .await
        .is_code(400, "limit: must be an integer");
    for limit in ["0", "1001", "99999999999999999999"] {
        get(&[("messageId", "m"), ("limit", limit)])
            .await
            .is_code(400, "limit: value must be between 1 and 1000");
    }
    get(&[("messageId", "m"), ("cursor", "x")]).await.is_code(400, "cursor: is not valid");
}

#[tokio::test]
async fn the_repeat_of_a_failed_push_lists_all_recipients() {
    let system = System::start().await;
    // The content is written, and the batches of deliveries and recipients are incomplete.
    let users: Vec<_> = (0..25).map(|number| format!("u{number}")).collect();
    let push = push_request(&users.join(","), "x", "m", 1);
    system.proxy.fail(|number, _| (number >= 2).then_some(Fault::InternalError));
    system.message_push.try_push(&push).await.is_code(500, "system error");
    system.proxy.recover();
    system.message_push.try_push(&push).await.is_code(200, "success");
    let data = system.message_push.status("m").await;
    assert_eq!((&data["total"], &data["pending"]), (&json!(25), &json!(25)));
}

#[tokio::test]
async fn a_page_of_acknowledged_users_is_one_query_and_its_batches() {
    let system = System::start().await;
    let users: Vec<_> = (0..60).map(|number| format!("u{number:02}")).collect();
    system.message_push.push(&users.join(","), "x", "m", 1).await;
    for user in &users {
        system.platform.ack_message(user, "m", "read").await;
    }
    for limit in ["59", "60", "1", "1000"] {
        system.proxy.forget();
        let data = system.message_push.get_status(&[("messageId", "m"), ("limit", limit)]).await.data();
        assert_eq!(data["read"], limit.parse::<usize>().unwrap().min(60));
        assert_eq!(data.get("cursor").is_some(), ["59", "1"].contains(&limit), "{limit}");
        let keys = 1 + 2 * limit.parse::<usize>().unwrap().min(60);
        let batches = vec!["BatchGetItem"; keys.div_ceil(100)];
        assert_eq!(system.proxy.operations(), [&["GetItem", "Query"][..], &batches].concat(), "{limit}");
    }
}

#[tokio::test]
async fn thousands_of_expired_calls_end_an_answer_with_a_cursor() {
    let system = System::start().await;
    system.message_push.push("live", "x", "m", 1).await;
    store_expired_calls(&system, 10_000).await;
    for limit in ["1", "1000"] {
        let (mut cursor, mut seen, mut pages) = (String::new(), Vec::new(), 0);
        loop {
            system.proxy.forget();
            let parameters = [("messageId", "m"), ("limit", limit), ("cursor", &cursor)];
            let data = system.message_push.get_status(&parameters).await.data();
            seen.extend(data["users"].as_array().unwrap().clone());
            // The authorizer's read, three queries, and a batch for the only user.
            assert!(system.proxy.operations().len() <= 1 + 3 + 1, "{:?}", system.proxy.operations());
            pages += 1;
            match data["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!((seen.len(), &seen[0]["userId"]), (1, &json!("live")), "{limit}");
        assert!((2..=5).contains(&pages), "{limit}: {pages}");
    }
}

/// Stores recipients items of about 300 bytes that expired and that TTL has not removed yet.
async fn store_expired_calls(system: &System, count: u64) {
    let items = (0..count).map(|call| {
        json!({
            "pk": "PUSH#demo#m", "sk": format!("TO#{}", sha256_hex(call.to_string())), "users": [call.to_string()],
            "contentHash": sha256_hex("old"), "firstAcceptedAt": 1, "acceptedAt": 1, "deadline": 2, "expireAt": 3,
        })
    });
    system.store_items(items).await;
}

#[tokio::test]
async fn a_user_of_many_calls_is_listed_once_with_the_latest_call() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    // Each call names another user too, thus its item sorts anywhere.
    for (hours, others) in (1..).zip(["b", "c", "d", "e", "f"]) {
        system.message_push.push(&format!("a,{others}"), "x", "m", hours).await;
        clock.advance_seconds(60);
    }
    let data = system.message_push.status_by_user("m").await;
    assert_eq!((&data["total"], &data["pending"]), (&json!(6), &json!(6)));
    assert_eq!(data["users"][0], json!({"userId": "a", "state": "pending", "at": "2026-11-21 08:04:10"}));
    // The last call sets the deadline of `a`. The deadlines of the others pass one after the other.
    clock.set(NOW + 3 * 3_600_000 + 300_000);
    let data = system.message_push.status_by_user("m").await;
    assert_eq!((&data["pending"], &data["expired"]), (&json!(3), &json!(3)));
    assert_eq!(data["users"][0]["state"], "pending");
    // A later call may shorten the deadline.
    system.message_push.push("a,f,x", "x", "m", 1).await;
    clock.advance_seconds(3600);
    let data = system.message_push.status_by_user("m").await;
    assert_eq!(data["users"][0], json!({"userId": "a", "state": "expired", "at": "2026-11-21 12:05:10"}));
}

#[tokio::test]
async fn a_status_is_consistent_while_acknowledgements_arrive() {
    let system = System::start().await;
    let users: Vec<_> = (0..40).map(|number| format!("u{number}")).collect();
    system.message_push.push(&users.join(","), "x", "m", 1).await;
    let mut ids = Vec::new();
    for user in &users {
        ids.push(system.platform.ack_id(user, "demo", "m").await);
    }
    system.proxy.slow_down(2);
    let acks = async {
        for (user, id) in users.iter().zip(&ids) {
            system.platform.ack(user, std::slice::from_ref(id), "read").await.is(200, &acknowledged(1));
        }
    };
    let polls = async {
        let mut read = 0;
        while read < 40 {
            let data = system.message_push.status_by_user("m").await;
            assert_eq!((&data["total"], &data["expired"]), (&json!(40), &json!(0)), "{data}");
            read = data["read"].as_u64().unwrap();
        }
    };
    tokio::join!(acks, polls);
}

#[tokio::test]
async fn a_status_is_consistent_while_a_recall_takes_hold() {
    let system = System::start().await;
    system.message_push.push("a,b", "x", "m", 1).await;
    system.message_push.recall("m").await;
    // The inbox deletes the delivery of a recalled message.
    assert_eq!(system.platform.inbox("a").await, [] as [serde_json::Value; 0]);
    system.proxy.lag("PUSH#demo#m");
    for user in ["a", "b"] {
        assert_eq!(system.message_push.state("m", user).await.0, "recalled", "{user}");
    }
}

#[tokio::test]
async fn a_push_is_pending_while_it_is_written_and_expired_if_it_never_was() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    // The recipients item of a call without its deliveries.
    system
        .store_items([json!({
            "pk": "PUSH#demo#m", "sk": format!("TO#{}", sha256_hex("a")), "users": ["a"],
            "contentHash": sha256_hex("x"), "firstAcceptedAt": NOW, "acceptedAt": NOW,
            "deadline": NOW / 1000 + 3600, "expireAt": NOW / 1000 + 30 * 24 * 3600,
        })])
        .await;
    let of_a = async || system.message_push.status_by_user("m").await["users"][0].take();
    clock.advance_seconds(9);
    assert_eq!(of_a().await, json!({"userId": "a", "state": "pending", "at": "2026-11-21 08:00:10"}));
    clock.advance_seconds(1);
    let expired = json!({"userId": "a", "state": "expired", "at": "2026-11-21 08:00:20"});
    assert_eq!(of_a().await, expired);
    clock.advance_seconds(60);
    assert_eq!(of_a().await, expired, "the time of expiry stays");
}
