//! `GET /chatbot/api/front/thirdParty/message/status`: what became of a push.

use serde_json::json;
use tests::{MESSAGE_PUSH, ManualClock, System, path_with};

const STATUS: &str = "/chatbot/api/front/thirdParty/message/status";
const PUSH: &str = "/chatbot/api/front/thirdParty/message/push";
const ACK: &str = "/chatbot/api/platform/message/ack";
const NOW: u64 = 1_795_219_210_000;

async fn push(system: &System, users: &str, hours: u32) {
    let push = json!({"userIds": users, "content": "x", "messageId": "m", "expireTime": hours});
    system.message_push.post(PUSH, push.to_string()).await.is_code(200, "success");
}

async fn ack(system: &System, user: &str, state: &str) {
    let ack = json!({"userId": user, "messages": [{"appId": "demo", "messageId": "m"}], "state": state});
    assert_eq!(system.platform.post(ACK, ack.to_string()).await.status, 200);
}

#[tokio::test]
async fn each_user_has_a_state_and_the_numbers_add_up() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "a,b,c", 2).await;
    push(&system, "d", 1).await;
    clock.advance_seconds(60);
    ack(&system, "a", "delivered").await;
    ack(&system, "b", "read").await;
    clock.advance_seconds(3_540);
    system.message_push.get(&path_with(STATUS, &[("messageId", "m")])).await.is(
        200,
        r#"{"code":200,"message":"success","data":{"total":4,"pending":1,"delivered":1,"read":1,"expired":1,"users":[{"userId":"a","state":"delivered","at":"2026-11-21 08:01:10"},{"userId":"b","state":"read","at":"2026-11-21 08:01:10"},{"userId":"c","state":"pending","at":"2026-11-21 08:00:10"},{"userId":"d","state":"expired","at":"2026-11-21 09:00:10"}]}}"#,
    );
}

#[tokio::test]
async fn expiry_is_true_to_the_second_and_all_is_known_for_30_days() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "a,b", 1).await;
    ack(&system, "a", "read").await;
    let states = async || {
        let data =
            system.message_push.get(&path_with(STATUS, &[("messageId", "m")])).await.json()["data"].take();
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
async fn a_repeat_sets_the_deadline_that_is_told() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    push(&system, "a", 1).await;
    clock.advance_seconds(3_600);
    push(&system, "a", 1).await;
    let data = system.message_push.get(&path_with(STATUS, &[("messageId", "m")])).await.json()["data"].take();
    assert_eq!(data["users"], json!([{"userId": "a", "state": "pending", "at": "2026-11-21 09:00:10"}]));
}

#[tokio::test]
async fn a_campaign_is_read_in_pages() {
    let system = System::start().await;
    let users: Vec<_> = (0..250).map(|number| format!("u{number:03}")).collect();
    for users in users.chunks(100) {
        push(&system, &users.join(","), 1).await;
    }
    for user in users.iter().step_by(2) {
        ack(&system, user, "delivered").await;
    }
    let all = system.message_push.get(&path_with(STATUS, &[("messageId", "m")])).await.json()["data"].take();
    assert_eq!((&all["total"], &all["delivered"], &all["pending"]), (&json!(250), &json!(125), &json!(125)));
    assert_eq!(all.get("cursor"), None);
    for limit in ["1", "7", "249", "250", "1000"] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let path = path_with(STATUS, &[("messageId", "m"), ("limit", limit), ("cursor", &cursor)]);
            let data = system.message_push.get(&path).await.json()["data"].take();
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
async fn an_application_sees_its_own_messages_alone() {
    let system = System::start().await;
    push(&system, "a", 1).await;
    system.grant("cn-2", "other", &[MESSAGE_PUSH], &[]).await;
    let empty = r#"{"code":200,"message":"success","data":{"total":0,"pending":0,"delivered":0,"read":0,"expired":0,"users":[]}}"#;
    let path = path_with(STATUS, &[("messageId", "m")]);
    system.anonymous.with_token("cn-2").get(&path).await.is(200, empty);
    system.message_push.get(&path_with(STATUS, &[("messageId", "unknown")])).await.is(200, empty);
    // A cursor of another's is none.
    push(&system, "b", 1).await;
    let page = system.message_push.get(&path_with(STATUS, &[("messageId", "m"), ("limit", "1")])).await;
    let cursor = page.json()["data"]["cursor"].as_str().unwrap().to_owned();
    let foreign = path_with(STATUS, &[("messageId", "m"), ("cursor", &cursor)]);
    system.anonymous.with_token("cn-2").get(&foreign).await.is_code(400, "cursor: is not valid");
}

#[tokio::test]
async fn its_parameters_are_checked_in_order() {
    let system = System::start().await;
    let get =
        async |parameters: &[(&str, &str)]| system.message_push.get(&path_with(STATUS, parameters)).await;
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
async fn after_a_push_that_failed_half_way_its_repeat_knows_all_recipients() {
    let system = System::start().await;
    // The deliveries are written; the recipients, which come last, are not.
    let users: Vec<_> = (0..25).map(|number| format!("u{number}")).collect();
    let body =
        json!({"userIds": users.join(","), "content": "x", "messageId": "m", "expireTime": 1}).to_string();
    system.proxy.fail(|number, _| (number >= 2).then_some(tests::Fault::InternalError));
    let seen = system.message_push.post(PUSH, body.clone()).await;
    seen.is_code(500, "system error");
    system.proxy.recover();
    system.message_push.post(PUSH, body).await.is_code(200, "success");
    let data = system.message_push.get(&path_with(STATUS, &[("messageId", "m")])).await.json()["data"].take();
    assert_eq!((&data["total"], &data["pending"]), (&json!(25), &json!(25)));
}

#[tokio::test]
async fn a_page_of_users_who_all_have_it_is_one_query_too() {
    let system = System::start().await;
    let users: Vec<_> = (0..60).map(|number| format!("u{number:02}")).collect();
    push(&system, &users.join(","), 1).await;
    for user in &users {
        ack(&system, user, "read").await;
    }
    for limit in ["59", "60", "1", "1000"] {
        system.proxy.forget();
        let path = path_with(STATUS, &[("messageId", "m"), ("limit", limit)]);
        let data = system.message_push.get(&path).await.json()["data"].take();
        assert_eq!(data["read"], limit.parse::<usize>().unwrap().min(60));
        assert_eq!(data.get("cursor").is_some(), ["59", "1"].contains(&limit), "{limit}");
        assert_eq!(system.proxy.operations(), ["GetItem", "Query"]);
    }
}
