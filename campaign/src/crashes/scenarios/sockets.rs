//! The functions of sockets. A crash costs a ticket, a connection or a signal: the client takes another ticket, and the next signal
//! reaches it.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::{Socket, Ticket, text_message};
use tokio::sync::Mutex;

use super::{Scenario, scenarios};
use crate::crashes::world::{CONTENT, World, fail};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::from(scenarios!(
        "IssueTicketFunction",
        "user" => ticket_of_a_user,
        "user and ten chats" => ticket_of_ten_chats,
    ));
    all.extend(scenarios!(
        "SocketFunction",
        "connect" => connect,
        "eleventh connect" => eleventh_connect,
        "used ticket" => used_ticket,
        "ping" => ping,
        "disconnect" => disconnect,
    ));
    all.extend(scenarios!(
        "NotifyUsersFunction",
        "delivery" => delivery,
        "message of a chat" => message,
        "several topics" => several_topics,
        "connection that has ended" => ended_connection,
    ));
    all
}

/// The number of connections that a user can have.
const MOST: usize = 10;

const USER: &str = "用户#1";
const CHAT: &str = "会话#1";

/// The events of the stream after `push` and `receive`.
const DELIVERY: (&str, &str) = ("INBOX#用户%231", "W#1795219210000#demo#1");
const MESSAGE: (&str, &str) = ("CHAT#1#会话%231", "MSG#019aa3e4-6d50-7000-8000-000000000001");

fn inbox() -> Value {
    json!({"type": "inbox"})
}

fn chat() -> Value {
    json!({"type": "chat", "source": 1, "chatId": CHAT})
}

/// Takes a ticket, which no item and no log line may have.
async fn take(world: &World, chats: &[&str]) -> Ticket {
    let ticket = world.system.platform.ticket(USER, chats).await;
    world.hide(&ticket.ticket);
    ticket
}

async fn open(ticket: &Ticket) -> Result<Socket, u16> {
    Socket::open(&ticket.url, &ticket.ticket).await
}

/// A new connection of the user, as a client opens one after a failure.
async fn reconnect(world: &World, chats: &[&str]) -> Socket {
    open(&take(world, chats).await).await.unwrap_or_else(|status| fail(&format!("{status}")))
}

/// Invokes `notify-users` with inserted keys.
async fn notify(world: &World, keys: &[(&str, &str)]) -> bool {
    let record = |(pk, sk): &(&str, &str)| {
        let keys = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        json!({"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": {"Keys": keys}})
    };
    let event = json!({"Records": keys.iter().map(record).collect::<Vec<_>>()});
    world.system.invoke("NotifyUsersFunction", event.to_string()).await.is_ok()
}

/// Checks that the next signal reaches a connection.
async fn is_told(world: &World, socket: &mut Socket) {
    assert!(notify(world, &[DELIVERY]).await);
    assert_eq!(socket.next().await, inbox());
}

fn allow_lost_tickets(world: &World) {
    world.allow("a ticket that nobody got stays until its end", |item| item.contains("TICKET#<hash>"));
}

fn allow_lost_connections(world: &World) {
    world.allow("a connect that crashed opens no connection, and its items stay until their end", |item| {
        item.contains("CONN#<connection>")
    });
}

async fn ticket_of_a_user(world: &World) {
    issues(world, json!({"userId": USER})).await;
}

async fn ticket_of_ten_chats(world: &World) {
    let chats: Vec<_> = (0..10).map(|number| json!({"chatId": format!("{CHAT}{number}")})).collect();
    issues(world, json!({"userId": USER, "chats": chats})).await;
}

/// Each ticket that was answered opens one connection, which gets signals.
async fn issues(world: &World, body: Value) {
    allow_lost_tickets(world);
    let call = async || world.system.platform.try_ticket(&body).await;
    let first = world.crash(call).await;
    let retry = world.retry(call).await;
    assert_eq!(retry.status, 200, "{}", retry.body);
    for reply in [first, retry].iter().filter(|reply| reply.status == 200) {
        let data = reply.data();
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let ticket = Ticket { ticket: text("ticket"), url: text("url") };
        world.hide(&ticket.ticket);
        let mut socket = open(&ticket).await.unwrap_or_else(|status| fail(&format!("{status}")));
        is_told(world, &mut socket).await;
        assert_eq!(open(&ticket).await.err(), Some(401), "a ticket opens two connections");
    }
    world.check_tables().await;
}

async fn connect(world: &World) {
    let _ = connects(world, &[CHAT, "another"]).await;
}

/// A crash of the connect that closes the oldest connection.
async fn eleventh_connect(world: &World) {
    let mut sockets = Vec::new();
    for _ in 0..MOST {
        sockets.push(reconnect(world, &[]).await);
    }
    let is_answered = connects(world, &[]).await;
    let stored = world.system.connection_items().await;
    let own = stored.iter().filter(|item| item["pk"] == DELIVERY.0);
    assert_eq!(own.count(), MOST);
    // After a crash the oldest one may stay open, without signals.
    if is_answered {
        assert_eq!(sockets.swap_remove(0).close_code().await, 1000, "the oldest connection stays open");
    }
}

/// A ticket opens one connection at most, whatever crashed, and the client connects with another one. Returns whether the connect
/// was answered.
async fn connects(world: &World, chats: &[&str]) -> bool {
    allow_lost_connections(world);
    let ticket = take(world, chats).await;
    let mut first = world.crash(async || open(&ticket).await).await;
    if let Ok(socket) = &mut first {
        is_told(world, socket).await;
    }
    let again = open(&ticket).await;
    assert!(first.is_err() || again.is_err(), "a ticket opens two connections");
    assert_eq!(open(&ticket).await.err(), Some(401), "a ticket opens another connection");
    let mut socket = reconnect(world, chats).await;
    is_told(world, &mut socket).await;
    assert_eq!(socket.until_pong().await, [Value::Null; 0]);
    world.check_tables().await;
    first.is_ok()
}

async fn used_ticket(world: &World) {
    let ticket = take(world, &[CHAT]).await;
    let mut socket = open(&ticket).await.unwrap_or_else(|status| fail(&format!("{status}")));
    assert!(world.crash(async || open(&ticket).await).await.is_err(), "a ticket opens two connections");
    assert_eq!(world.retry(async || open(&ticket).await.err()).await, Some(401));
    is_told(world, &mut socket).await;
}

/// A `ping` sends no request to the store. Its answer arrives before the function's, so that the kill may meet the function: API
/// Gateway then says that it failed.
async fn ping(world: &World) {
    let socket = Mutex::new(reconnect(world, &[CHAT]).await);
    let call = async || socket.lock().await.until_pong().await;
    assert_eq!(world.crash(call).await, [Value::Null; 0]);
    let before = world.retry(call).await;
    assert!(before.iter().all(|message| message["message"] == "Internal server error"), "{before:?}");
    is_told(world, &mut *socket.lock().await).await;
}

/// API Gateway tells of the end of a connection once. One that stays stored is removed by its next signal.
async fn disconnect(world: &World) {
    let connection = store_ended_connection(world).await;
    let event = event("$disconnect", &connection);
    world.crash(async || world.system.invoke("SocketFunction", event.clone()).await.is_ok()).await;
    age(world).await;
    assert!(notify(world, &[DELIVERY]).await);
    world.check_tables().await;
    assert_eq!(world.system.connection_items().await, []);
    is_told(world, &mut reconnect(world, &[]).await).await;
}

/// An event of API Gateway.
fn event(route: &str, connection: &str) -> String {
    let kind = route.trim_start_matches('$').to_uppercase();
    let context = json!({"routeKey": route, "eventType": kind, "connectionId": connection});
    json!({"requestContext": context, "isBase64Encoded": false}).to_string()
}

/// Stores a connection that API Gateway does not have, and returns its id.
async fn store_ended_connection(world: &World) -> String {
    let connection = "ZnVuY3Rpb25zMTE=".to_owned();
    let ticket = take(world, &[CHAT]).await;
    let mut connect: Value = serde_json::from_str(&event("$connect", &connection)).unwrap_or_default();
    connect["queryStringParameters"] = json!({"ticket": ticket.ticket});
    let answer = world.system.invoke("SocketFunction", connect.to_string()).await;
    assert_eq!(answer, Ok(json!({"statusCode": 200}).to_string()));
    connection
}

/// Makes the stored connections a minute older: a connection that API Gateway does not have yet is not removed.
async fn age(world: &World) {
    let then = world.system.clock.now().millis() - 60_000;
    for item in world.system.connection_items().await {
        let key = |name: &str| AttributeValue::S(item[name].as_str().unwrap_or_default().to_owned());
        let update = world
            .system
            .dynamodb
            .update_item()
            .table_name(&world.system.connections_table)
            .key("pk", key("pk"))
            .key("sk", key("sk"))
            .update_expression("SET connectedAt = :then")
            .condition_expression("attribute_exists(connectedAt)")
            .expression_attribute_values(":then", AttributeValue::N(then.to_string()));
        // The connection itself has no such time.
        drop(update.send().await);
    }
}

/// Pushes a message, and an agent speaks.
async fn write(world: &World) {
    world.system.message_push.push(USER, CONTENT, "1", 1).await;
    world.system.customer_service.receive(text_message(CHAT, "客服A", CONTENT)).await;
}

/// A crash costs signals: no answer of an endpoint, and no item.
async fn signals(world: &World, keys: &[(&str, &str)], expected: &[Value]) {
    write(world).await;
    let mut sockets = [reconnect(world, &[CHAT]).await, reconnect(world, &[CHAT]).await];
    world.crash(async || notify(world, keys).await).await;
    let has_content = async || {
        assert_eq!(world.system.platform.contents(USER).await, [CONTENT]);
        let shown = world.system.platform.poll(CHAT, "", "").await;
        assert_eq!(shown["messages"][0]["text"]["content"], CONTENT);
    };
    has_content().await;
    // The next batch of the stream.
    assert!(world.retry(async || notify(world, keys).await).await);
    for socket in &mut sockets {
        let told = socket.until_pong().await;
        assert!(told.iter().all(|signal| expected.contains(signal)), "{told:?}");
        for signal in expected {
            let count = told.iter().filter(|one| *one == signal).count();
            assert!((1..=2).contains(&count), "{count} times {signal}");
        }
    }
    has_content().await;
}

async fn delivery(world: &World) {
    signals(world, &[DELIVERY], &[inbox()]).await;
}

async fn message(world: &World) {
    signals(world, &[MESSAGE], &[chat()]).await;
}

async fn several_topics(world: &World) {
    let others = [("INBOX#nobody", "W#1795219210000#demo#1"), ("CHAT#2#会话%231", MESSAGE.1)];
    signals(world, &[&[DELIVERY, MESSAGE][..], &others].concat(), &[inbox(), chat()]).await;
}

/// The signal meets a connection that API Gateway does not have any more, which is removed.
async fn ended_connection(world: &World) {
    store_ended_connection(world).await;
    age(world).await;
    world.crash(async || notify(world, &[DELIVERY]).await).await;
    assert!(world.retry(async || notify(world, &[DELIVERY]).await).await);
    assert_eq!(world.system.connection_items().await, []);
    is_told(world, &mut reconnect(world, &[]).await).await;
}
