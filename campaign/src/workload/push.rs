//! The pushes of a partner, and the inboxes of the users who get them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Mutex,
};

use serde_json::{Value, json};

use super::{
    chat::number_after,
    writes::{State, Writes},
};
use crate::{
    client::{Client, Kind},
    findings::Findings,
    lock::lock,
};

/// One push in this many is recalled.
const ONE_RECALLED_IN: u32 = 10;

/// The most `ackId`s of a call: the messages of a page.
const ACKNOWLEDGED_AT_ONCE: usize = 20;

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

pub(crate) struct Inboxes {
    pub(crate) users: Vec<User>,
    pushes: Mutex<Pushes>,
}

#[derive(Debug, Default)]
struct Pushes {
    writes: Writes,
    to_recall: VecDeque<u32>,
    /// By number: whether the recall was accepted. It may have had its effect before.
    recalls: BTreeMap<u32, bool>,
}

pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) client_id: String,
    /// A user has one front end, which shows and acknowledges messages.
    front_end: tokio::sync::Mutex<FrontEnd>,
    inbox: Mutex<Inbox>,
}

#[derive(Debug, Default)]
struct FrontEnd {
    /// The `ackId`s of messages that were shown, by the number of the push.
    to_acknowledge: BTreeMap<u32, String>,
}

/// The pushes to a user, by number.
#[derive(Debug, Default)]
struct Inbox {
    /// Not acknowledged.
    open: BTreeMap<u32, Open>,
    acknowledged: BTreeSet<u32>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Open {
    is_accepted: bool,
    /// Whether a call acknowledged it and got no success: it may be shown, or not.
    may_be_acknowledged: bool,
}

/// The pushes that were accepted, and what became of them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Pushed {
    pub(crate) pushes: usize,
    pub(crate) recalls: usize,
    /// Deliveries that users have to see.
    pub(crate) pending: usize,
    /// Deliveries that were recalled before the user acknowledged them.
    pub(crate) recalled: usize,
    pub(crate) acknowledged: usize,
}

fn is_recalled_later(push: u32) -> bool {
    push % ONE_RECALLED_IN == 3
}

fn message_id(push: u32) -> String {
    format!("push-{push}")
}

impl Inboxes {
    pub(crate) fn new(users: usize) -> Self {
        let user = |number| User {
            id: format!("user-{number}"),
            client_id: format!("client-{number}"),
            front_end: tokio::sync::Mutex::default(),
            inbox: Mutex::default(),
        };
        Self { users: (0..users).map(user).collect(), pushes: Mutex::default() }
    }

    /// The one to three users of a push.
    fn users_of(&self, push: u32) -> impl Iterator<Item = &User> {
        let first = usize::try_from(push).unwrap_or_default() * 7;
        let count = 1 + usize::try_from(push % 3).unwrap_or_default();
        (0..count).filter_map(move |step| self.users.get((first + step * 31) % self.users.len().max(1)))
    }

    /// Pushes a message.
    pub(crate) async fn push(&self, client: &Client, new_percent: u8) {
        let number = lock(&self.pushes).writes.next(new_percent, |number| !is_recalled_later(number));
        for user in self.users_of(number) {
            let mut inbox = lock(&user.inbox);
            if !inbox.acknowledged.contains(&number) {
                inbox.open.entry(number).or_default();
            }
        }
        let users: Vec<_> = self.users_of(number).map(|user| user.id.as_str()).collect();
        let content = format!(
            "push {number}<p>您好，<b>您有一条新消息</b> <a href=\"https://example.com/{number}\">查看</a></p>"
        );
        let body = json!({
            "userIds": users.join(","), "content": content, "messageId": message_id(number), "expireTime": 24,
        });
        let is_accepted = client.post(Kind::Push, body).await.is_some();
        if is_accepted {
            for user in self.users_of(number) {
                if let Some(open) = lock(&user.inbox).open.get_mut(&number) {
                    open.is_accepted = true;
                }
            }
        }
        let mut pushes = lock(&self.pushes);
        if !is_accepted {
            pushes.writes.fail(number);
            return;
        }
        if is_recalled_later(number) && pushes.writes.state(number) == Some(State::Sent) {
            pushes.to_recall.push_back(number);
        }
        pushes.writes.accept(number);
    }

    /// Recalls a message. False if there is none to recall.
    pub(crate) async fn recall(&self, client: &Client) -> bool {
        let number = {
            let mut pushes = lock(&self.pushes);
            let Some(number) = pushes.to_recall.pop_front() else { return false };
            pushes.recalls.insert(number, false);
            number
        };
        let is_accepted = client.post(Kind::Recall, json!({"messageId": message_id(number)})).await.is_some();
        let mut pushes = lock(&self.pushes);
        if is_accepted {
            pushes.recalls.insert(number, true);
        } else {
            pushes.to_recall.push_front(number);
        }
        true
    }

    /// Reads the status of a recent push, and compares it with what its users did. False if none was accepted.
    pub(crate) async fn read_status(&self, client: &Client, findings: &Findings) -> bool {
        let number = {
            let pushes = lock(&self.pushes);
            let number = pushes.writes.count().saturating_sub(fastrand::u32(1..=100));
            if pushes.writes.state(number) != Some(State::Accepted) {
                return false;
            }
            number
        };
        self.check_status(number, client, findings).await;
        true
    }

    async fn check_status(&self, number: u32, client: &Client, findings: &Findings) {
        let acknowledged = |user: &User| lock(&user.inbox).acknowledged.contains(&number);
        let before: Vec<_> = self.users_of(number).map(acknowledged).collect();
        let Some(answer) = client.get(Kind::Status, &[("messageId", &message_id(number))]).await else {
            return;
        };
        let users =
            answer.pointer("/data/users").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        findings.check(users.len() == before.len(), || {
            format!("push {number} has {} users, its status {}", before.len(), users.len())
        });
        for (user, was_acknowledged) in self.users_of(number).zip(before) {
            let of_user = users.iter().find(|found| found.get("userId").is_some_and(|id| *id == user.id));
            let state =
                of_user.and_then(|found| found.get("state")).and_then(Value::as_str).unwrap_or("absent");
            let open = lock(&user.inbox).open.get(&number).copied();
            let may_be_acknowledged = open.is_none_or(|open| open.may_be_acknowledged);
            let may_be_recalled = lock(&self.pushes).recalls.contains_key(&number);
            let is_true = match state {
                "pending" => !was_acknowledged,
                "delivered" | "read" => may_be_acknowledged,
                "recalled" => !was_acknowledged && may_be_recalled,
                _ => false,
            };
            findings.check(is_true, || format!("the status of push {number} for {} is {state}", user.id));
        }
    }

    /// Logs a user in, which shows the first page of the inbox. False if the front end is busy.
    pub(crate) async fn log_in(&self, user: &User, client: &Client, findings: &Findings) -> bool {
        let Ok(mut front_end) = user.front_end.try_lock() else { return false };
        let body = json!({
            "userId": user.id, "clientId": user.client_id, "hostIp": "10.1.123.6", "userAgent": BROWSER,
        });
        let due = user.due();
        if let Some(answer) = client.post(Kind::Login, body).await {
            self.show(user, &mut front_end, &due, &answer, findings);
        }
        true
    }

    /// Reads the first page of an inbox. False if the front end is busy.
    pub(crate) async fn read_pending(&self, user: &User, client: &Client, findings: &Findings) -> bool {
        let Ok(mut front_end) = user.front_end.try_lock() else { return false };
        let due = user.due();
        if let Some(answer) = client.get(Kind::Pending, &[("userId", &user.id)]).await {
            self.show(user, &mut front_end, &due, &answer, findings);
        }
        true
    }

    /// Acknowledges the messages that were shown. False if there are none, or the front end is busy.
    pub(crate) async fn acknowledge(&self, user: &User, client: &Client, findings: &Findings) -> bool {
        let Ok(mut front_end) = user.front_end.try_lock() else { return false };
        self.acknowledge_at(&mut front_end, user, client, findings).await
    }

    async fn acknowledge_at(
        &self,
        front_end: &mut FrontEnd,
        user: &User,
        client: &Client,
        findings: &Findings,
    ) -> bool {
        let shown: Vec<_> = front_end.to_acknowledge.iter().take(ACKNOWLEDGED_AT_ONCE).collect();
        if shown.is_empty() {
            return false;
        }
        let numbers: Vec<_> = shown.iter().map(|(number, _)| **number).collect();
        let ids: Vec<_> = shown.iter().map(|(_, id)| id.as_str()).collect();
        for number in &numbers {
            lock(&user.inbox).open.entry(*number).or_default().may_be_acknowledged = true;
        }
        let state = if fastrand::bool() { "delivered" } else { "read" };
        let body = json!({"userId": user.id, "ackIds": ids, "state": state});
        if let Some(answer) = client.post(Kind::Acknowledge, body).await {
            let count = answer.pointer("/data/acknowledged").and_then(Value::as_u64);
            findings.check(count == u64::try_from(ids.len()).ok(), || {
                format!("{}: {count:?} of {} messages are acknowledged", user.id, ids.len())
            });
            for number in numbers {
                front_end.to_acknowledge.remove(&number);
                let mut inbox = lock(&user.inbox);
                inbox.open.remove(&number);
                inbox.acknowledged.insert(number);
            }
        }
        true
    }

    /// Checks a page of an inbox, the first one, which was asked for when the messages `due` were due.
    fn show(
        &self,
        user: &User,
        front_end: &mut FrontEnd,
        due: &BTreeSet<u32>,
        answer: &Value,
        findings: &Findings,
    ) {
        let messages = answer.pointer("/data/messages").and_then(Value::as_array);
        let mut shown = BTreeSet::new();
        for message in messages.into_iter().flatten() {
            let Some(number) = number_after(message.get("content"), "push ") else {
                findings.add(format!("{}: {message} was not pushed", user.id));
                continue;
            };
            let inbox = lock(&user.inbox);
            let is_right = shown.insert(number) && inbox.open.contains_key(&number);
            findings.check(is_right, || {
                let was = if inbox.acknowledged.contains(&number) {
                    "acknowledged before"
                } else {
                    "not pushed to the user"
                };
                format!("{}: push {number} is shown twice, or was {was}", user.id)
            });
            let id = message.get("ackId").and_then(Value::as_str).unwrap_or_default();
            front_end.to_acknowledge.insert(number, id.to_owned());
        }
        let is_whole = answer.pointer("/data/cursor").is_none();
        let recalls = lock(&self.pushes).recalls.clone();
        for number in due.difference(&shown).filter(|number| is_whole && !recalls.contains_key(number)) {
            findings.add(format!("{}: push {number} is not shown", user.id));
        }
    }

    /// Repeats what failed; true if nothing is left.
    pub(crate) async fn complete(&self, client: &Client, findings: &Findings) -> bool {
        if lock(&self.pushes).writes.has_failed_ones() {
            self.push(client, 0).await;
        }
        self.recall(client).await;
        for user in &self.users {
            let is_unsure = lock(&user.inbox).open.values().any(|open| open.may_be_acknowledged);
            if is_unsure {
                self.acknowledge(user, client, findings).await;
            }
        }
        let are_users_done = self
            .users
            .iter()
            .all(|user| !lock(&user.inbox).open.values().any(|open| open.may_be_acknowledged));
        let pushes = lock(&self.pushes);
        are_users_done && !pushes.writes.has_failed_ones() && pushes.to_recall.is_empty()
    }

    /// Reads every inbox to its end, and the status of the last pushes.
    pub(crate) async fn check(&self, client: &Client, findings: &Findings) -> Pushed {
        let (recalls, count) = {
            let pushes = lock(&self.pushes);
            (pushes.recalls.clone(), pushes.writes.count())
        };
        let mut pushed = Pushed {
            pushes: lock(&self.pushes).writes.numbers(State::Accepted).count(),
            recalls: recalls.len(),
            ..Pushed::default()
        };
        for user in &self.users {
            let mut due = user.due();
            let open = due.len();
            due.retain(|number| !recalls.contains_key(number));
            pushed.pending += due.len();
            pushed.recalled += open - due.len();
            pushed.acknowledged += lock(&user.inbox).acknowledged.len();
            let found = inbox_of(user, client, findings).await;
            findings.check(found == due, || {
                let lost: Vec<_> = due.difference(&found).collect();
                let wrong: Vec<_> = found.difference(&due).collect();
                format!("{}: the pushes {lost:?} are not shown, the pushes {wrong:?} are", user.id)
            });
        }
        for number in count.saturating_sub(300)..count {
            self.check_status(number, client, findings).await;
        }
        pushed
    }
}

impl User {
    /// The messages that a user has to see: accepted, and neither acknowledged nor recalled.
    fn due(&self) -> BTreeSet<u32> {
        let inbox = lock(&self.inbox);
        let due = inbox.open.iter().filter(|(_, open)| open.is_accepted && !open.may_be_acknowledged);
        due.map(|(number, _)| *number).collect()
    }
}

/// All pages of an inbox.
async fn inbox_of(user: &User, client: &Client, findings: &Findings) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let Some(page) = client.get(Kind::Pending, &[("userId", &user.id), ("cursor", &cursor)]).await else {
            return found;
        };
        for message in page.pointer("/data/messages").and_then(Value::as_array).into_iter().flatten() {
            let number = number_after(message.get("content"), "push ");
            findings.check(number.is_some_and(|number| found.insert(number)), || {
                format!("{}: push {number:?} is shown twice, or nobody pushed it", user.id)
            });
        }
        match page.pointer("/data/cursor").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut cursor),
            None => return found,
        }
    }
}
