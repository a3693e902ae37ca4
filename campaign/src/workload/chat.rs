//! A chat, as its clients know it: the agent, the user, the robot, and the window that shows it.

use std::{collections::BTreeSet, sync::Mutex};

use serde_json::{Value, json};

use super::writes::{State, Writes};
use crate::{
    client::{Client, Kind},
    findings::Findings,
    lock::lock,
};

/// The most messages of a poll.
const POLL_LIMIT: &str = "100";

/// One message in this many is sent without a `msgId`, and is not repeated.
const ONE_WITHOUT_ID_IN: u32 = 8;

pub(crate) struct Chat {
    pub(crate) id: String,
    agent: Mutex<Writes>,
    robot: Mutex<Writes>,
    /// The user waits for each answer before the next message.
    user: tokio::sync::Mutex<UserSide>,
    window: tokio::sync::Mutex<Window>,
}

#[derive(Debug, Default)]
struct UserSide {
    /// The messages that were accepted, numbered from 1.
    accepted: u32,
    /// Whether the call of the message after these failed: it is stored, or not.
    has_failed: bool,
}

/// A chat window, which polls.
#[derive(Debug, Default)]
pub(crate) struct Window {
    after: String,
    agents_messages: BTreeSet<u32>,
    /// The number of the last message of the user.
    last_of_user: u32,
}

/// The writes of a chat that were accepted.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Accepted {
    pub(crate) of_agents_with_id: usize,
    pub(crate) of_agents_without_id: usize,
    /// Messages without an id whose call failed: they are stored, or not.
    pub(crate) unsure: usize,
    pub(crate) of_users: usize,
    pub(crate) turns: usize,
}

fn has_id(number: u32) -> bool {
    !number.is_multiple_of(ONE_WITHOUT_ID_IN)
}

impl Chat {
    pub(crate) fn new(id: String) -> Self {
        let (agent, robot) = (Mutex::default(), Mutex::default());
        Self { id, agent, robot, user: tokio::sync::Mutex::default(), window: tokio::sync::Mutex::default() }
    }

    /// The agent sends a message.
    pub(crate) async fn receive(&self, client: &Client, new_percent: u8) {
        let number = lock(&self.agent).next(new_percent, has_id);
        // An empty parameter is an absent one.
        let id = if has_id(number) { format!("m-{number}") } else { String::new() };
        let content = format!("agent {number} 您好");
        let body = json!({
            "touser": self.id, "fromuser": "客服A", "msgtype": "text", "text": {"content": content}, "msgId": id,
        });
        let is_accepted = client.post(Kind::Receive, body).await.is_some();
        let mut agent = lock(&self.agent);
        if is_accepted {
            agent.accept(number);
        } else if has_id(number) {
            agent.fail(number);
        }
    }

    /// The robot's turn.
    pub(crate) async fn turn(&self, client: &Client, new_percent: u8) {
        let number = lock(&self.robot).next(new_percent, |_| true);
        let question = format!("turn {number}");
        let body = json!({"openId": self.id, "question": question, "reply": "我是答案", "entryId": format!("t-{number}")});
        let is_accepted = client.post(Kind::Turn, body).await.is_some();
        let mut robot = lock(&self.robot);
        if is_accepted { robot.accept(number) } else { robot.fail(number) }
    }

    /// The user sends the next message, or repeats one. False if the user is waiting for an answer.
    pub(crate) async fn say(&self, client: &Client, findings: &Findings, new_percent: u8) -> bool {
        let Ok(mut user) = self.user.try_lock() else { return false };
        let is_new = user.has_failed || user.accepted == 0 || fastrand::u8(0..100) < new_percent;
        let number = if is_new { user.accepted + 1 } else { fastrand::u32(1..=user.accepted) };
        let body = json!({
            "chatId": self.id, "messageId": format!("u-{number}"), "msgtype": "text", "text": {"content": format!("user {number} 请问")},
        });
        if let Some(answer) = client.post(Kind::Say, body).await {
            let seq = answer.pointer("/data/seq").and_then(Value::as_u64);
            findings.check(seq == Some(number.into()), || {
                format!("{}: message {number} of the user has seq {seq:?}", self.id)
            });
            user.has_failed &= !is_new;
            user.accepted = user.accepted.max(number);
        } else {
            user.has_failed |= is_new;
        }
        true
    }

    /// The window polls. False if it is polling.
    pub(crate) async fn poll(&self, client: &Client, findings: &Findings) -> bool {
        let Ok(mut window) = self.window.try_lock() else { return false };
        window.poll(&self.id, client, findings).await;
        true
    }

    /// Reads a page of the chat log.
    pub(crate) async fn read_log(&self, client: &Client) {
        client.get(Kind::Chatlog, &[("openId", &self.id), ("limit", "20")]).await;
    }

    /// Repeats what failed; true if nothing is left.
    pub(crate) async fn complete(&self, client: &Client, findings: &Findings) -> bool {
        if lock(&self.agent).has_failed_ones() {
            self.receive(client, 0).await;
        }
        if lock(&self.robot).has_failed_ones() {
            self.turn(client, 0).await;
        }
        if self.user.lock().await.has_failed {
            self.say(client, findings, 0).await;
        }
        !self.user.lock().await.has_failed
            && !lock(&self.agent).has_failed_ones()
            && !lock(&self.robot).has_failed_ones()
    }

    /// Reads the rest by the window and everything by another one, and compares both and the chat log with the accepted writes.
    pub(crate) async fn check(&self, client: &Client, findings: &Findings) -> Accepted {
        let users = self.user.lock().await.accepted;
        let mut running = self.window.lock().await;
        let mut fresh = Window::default();
        for (name, window) in [("the running window", &mut *running), ("a new window", &mut fresh)] {
            // An answer may be short although there are more messages.
            let mut empty = 0;
            while empty < 3 {
                let Some(count) = window.poll(&self.id, client, findings).await else { break };
                empty = if count == 0 { empty + 1 } else { 0 };
            }
            self.compare(window, users, name, findings);
        }
        let turns = self.check_log(client, findings).await;
        let agent = lock(&self.agent);
        let accepted =
            |with_id| agent.numbers(State::Accepted).filter(|number| has_id(*number) == with_id).count();
        Accepted {
            of_agents_with_id: accepted(true),
            of_agents_without_id: accepted(false),
            unsure: agent.numbers(State::Sent).count(),
            of_users: users.try_into().unwrap_or_default(),
            turns,
        }
    }

    fn compare(&self, window: &Window, users: u32, name: &str, findings: &Findings) {
        let agent = lock(&self.agent);
        for number in agent.numbers(State::Accepted).filter(|number| !window.agents_messages.contains(number))
        {
            findings.add(format!("{}: message {number} of the agent is lost in {name}", self.id));
        }
        let last = window.last_of_user;
        findings.check(last == users, || {
            format!("{}: the user sent {users} messages, {name} has {last}", self.id)
        });
        if let Some(number) = window.agents_messages.iter().find(|number| **number >= agent.count()) {
            findings.add(format!("{}: nobody sent message {number} in {name}", self.id));
        }
    }

    /// Compares the whole chat log with the accepted turns, and returns their number.
    async fn check_log(&self, client: &Client, findings: &Findings) -> usize {
        let mut found = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let page = client.get(Kind::Chatlog, &[("openId", &self.id), ("cursor", &cursor)]).await;
            let Some(page) = page else { break };
            for entry in page.get("list").and_then(Value::as_array).into_iter().flatten() {
                let number = number_after(entry.get("Question"), "turn ");
                findings.check(number.is_some_and(|number| found.insert(number)), || {
                    format!("{}: turn {number:?} is in the log twice, or nobody recorded it", self.id)
                });
            }
            match page.get("cursor").and_then(Value::as_str) {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let accepted: BTreeSet<_> = lock(&self.robot).numbers(State::Accepted).collect();
        findings.check(found == accepted, || {
            format!("{}: {} turns are in the log, {} were accepted", self.id, found.len(), accepted.len())
        });
        accepted.len()
    }
}

impl Window {
    /// One poll. Returns the number of its messages, each of which must be new to the window and in the user's order.
    async fn poll(&mut self, chat: &str, client: &Client, findings: &Findings) -> Option<usize> {
        let parameters = [("chatId", chat), ("after", &self.after), ("limit", POLL_LIMIT)];
        let answer = client.get(Kind::Poll, &parameters).await?;
        let messages = answer.pointer("/data/messages").and_then(Value::as_array)?;
        for message in messages {
            let content = message.pointer("/text/content");
            if let Some(seq) = message.get("seq").and_then(Value::as_u64) {
                let expected = self.last_of_user + 1;
                let is_next = seq == u64::from(expected) && number_after(content, "user ") == Some(expected);
                findings.check(is_next, || format!("{chat}: seq {seq} instead of {expected}"));
                self.last_of_user = expected;
            } else {
                let number = number_after(content, "agent ");
                findings.check(number.is_some_and(|number| self.agents_messages.insert(number)), || {
                    format!("{chat}: message {number:?} of the agent is shown twice, or nobody sent it")
                });
            }
        }
        answer.pointer("/data/after").and_then(Value::as_str)?.clone_into(&mut self.after);
        Some(messages.len())
    }
}

/// The number behind `prefix` in a text.
pub(crate) fn number_after(text: Option<&Value>, prefix: &str) -> Option<u32> {
    let rest = text?.as_str()?.strip_prefix(prefix)?;
    rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}
