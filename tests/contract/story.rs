//! The whole story, told from outside: an application, its scope, its token; what it pushes and what becomes of that; what an
//! agent says and how the user's side shows it.

use model::Scope;
use serde_json::{Value, json};
use tests::{Caller, System, path_with};

const PUSH: &str = "/chatbot/api/front/thirdParty/message/push";
const STATUS: &str = "/chatbot/api/front/thirdParty/message/status";

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
async fn a_message_reaches_a_user_who_logs_in_later_and_its_sender_learns_of_it() {
    let system = System::start().await;
    let client = system.application_with("shop", &[Scope::MessagePush], &[1]).await;
    let partner = system.anonymous.with_token(&client.token().await);
    let push = json!({"userIds": "never-seen", "content": "您的订单已发货", "messageId": "order-1", "expireTime": 1});
    partner.post(PUSH, push.to_string()).await.is_code(200, "success");
    assert_eq!(status(&partner, "order-1").await["pending"], 1);

    let waiting = login(&system, "never-seen").await;
    assert_eq!((waiting.len(), &waiting[0]["content"]), (1, &json!("您的订单已发货")));
    let pending = path_with("/chatbot/api/platform/message/pending", &[("userId", "never-seen")]);
    assert_eq!(system.platform.get(&pending).await.json()["data"]["messages"], json!(waiting));
    let ack = json!({
        "userId": "never-seen", "state": "delivered",
        "messages": [{"appId": waiting[0]["appId"], "messageId": waiting[0]["messageId"]}],
    });
    let ack = system.platform.post("/chatbot/api/platform/message/ack", ack.to_string()).await;
    ack.is(200, r#"{"code":200,"message":"success","data":{"acknowledged":1,"unknown":[]}}"#);
    let told = status(&partner, "order-1").await;
    assert_eq!((&told["delivered"], &told["users"][0]["state"]), (&json!(1), &json!("delivered")));

    // The same call again is a success, and nobody gets the message twice.
    partner.post(PUSH, push.to_string()).await.is_code(200, "success");
    assert_eq!(login(&system, "never-seen").await.len(), 0);
    assert_eq!(status(&partner, "order-1").await["delivered"], 1);
}

#[tokio::test]
async fn a_campaign_of_250_users_in_three_calls_reaches_each_once() {
    let system = System::start().await;
    let users: Vec<_> = (0..250).map(|number| format!("member-{number:03}")).collect();
    for users in users.chunks(100) {
        let push =
            json!({"userIds": users.join(","), "content": "活动", "messageId": "campaign", "expireTime": 24});
        system.message_push.post(PUSH, push.to_string()).await.is_code(200, "success");
    }
    let told = status(&system.message_push, "campaign").await;
    assert_eq!((&told["total"], &told["pending"]), (&json!(250), &json!(250)));
    for user in [&users[0], &users[99], &users[100], &users[249]] {
        assert_eq!(login(&system, user).await.len(), 1, "{user}");
    }
}

#[tokio::test]
async fn what_an_agent_says_is_shown_in_order() {
    let system = System::start().await;
    let url = "https://example.com/x";
    for message in [
        json!({"touser": "chat", "fromuser": "系统消息", "msgtype": "event", "eventType": "begin"}),
        json!({"touser": "chat", "fromuser": "客服A", "msgtype": "text", "text": {"content": "您好"}}),
        json!({"touser": "chat", "fromuser": "客服A", "msgtype": "image", "image": {"image_url": url}}),
        json!({"touser": "chat", "fromuser": "客服A", "msgtype": "file", "file": {"file_name": "a.txt", "file_url": url}}),
        json!({"touser": "chat", "msgtype": "event", "eventType": "end"}),
        json!({"touser": "chat", "msgtype": "evaluate", "url": url}),
    ] {
        let reply = system
            .customer_service
            .post("/chatbot/servlet/third/msg/receive?source=1", message.to_string())
            .await;
        reply.is(200, r#"{"status":0,"message":"ok"}"#);
        // Two messages of one millisecond may come in either order.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let path = path_with("/chatbot/api/platform/chat/messages", &[("chatId", "chat"), ("source", "1")]);
    let data = system.platform.get(&path).await.json()["data"].take();
    let types: Vec<_> = data["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["msgtype"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["event", "text", "image", "file", "event", "evaluate"]);
    assert_eq!(data["state"], "robot");
}
