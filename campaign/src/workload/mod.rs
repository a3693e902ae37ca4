//! A mixed load of all endpoints, whose clients know the outcome that each call must have.

mod chat;
mod feed;
mod push;
mod tokens;
mod writes;

use std::{io, time::Duration};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    client::{Client, Kind},
    findings::Findings,
    tables::Expected,
};
use chat::{Accepted, Chat};
use feed::FeedReader;
use push::{Inboxes, Pushed};
use tokens::Tokens;

const CHATS: usize = 200;
const USERS: usize = 200;

/// The share of each call among about 1,000, in [`Mix::Balanced`] and in [`Mix::MostlyReads`]. A call for which there is nothing to do
/// reads a user's details instead.
const WEIGHTS: [(Kind, [usize; 2]); 15] = [
    (Kind::Receive, [190, 190]),
    (Kind::Poll, [250, 250]),
    (Kind::Say, [40, 40]),
    (Kind::Sync, [20, 20]),
    (Kind::Turn, [60, 60]),
    (Kind::Chatlog, [40, 60]),
    (Kind::UserInfo, [100, 160]),
    (Kind::Push, [70, 8]),
    (Kind::Recall, [7, 1]),
    (Kind::Status, [40, 60]),
    (Kind::Login, [30, 6]),
    (Kind::Pending, [60, 120]),
    (Kind::Acknowledge, [80, 12]),
    (Kind::IssueToken, [13, 13]),
    (Kind::Ticket, [10, 10]),
];

/// The most rounds of repeats of what failed. A load repeats a failed call before it makes a new one, so few are left.
const ROUNDS: usize = 1_000;

/// Readers look back this long for late writes; everything that was written before is final.
const LATE_WRITES: Duration = Duration::from_secs(16);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    Balanced,
    /// Few calls that write the same items again.
    MostlyReads,
}

/// The calls of a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) mix: Mix,
    /// The percentage of writes that are new. The others repeat an earlier one, which must store nothing.
    pub(crate) new_percent: u8,
}

pub(crate) struct Workload {
    pub(crate) client: Client,
    findings: Findings,
    chats: Vec<Chat>,
    inboxes: Inboxes,
    feed: Mutex<FeedReader>,
    tokens: Mutex<Tokens>,
    /// Each kind as often as it weighs.
    kinds: Vec<Kind>,
    new_percent: u8,
}

impl Workload {
    /// Clients of the APIs at the base URL `url`, after the first login of each user.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub(crate) async fn start(url: &str, shape: Shape, findings: &Findings) -> io::Result<Self> {
        let weighed = WEIGHTS.iter().flat_map(|(kind, [balanced, mostly_reads])| {
            let weight = if shape.mix == Mix::Balanced { balanced } else { mostly_reads };
            vec![*kind; *weight]
        });
        let workload = Self {
            client: Client::new(url, findings.clone())?,
            findings: findings.clone(),
            chats: (0..CHATS).map(|number| Chat::new(format!("chat-{number}"))).collect(),
            inboxes: Inboxes::new(USERS),
            feed: Mutex::default(),
            tokens: Mutex::default(),
            kinds: weighed.collect(),
            new_percent: shape.new_percent,
        };
        for user in &workload.inboxes.users {
            workload.inboxes.log_in(user, &workload.client, findings).await;
        }
        Ok(workload)
    }

    /// One call of a random kind.
    pub(crate) async fn call(&self) {
        let (client, findings, new_percent) = (&self.client, &self.findings, self.new_percent);
        let (chat, user) = (fastrand::choice(&self.chats), fastrand::choice(&self.inboxes.users));
        let (Some(chat), Some(user), Some(kind)) = (chat, user, fastrand::choice(&self.kinds)) else {
            return;
        };
        let is_done = match kind {
            Kind::Receive => {
                chat.receive(client, new_percent).await;
                true
            }
            Kind::Turn => {
                chat.turn(client, new_percent).await;
                true
            }
            Kind::Chatlog => {
                chat.read_log(client).await;
                true
            }
            Kind::Poll => chat.poll(client, findings).await,
            Kind::Say => chat.say(client, findings, new_percent).await,
            Kind::Sync => match self.feed.try_lock() {
                Ok(mut feed) => {
                    feed.read(client, findings).await;
                    true
                }
                Err(_) => false,
            },
            Kind::Push => {
                self.inboxes.push(client, new_percent).await;
                true
            }
            Kind::Recall => self.inboxes.recall(client).await,
            Kind::Status => self.inboxes.read_status(client, findings).await,
            Kind::Login => self.inboxes.log_in(user, client, findings).await,
            Kind::Pending => self.inboxes.read_pending(user, client, findings).await,
            Kind::Acknowledge => self.inboxes.acknowledge(user, client, findings).await,
            Kind::Ticket => {
                self.take_ticket(&user.id, &chat.id).await;
                true
            }
            Kind::IssueToken | Kind::Introspect | Kind::RevokeToken => match self.tokens.try_lock() {
                Ok(mut tokens) => {
                    tokens.call(client, findings).await;
                    true
                }
                Err(_) => false,
            },
            Kind::UserInfo => false,
        };
        if !is_done {
            client.get(Kind::UserInfo, &[("clientId", &user.client_id)]).await;
        }
    }

    /// Takes a ticket for the socket API, which nobody uses.
    async fn take_ticket(&self, user: &str, chat: &str) {
        let body = json!({"userId": user, "chats": [{"chatId": chat}]});
        let answer = self.client.post(Kind::Ticket, body).await;
        let is_ticket =
            |answer: &Value| answer["data"]["ticket"].as_str().is_some_and(|text| text.len() == 64);
        self.findings
            .check(answer.as_ref().is_none_or(is_ticket), || format!("{user}: an answer has no ticket"));
    }

    /// Repeats the calls that failed; true if nothing is left.
    async fn complete(&self) -> bool {
        let (client, findings) = (&self.client, &self.findings);
        for _ in 0..ROUNDS {
            let mut is_complete = self.inboxes.complete(client, findings).await;
            for chat in &self.chats {
                is_complete &= chat.complete(client, findings).await;
            }
            if is_complete {
                return true;
            }
        }
        false
    }

    /// Repeats the calls that failed, and compares all that the APIs return with the accepted calls. Returns the items that the
    /// tables must have. The load must have ended.
    pub(crate) async fn settle(&self) -> Expected {
        let (client, findings) = (&self.client, &self.findings);
        let is_complete = self.complete().await;
        findings.check(is_complete, || "calls that failed still fail after the load".to_owned());
        tokio::time::sleep(LATE_WRITES).await;
        let mut feed = self.feed.lock().await;
        let mut empty = 0;
        while empty < 3 {
            let Some(count) = feed.read(client, findings).await else { break };
            empty = if count == 0 { empty + 1 } else { 0 };
        }
        let mut chats = Vec::new();
        for chat in &self.chats {
            let accepted = chat.check(client, findings).await;
            let last = feed.last(&chat.id);
            findings.check(usize::try_from(last).ok() == Some(accepted.of_users), || {
                format!("{}: the user sent {} messages, the feed has {last}", chat.id, accepted.of_users)
            });
            chats.push(accepted);
        }
        let pushed = self.inboxes.check(client, findings).await;
        expected(&chats, &pushed)
    }
}

/// The items of the table `Chat` after these writes. The demo data has two turns and a user.
fn expected(chats: &[Accepted], pushed: &Pushed) -> Expected {
    let sum = |count: fn(&Accepted) -> usize| chats.iter().map(count).sum::<usize>();
    let (with_id, without_id) = (sum(|chat| chat.of_agents_with_id), sum(|chat| chat.of_agents_without_id));
    let (of_users, unsure, turns) =
        (sum(|chat| chat.of_users), sum(|chat| chat.unsure), sum(|chat| chat.turns));
    let speaking = chats.iter().filter(|chat| chat.of_users > 0).count();
    let messages = with_id + without_id + of_users;
    let deliveries = pushed.pending..=pushed.pending + pushed.recalled + pushed.acknowledged;
    let exactly = |count: usize| count..=count;
    Expected::from([
        ("CHAT MSG", messages..=messages + unsure),
        ("CHAT ID", exactly(with_id + of_users)),
        ("CHAT SEQ", exactly(speaking)),
        ("FEED MSG", exactly(of_users)),
        ("LOG", exactly(turns + 2)),
        ("ENTRY ID", exactly(turns)),
        ("USER INFO", exactly(USERS + 1)),
        ("PUSH CONTENT", exactly(pushed.pushes)),
        ("PUSH TO", exactly(pushed.pushes)),
        ("PUSH RECALLED", exactly(pushed.recalls)),
        // A repeat may write the delivery of an acknowledged message again; no inbox shows it.
        ("INBOX W", deliveries),
        ("INBOX A", exactly(pushed.acknowledged)),
    ])
}
