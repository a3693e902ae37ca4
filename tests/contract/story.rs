//! The whole story, told from outside in one test: an application, its scope, its token; what it pushes and what becomes of
//! that; what an agent says and how the user's side shows it.

use model::{AppId, BoundedText, Content, MessageId, Timestamp, UserId, oauth::Scope};
use serde_json::{Value, json};
use store::push::send::{self, Claim, Push};
use tests::{Partner, RECEIVED, System, acknowledged};

const HOUR: u64 = 3_600_000;

async fn login(system: &System, user: &str) -> Vec<Value> {
    let login = json!({"userId": user, "clientId": user, "hostIp": "10.0.0.1", "userAgent": "Mozilla/5.0"});
    system.platform.try_login(login).await.data()["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_whole_story() {
    let system = System::start().await;
    let client = system.operator.create_application_with("shop", &[Scope::MessagePush], &[1]).await;
    let partner = system.partner(&client.token().await);
    a_message_reaches_a_user_who_logs_in_later_and_its_sender_learns_of_it(&system, &partner).await;
    a_message_that_expired_before_the_user_came_is_told_as_expired(&system, &partner).await;
    a_campaign_of_250_users_in_three_calls_reaches_each_once(&system, &partner).await;
    what_an_agent_says_is_shown_in_order(&system).await;
}

async fn a_message_reaches_a_user_who_logs_in_later_and_its_sender_learns_of_it(
    system: &System,
    partner: &Partner,
) {
    partner.push("never-seen", "您的订单已发货", "order-1", 1).await;
    assert_eq!(partner.status("order-1").await["pending"], 1);

    let waiting = login(system, "never-seen").await;
    assert_eq!((waiting.len(), &waiting[0]["content"]), (1, &json!("您的订单已发货")));
    assert_eq!(system.platform.pending("never-seen", "").await["messages"], json!(waiting));
    let shown = waiting[0]["ackId"].as_str().unwrap().to_owned();
    system.platform.ack("never-seen", &[shown], "delivered").await.is(200, &acknowledged(1));
    let told = partner.status("order-1").await;
    assert_eq!((&told["delivered"], &told["users"][0]["state"]), (&json!(1), &json!("delivered")));

    // The same call again is a success, and nobody gets the message twice.
    partner.push("never-seen", "您的订单已发货", "order-1", 1).await;
    assert_eq!(login(system, "never-seen").await.len(), 0);
    assert_eq!(partner.status("order-1").await["delivered"], 1);
}

async fn a_message_that_expired_before_the_user_came_is_told_as_expired(system: &System, partner: &Partner) {
    // No partner can push in the past: it is stored as it would have been two hours ago.
    let accepted = Timestamp::from_millis(system.clock.now().millis() - 2 * HOUR);
    let (app, message) = (AppId::parse("shop").unwrap(), MessageId::parse("order-0").unwrap());
    let (content, user) = (Content::parse("太晚了").unwrap(), UserId::parse("late-user").unwrap());
    let push = Push::new(&app, &message, &content, accepted, accepted.plus_hours(1));
    let table = system.chat_table();
    let Claim::New(claimed) = send::claim(&table, &push).await.unwrap() else { panic!("the id is free") };
    send::deliver(&table, &push, claimed, &[user]).await.unwrap();
    assert_eq!(login(system, "late-user").await.len(), 0);
    let told = partner.status("order-0").await;
    assert_eq!((&told["expired"], &told["users"][0]["state"]), (&json!(1), &json!("expired")));
}

async fn a_campaign_of_250_users_in_three_calls_reaches_each_once(system: &System, partner: &Partner) {
    let users: Vec<_> = (0..250).map(|number| format!("member-{number:03}")).collect();
    for users in users.chunks(100) {
        partner.push(&users.join(","), "活动", "campaign", 24).await;
    }
    let told = partner.status("campaign").await;
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
        system.customer_service.try_receive_with("source=1", message).await.is(200, RECEIVED);
        // Two messages of one millisecond may come in either order.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let data = system.platform.poll("chat", "", "").await;
    let shown: Vec<_> =
        data["messages"].as_array().unwrap().iter().map(|message| &message["msgtype"]).collect();
    assert_eq!(shown, messages.iter().map(|message| &message["msgtype"]).collect::<Vec<_>>());
    assert_eq!(data["state"], "robot");
}
