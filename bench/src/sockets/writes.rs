//! Pushes and agents' messages at a fixed rate, whether or not those before are answered.

use std::{io, sync::Arc, time::Duration};

use local::demo::{CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN};
use reqwest::{Client, header::AUTHORIZATION};
use serde_json::{Value, json};
use tests::{RECEIVED, paths};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::population::{Topic, USERS, chat_id, user_id};

/// A push makes 50 signals, an agent's message 2: together 200 signals per second.
const PUSHES_PER_SECOND: u32 = 3;
const USERS_OF_A_PUSH: u32 = 10;
const MESSAGES_PER_SECOND: u32 = 25;

const PUSHED: &str = r#"{"code":200,"message":"success"}"#;

/// A write that succeeded.
#[derive(Debug, Clone)]
pub(super) struct Write {
    /// The topics with something new.
    pub(super) topics: Vec<Topic>,
    pub(super) began: Instant,
    pub(super) answered: Instant,
}

struct Writer {
    client: Client,
    url: String,
}

/// Writes for this time. A user has a push every 13 seconds, and a chat a message every 16: two writes never share a signal.
///
/// # Errors
/// A write is not answered with a success.
pub(super) async fn send(url: &str, time: Duration) -> io::Result<Vec<Write>> {
    let writer = Arc::new(Writer { client: Client::new(), url: url.to_owned() });
    let (pushes, messages) = tokio::try_join!(
        evenly(PUSHES_PER_SECOND, time, |number| push(Arc::clone(&writer), number)),
        evenly(MESSAGES_PER_SECOND, time, |number| message(Arc::clone(&writer), number)),
    )?;
    Ok(pushes.into_iter().chain(messages).collect())
}

/// Begins this many writes in each second.
async fn evenly<W>(rate: u32, time: Duration, write: impl Fn(u32) -> W) -> io::Result<Vec<Write>>
where
    W: Future<Output = io::Result<Write>> + Send + 'static,
{
    let from = Instant::now();
    let mut under_way = JoinSet::new();
    for number in 0.. {
        let after = Duration::from_secs(1) * number / rate;
        if after >= time {
            break;
        }
        sleep_until(from + after).await;
        under_way.spawn(write(number));
    }
    under_way.join_all().await.into_iter().collect()
}

async fn push(writer: Arc<Writer>, number: u32) -> io::Result<Write> {
    let users: Vec<_> = (0..USERS_OF_A_PUSH).map(|user| (number * USERS_OF_A_PUSH + user) % USERS).collect();
    let ids: Vec<_> = users.iter().map(|user| user_id(*user)).collect();
    let body = json!({
        "userIds": ids.join(","),
        "content": "您好,您有一条新消息",
        "messageId": format!("push-{number}"),
        "expireTime": 1,
    });
    let topics = users.into_iter().map(Topic::Inbox).collect();
    writer.write(topics, paths::PUSH, MESSAGE_PUSH_TOKEN, &body, PUSHED).await
}

async fn message(writer: Arc<Writer>, number: u32) -> io::Result<Write> {
    let user = number % USERS;
    let body = tests::text_message(&chat_id(user), "客服A", "内容A");
    let topics = vec![Topic::Chat(user)];
    writer.write(topics, paths::RECEIVE, CUSTOMER_SERVICE_TOKEN, &body, RECEIVED).await
}

impl Writer {
    async fn write(
        &self,
        topics: Vec<Topic>,
        path: &str,
        token: &str,
        body: &Value,
        success: &str,
    ) -> io::Result<Write> {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header(AUTHORIZATION, format!("Bearer {token}")).body(body.to_string());
        let began = Instant::now();
        let response = request.send().await.map_err(io::Error::other)?;
        let answer = response.text().await.map_err(io::Error::other)?;
        let answered = Instant::now();
        if answer == success {
            Ok(Write { topics, began, answered })
        } else {
            Err(io::Error::other(format!("{path}: {answer}")))
        }
    }
}
