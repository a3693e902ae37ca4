//! The whole story, told from outside in one test: an application, its scope, its token; what it pushes and what becomes of
//! that; what an agent says and how the user's side shows it.

use model::{AppId, BoundedText, Content, MessageId, Scope, Timestamp, UserId};
use serde_json::{Value, json};
use store::push::send::{self, Claim, Push};
use tests::{Caller, System, acknowledge, path_with};

const PUSH: &str = "/chatbot/api/front/thirdParty/message/push";
const STATUS: &str = "/chatbot/api/front/thirdParty/message/status";
const HOUR: u64 = 3_600_000;

async fn login(system: &System, user: &str) -> Vec<Value> {
    let login = json!({"userId": user, "clientId": user, "hostIp": "10.0.0.1", "userAgent": "Mozilla/5.0"});
    let reply = system.platform.post("/chatbot/api/platform/user/login", login.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["data"]["messages"].as_array().unwrap().clone()
}

async fn status(partner: &Caller, id: &str) -> Value {
    partner.get(&path_with(STATUS, &[("messageId", id)])).await.json()["data"].take()
}

#[tokio::test]
async fn the_whole_story() {
    let system = System::start().await;
    let client = system.application_with("shop", &[Scope::MessagePush], &[1]).await;
    let partner = system.anonymous.with_token(&client.token().await);
    a_message_reaches_a_user_who_logs_in_later_and_its_sender_learns_of_it(&system, &partner).await;
    a_message_that_expired_before_the_user_came_is_told_as_expired(&system, &partner).await;
    a_campaign_of_250_users_in_three_calls_reaches_each_once(&system, &partner).await;
    what_an_agent_says_is_shown_in_order(&system).await;
}

async fn a_message_reaches_a_user_who_logs_in_later_and_its_sender_learns_of_it(
    system: &System,
    partner: &Caller,
) {
    let push = json!({"userIds": "never-seen", "content": "您的订单已发货", "messageId": "order-1", "expireTime": 1});
    partner.post(PUSH, push.to_string()).await.is_code(200, "success");
    assert_eq!(status(partner, "order-1").await["pending"], 1);

    let waiting = login(system, "never-seen").await;
    assert_eq!((waiting.len(), &waiting[0]["content"]), (1, &json!("您的订单已发货")));
    let pending = path_with("/chatbot/api/platform/message/pending", &[("userId", "never-seen")]);
    assert_eq!(system.platform.get(&pending).await.json()["data"]["messages"], json!(waiting));
    let shown = waiting[0]["ackId"].as_str().unwrap().to_owned();
    let ack = acknowledge(system, "never-seen", &[shown], "delivered").await;
    ack.is(200, r#"{"code":200,"message":"success","data":{"acknowledged":1,"invalid":[]}}"#);
    let told = status(partner, "order-1").await;
    assert_eq!((&told["delivered"], &told["users"][0]["state"]), (&json!(1), &json!("delivered")));

    // The same call again is a success, and nobody gets the message twice.
    partner.post(PUSH, push.to_string()).await.is_code(200, "success");
    assert_eq!(login(system, "never-seen").await.len(), 0);
    assert_eq!(status(partner, "order-1").await["delivered"], 1);
}

async fn a_message_that_expired_before_the_user_came_is_told_as_expired(system: &System, partner: &Caller) {
    // No partner can push in the past: it is stored as it would have been two hours ago.
    let accepted = Timestamp::from_millis(system.clock.now().millis() - 2 * HOUR);
    let (app, message) = (AppId::parse("shop").unwrap(), MessageId::parse("order-0").unwrap());
    let (content, user) = (Content::parse("太晚了").unwrap(), UserId::parse("late-user").unwrap());
    let push = Push::new(&app, &message, &content, accepted, accepted.plus_hours(1));
    let table = system.chat_table();
    let Claim::New(claimed) = send::claim(&table, &push).await.unwrap() else { panic!("the id is free") };
    send::deliver(&table, &push, claimed, &[user]).await.unwrap();
    assert_eq!(login(system, "late-user").await.len(), 0);
    let told = status(partner, "order-0").await;
    assert_eq!((&told["expired"], &told["users"][0]["state"]), (&json!(1), &json!("expired")));
}

async fn a_campaign_of_250_users_in_three_calls_reaches_each_once(system: &System, partner: &Caller) {
    let users: Vec<_> = (0..250).map(|number| format!("member-{number:03}")).collect();
    for users in users.chunks(100) {
        let push =
            json!({"userIds": users.join(","), "content": "活动", "messageId": "campaign", "expireTime": 24});
        partner.post(PUSH, push.to_string()).await.is_code(200, "success");
    }
    let told = status(partner, "campaign").await;
    assert_eq!((&told["total"], &told["pending"]), (&json!(250), &json!(250)));
    for user in [&users[0], &users[99], &users[100], &users[249]] {
        assert_eq!(login(system, user).await.len(), 1, "{user}");
    }
}

async fn what_an_agent_says_is_shown_in_order(system: &System) {
    let url = "https://example.com/x";
    let messages = [
        json!({"touser": "chat", "fromuser": "系统消息", "msgtype": "event", "eventType": "begin"}),
        json!({"touser": "chat", "fromuser": "客服A", "msgtype": "text", "text": {"content": "您好"}}),
        json!({"touser": "chat", "fromuser": "客服A", "msgtype": "image", "image": {"image_url": url}}),
        json!({"touser": "chat", "fromuser": "客服A", "msgtype": "file", "file": {"file_name": "a.txt", "file_url": url}}),
        json!({"touser": "chat", "msgtype": "event", "eventType": "end"}),
        json!({"touser": "chat", "msgtype": "evaluate", "url": url}),
    ];
    for message in &messages {
        let path = "/chatbot/servlet/third/msg/receive?source=1";
        let reply = system.customer_service.post(path, message.to_string()).await;
        reply.is(200, r#"{"status":0,"message":"ok"}"#);
        // Two messages of one millisecond may come in either order.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let path = path_with("/chatbot/api/platform/chat/messages", &[("chatId", "chat"), ("source", "1")]);
    let data = system.platform.get(&path).await.json()["data"].take();
    let shown: Vec<_> =
        data["messages"].as_array().unwrap().iter().map(|message| &message["msgtype"]).collect();
    assert_eq!(shown, messages.iter().map(|message| &message["msgtype"]).collect::<Vec<_>>());
    assert_eq!(data["state"], "robot");
}
