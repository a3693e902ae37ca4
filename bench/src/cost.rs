//! The cost of each endpoint in DynamoDB: requests, round trips, units as DynamoDB reports them, and dollars.

use std::{collections::BTreeSet, io, time::Duration};

use comfy_table::Table;
use local::{
    TEMPLATE,
    demo::{CHAT, USER},
    dynamodb::ACCESS_TABLE,
};
use serde_json::{Value, json};
use store::webhooks::Seek;
use tests::{Caller, Reaction, Receiver, Reply, Socket, System, Ticket, path_with, paths, user_text};
use tokio::time::sleep;

use crate::{consumption::Use, copy_per_user, markdown::table, prices::Prices};

/// The added latency of DynamoDB: long enough that concurrent requests overlap and count as one round trip.
const LATENCY_MILLIS: u64 = 20;

/// Prints the cost of all endpoints and of both push designs.
pub async fn print() -> io::Result<()> {
    let prices = Prices::listed()?;
    let system = System::start().await;
    system.proxy.slow_down(LATENCY_MILLIS);
    println!("{}\n", of_endpoints(&system, &prices).await?);
    println!("{}\n", of_designs(&system, &prices).await?);
    println!(
        "DynamoDB: dollars for a million calls, on demand, in {} as of {}. Logs, storage and traffic are not included. \
         API Gateway and the function add:",
        prices.region, prices.known_as_of
    );
    for megabytes in memory_sizes() {
        println!("- with {megabytes} MB: ${:.2}", prices.gateway_and_function(megabytes));
    }
    Ok(())
}

/// The memory sizes of the template's functions, in MB.
fn memory_sizes() -> BTreeSet<u32> {
    let sizes = TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix("MemorySize: "));
    sizes.filter_map(|size| size.parse().ok()).collect()
}

async fn of_endpoints(system: &System, prices: &Prices) -> io::Result<Table> {
    let mut table = table(["", "requests", "round trips", "read units", "write units", "DynamoDB"]);
    let calls = partners_calls(system).await?.into_iter().chain(platforms_calls(system).await?);
    let calls = calls.chain(deliveries(system).await?).chain(sockets(system).await?);
    for (what, used) in calls {
        table.add_row([
            what,
            used.requests.to_string(),
            used.round_trips.to_string(),
            used.read_units.to_string(),
            used.write_units.to_string(),
            dollars(prices.store(used.read_units, used.write_units)),
        ]);
    }
    Ok(table)
}

/// The calls of partners, with their use.
async fn partners_calls(system: &System) -> io::Result<Vec<(String, Use)>> {
    let mut calls = Vec::new();
    let mut add = |what: &str, used: Use| calls.push((what.to_owned(), used));
    let service = &system.customer_service;
    let text = |content: &str| json!({"touser": "c", "fromuser": "a", "msgtype": "text", "text": {"content": content}});
    let (authorizer, used) = posted(system, service, paths::RECEIVE, &text("x")).await?;
    add("authorizer, once for each token and minute", authorizer);
    add("receive: a short text", used);
    for (content, size) in [("x", "32 KiB"), ("好", "96 KiB of Chinese")] {
        let used = posted(system, service, paths::RECEIVE, &text(&content.repeat(32_768))).await?.1;
        add(&format!("receive: a text of {size}"), used);
    }
    let with_id = json!({"touser": "c", "msgtype": "evaluate", "url": "https://example.com", "msgId": "id"});
    add("receive: an evaluation with msgId", posted(system, service, paths::RECEIVE, &with_id).await?.1);
    let begin = json!({"touser": "c", "fromuser": "a", "msgtype": "event", "eventType": "begin"});
    add("receive: an event", posted(system, service, paths::RECEIVE, &begin).await?.1);
    add("chat log: two turns", got(system, service, &path_with(paths::CHATLOG, &[("openId", CHAT)])).await?);
    for (chat, count) in [("c", 1), ("d", 10)] {
        for number in 0..count {
            let said = user_text(chat, &number.to_string(), "x");
            posted(system, &system.platform, paths::SEND_USER_MESSAGE, &said).await?;
        }
    }
    add("sync: 11 short messages", got(system, service, paths::SYNC).await?);
    let feed = service.sync("").await;
    let cursor = feed.get("cursor").and_then(Value::as_str).unwrap_or_default();
    add("sync: nothing new", got(system, service, &path_with(paths::SYNC, &[("cursor", cursor)])).await?);
    add("user", got(system, service, &path_with(paths::USER_INFO, &[("clientId", USER)])).await?);
    for (users, content, size) in pushes() {
        let used = pushed(system, users, &content, &format!("endpoint-{users}-{}", content.len())).await?;
        add(&format!("push to {users}: {size}"), used);
    }
    let status = path_with(paths::STATUS, &[("messageId", "endpoint-100-1")]);
    add("status of a push to 100", got(system, &system.message_push, &status).await?);
    let recall = json!({"messageId": "endpoint-1-1"});
    add("recall", posted(system, &system.message_push, paths::RECALL, &recall).await?.1);
    let credentials =
        "grant_type=client_credentials&client_id=demo&client_secret=cs-33333333-3333-4333-8333-333333333333";
    system.proxy.forget();
    answered(&system.anonymous.post(paths::TOKEN, credentials).await)?;
    add("token", system.proxy.recorded().iter().collect());
    Ok(calls)
}

/// The calls of the platform, with their use.
async fn platforms_calls(system: &System) -> io::Result<Vec<(String, Use)>> {
    let mut calls = Vec::new();
    let mut add = |what: &str, used: Use| calls.push((what.to_owned(), used));
    let platform = &system.platform;
    let long = "x".repeat(32_768);
    for (user, id, content) in
        [("one", "long", long.as_str()), ("two", "short-1", "x"), ("two", "short-2", "x")]
    {
        let push = json!({"userIds": user, "content": content, "messageId": id, "expireTime": 1});
        posted(system, &system.message_push, paths::PUSH, &push).await?;
    }
    for number in 0..20 {
        let push = json!({"userIds": "twenty", "content": "x", "messageId": number, "expireTime": 1});
        posted(system, &system.message_push, paths::PUSH, &push).await?;
    }
    for (user, what) in [
        ("one", "a message of 32 KiB waits"),
        ("two", "two short messages wait"),
        ("twenty", "20 or more short messages wait"),
    ] {
        let login =
            json!({"userId": user, "clientId": user, "hostIp": "10.1.123.6", "userAgent": "Mozilla/5.0"});
        add(&format!("log in: {what}"), posted(system, platform, paths::LOGIN, &login).await?.1);
    }
    add(
        "pending: nothing waits",
        got(system, platform, &path_with(paths::PENDING, &[("userId", "nobody")])).await?,
    );
    for (user, what) in [("one", "a message"), ("two", "two messages")] {
        let waiting = platform.inbox(user).await;
        let ids: Vec<_> = waiting.iter().map(|message| &message["ackId"]).collect();
        let read = json!({"userId": user, "ackIds": ids, "state": "read"});
        add(&format!("acknowledge {what}"), posted(system, platform, paths::ACK, &read).await?.1);
    }
    add(
        "chat window: nothing new",
        got(system, platform, &path_with(paths::CHAT_MESSAGES, &[("chatId", "nobody")])).await?,
    );
    let said = async |chat: &str, id: &str, content: &str| {
        posted(system, platform, paths::SEND_USER_MESSAGE, &user_text(chat, id, content)).await
    };
    add("a message of the user: a short text", said("said", "1", "x").await?.1);
    add("a message of the user: a text of 32 KiB", said("said", "2", &"x".repeat(32_768)).await?.1);
    add("a message of the user: a repeat", said("said", "1", "x").await?.1);
    let begin = json!({"touser": "said", "fromuser": "系统消息", "msgtype": "event", "eventType": "begin"});
    posted(system, &system.customer_service, paths::RECEIVE, &begin).await?;
    add("a message of the user: the system began", said("said", "3", "x").await?.1);
    let turn = json!({"openId": "c", "question": "q", "reply": "r"});
    add("a turn of the robot", posted(system, platform, paths::RECORD_TURN, &turn).await?.1);
    let turn = json!({"openId": "c", "question": "q", "reply": "r", "entryId": "e"});
    add("a turn of the robot, with entryId", posted(system, platform, paths::RECORD_TURN, &turn).await?.1);
    Ok(calls)
}

/// Webhooks: the hint that there are messages, and deliveries of batches, from taking the lease to releasing it.
async fn deliveries(system: &System) -> io::Result<Vec<(String, Use)>> {
    let mut deliveries = Vec::new();
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    system.seek("demo", Seek::To(system.clock.now())).await;
    for entries in [1, 10, 100] {
        for number in 0..entries {
            let said = user_text(&format!("batch-{entries}"), &number.to_string(), "x");
            posted(system, &system.platform, paths::SEND_USER_MESSAGE, &said).await?;
        }
        system.proxy.forget();
        if !system.delivery("demo").await {
            return Err(io::Error::other("the delivery failed"));
        }
        let used = system.proxy.recorded().iter().collect();
        deliveries.push((format!("webhook: a delivery of {entries}"), used));
    }
    system.proxy.forget();
    let record = json!({"dynamodb": {"Keys": {"pk": {"S": "FEED#1"}}, "SequenceNumber": "1"}});
    let batch = json!({"Records": [record]}).to_string();
    // The endpoint waits after a failure, so that the hint starts no delivery whose requests would be counted too.
    receiver.react(|_| Reaction::Answer(500, "retry-after: 3600\r\n"));
    system.platform.say("batch-1", "failed", "x").await;
    system.delivery("demo").await;
    system.proxy.forget();
    system.invoke("DispatchEventsFunction", batch).await.map_err(io::Error::other)?;
    deliveries
        .insert(0, ("webhook: a hint for one endpoint".to_owned(), system.proxy.recorded().iter().collect()));
    Ok(deliveries)
}

/// Sockets: a ticket, the connection that it opens, signals, and the end of the connection.
async fn sockets(system: &System) -> io::Result<Vec<(String, Use)>> {
    let mut calls = Vec::new();
    let mut add = |what: &str, used: Use| calls.push((what.to_owned(), used));
    let ticket = json!({"userId": "told", "chats": [{"chatId": "told"}]});
    add("ticket: a user and a chat", posted(system, &system.platform, paths::TICKET, &ticket).await?.1);
    let Ticket { ticket, url } = system.platform.ticket("told", &["told"]).await;
    system.proxy.forget();
    let refused = |status| io::Error::other(format!("a connect is answered {status}"));
    let socket = Socket::open(&url, &ticket).await.map_err(refused)?;
    add("connect: a user and a chat", system.proxy.recorded().iter().collect());
    for (user, what) in [("told", "signal: a connection"), ("nobody", "signal: no connection")] {
        system.proxy.forget();
        let keys = json!({"pk": {"S": format!("INBOX#{user}")}, "sk": {"S": "W#1#demo#m"}});
        let batch = json!({"Records": [{"dynamodb": {"Keys": keys}}]}).to_string();
        system.invoke("NotifyUsersFunction", batch).await.map_err(io::Error::other)?;
        add(what, system.proxy.recorded().iter().collect());
    }
    system.proxy.forget();
    socket.close().await;
    // The gateway tells the function after the client has its answer.
    while system.proxy.recorded().len() < 2 {
        sleep(Duration::from_millis(LATENCY_MILLIS)).await;
    }
    sleep(Duration::from_millis(2 * LATENCY_MILLIS)).await;
    add("disconnect", system.proxy.recorded().iter().collect());
    Ok(calls)
}

/// The chosen design (content once, a small delivery for each user) and the rejected one (a copy for each user).
async fn of_designs(system: &System, prices: &Prices) -> io::Result<Table> {
    let mut table = table([
        "",
        "write units",
        "DynamoDB",
        "a copy for each user",
        "DynamoDB",
        "each user reads",
        "of a copy",
    ]);
    for (users, content, size) in pushes() {
        let id = format!("design-{users}-{}", content.len());
        let ours = pushed(system, users, &content, &id).await?;
        let copies = copy_per_user::push(system, users, &content, &id).await?;
        // A separate user without other pending messages.
        let reader = format!("reader-of-{id}");
        let push = json!({"userIds": reader, "content": content, "messageId": format!("{id}-read"), "expireTime": 1});
        posted(system, &system.message_push, paths::PUSH, &push).await?;
        let reads = got(system, &system.platform, &path_with(paths::PENDING, &[("userId", &reader)])).await?;
        let read_of_copy = copy_per_user::read(system, &id).await?;
        table.add_row([
            format!("push to {users}: {size}"),
            ours.write_units.to_string(),
            dollars(prices.store(0.0, ours.write_units)),
            copies.write_units.to_string(),
            dollars(prices.store(0.0, copies.write_units)),
            reads.read_units.to_string(),
            read_of_copy.read_units.to_string(),
        ]);
    }
    Ok(table)
}

/// The measured pushes: number of users, content, and the content's name in the table.
fn pushes() -> Vec<(usize, String, &'static str)> {
    let contents = [
        ("x".to_owned(), "short"),
        ("x".repeat(32_768), "32 KiB"),
        ("好".repeat(32_768), "96 KiB of Chinese"),
    ];
    [1, 10, 100]
        .into_iter()
        .flat_map(|users| contents.clone().map(|(content, size)| (users, content, size)))
        .collect()
}

async fn pushed(system: &System, users: usize, content: &str, id: &str) -> io::Result<Use> {
    let users = (0..users).map(|number| format!("user-{number}")).collect::<Vec<_>>().join(",");
    let push = json!({"userIds": users, "content": content, "messageId": id, "expireTime": 168});
    Ok(posted(system, &system.message_push, paths::PUSH, &push).await?.1)
}

/// The use of the authorizer and of the function for a POST.
async fn posted(system: &System, caller: &Caller, path: &str, body: &Value) -> io::Result<(Use, Use)> {
    system.proxy.forget();
    answered(&caller.post(path, body.to_string()).await)?;
    Ok(used(system))
}

/// The use of the function for a GET.
async fn got(system: &System, caller: &Caller, path: &str) -> io::Result<Use> {
    system.proxy.forget();
    answered(&caller.get(path).await)?;
    Ok(used(system).1)
}

fn used(system: &System) -> (Use, Use) {
    let recorded = system.proxy.recorded();
    let (authorizer, function): (Vec<_>, Vec<_>) =
        recorded.iter().partition(|recorded| recorded.is_of(ACCESS_TABLE));
    (authorizer.into_iter().collect(), function.into_iter().collect())
}

fn answered(reply: &Reply) -> io::Result<()> {
    if reply.status == 200 { Ok(()) } else { Err(io::Error::other(reply.body.clone())) }
}

fn dollars(amount: f64) -> String {
    format!("${amount:.3}")
}
