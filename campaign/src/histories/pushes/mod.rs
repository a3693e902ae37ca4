//! Applications of the push product, and the platform that shows their messages to users.

mod rules;
mod status_rules;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use fastrand::Rng;
use serde_json::{Value, json};
use tests::paths;

pub(super) use self::rules::check;
use super::{
    call::Call,
    rule::Subject,
    time::{MINUTE, Millis},
    world::{PLATFORM_TOKEN, World},
};

/// The applications of the push product.
pub(super) const APPS: usize = 2;
/// The users whose inboxes are read.
pub(super) const READERS: usize = 30;
/// Each sixth user acknowledges nothing, so that messages expire.
const FORGETFUL: usize = 6;
/// All users.
const USERS: usize = 100;
/// Contents of one message id.
const VARIANTS: u8 = 3;

#[must_use]
pub(super) fn app_id(app: usize) -> String {
    format!("push-{app}")
}

pub(super) fn token(app: usize) -> String {
    format!("cn-push-{app}")
}

pub(super) fn user_id(user: usize) -> String {
    // Ids of partners: with the separators of keys, Chinese and emoji.
    match user % 4 {
        0 => format!("6557192726348{user:06}"),
        1 => format!("用户#{user}"),
        2 => format!("a%23/{user}"),
        _ => format!("😀 {user}"),
    }
}

fn message_id(id: u64) -> String {
    if id.is_multiple_of(3) { format!("M#{id}") } else { format!("m-{id}") }
}

fn content(app: usize, id: u64, variant: u8) -> String {
    format!("内容 {app}/{id}/{variant} 😀 <b>x</b>")
}

/// An operation of a client.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Push {
        app: usize,
        id: u64,
        variant: u8,
        users: Vec<usize>,
        hours: u64,
    },
    Recall {
        app: usize,
        id: u64,
    },
    /// Lists all pending messages.
    Inbox {
        user: usize,
    },
    Login {
        user: usize,
        number: u64,
    },
    /// Acknowledges messages that the user was shown, and perhaps one of another user.
    Ack {
        user: usize,
        pick: u64,
        is_read: bool,
        adds_foreign: bool,
    },
    Status {
        app: usize,
        id: u64,
    },
}

impl Op {
    pub(super) fn draw(rng: &mut Rng, now: Millis, number: u64) -> Self {
        let app = rng.usize(..APPS);
        let user = rng.usize(..READERS);
        // Twelve ids are in use at a time. Older ones come back.
        let newest = (now / (20 * MINUTE)) * 6 + 12;
        let id = if rng.u8(..10) == 0 { rng.u64(..newest) } else { rng.u64(newest - 12..newest) };
        match rng.u8(..46) {
            0..14 => {
                let variant = if rng.u8(..8) == 0 { rng.u8(1..VARIANTS) } else { 0 };
                let count = match rng.u8(..100) {
                    0 => USERS,
                    1..3 => READERS,
                    3..20 => rng.usize(4..12),
                    _ => rng.usize(1..4),
                };
                let mut users: Vec<_> = (0..if count == USERS { USERS } else { READERS }).collect();
                rng.shuffle(&mut users);
                users.truncate(count);
                let hours = *rng.choice(&[1, 1, 1, 1, 1, 1, 1, 2, 3, 168]).unwrap_or(&1);
                Self::Push { app, id, variant, users, hours }
            }
            14..16 => Self::Recall { app, id },
            16..26 => Self::Inbox { user },
            26..29 => Self::Login { user, number },
            29..41 if user.is_multiple_of(FORGETFUL) => Self::Inbox { user },
            29..41 => {
                Self::Ack { user, pick: rng.u64(..), is_read: rng.bool(), adds_foreign: rng.u8(..8) == 0 }
            }
            _ => Self::Status { app, id },
        }
    }

    pub(super) fn concerns(&self, subject: &Subject) -> bool {
        // A push signals to its users.
        if let (Subject::Sockets { user }, Self::Push { users, .. }) = (subject, self) {
            return users.contains(user);
        }
        let Subject::Message { app, id } = subject else { return false };
        match self {
            Self::Push { app: a, id: i, .. }
            | Self::Recall { app: a, id: i }
            | Self::Status { app: a, id: i } => a == app && i == id,
            Self::Inbox { .. } | Self::Login { .. } | Self::Ack { .. } => true,
        }
    }
}

/// A content under a message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pushed {
    app: usize,
    id: u64,
    variant: u8,
}

struct Push {
    call: Call,
    of: Pushed,
    users: BTreeSet<usize>,
    hours: u64,
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, of, users, hours } = self;
        write!(
            f,
            "push {call:?} of {}/{}/{} for {hours} h to {} users",
            of.app,
            of.id,
            of.variant,
            users.len()
        )
    }
}

#[derive(Debug)]
struct Recall {
    call: Call,
    app: usize,
    id: u64,
}

/// An acknowledgement of one content.
#[derive(Debug)]
struct Ack {
    call: Call,
    user: usize,
    of: Pushed,
    is_read: bool,
}

/// Messages that a user was shown in one reading of the inbox.
#[derive(Debug)]
struct Shown {
    user: usize,
    begun: Millis,
    ended: Millis,
    messages: Vec<Pushed>,
    /// Whether the reading came to the end of the inbox and met no fault.
    is_whole: bool,
}

/// A complete status.
#[derive(Debug)]
struct Status {
    app: usize,
    id: u64,
    begun: Millis,
    ended: Millis,
    users: Vec<(usize, String)>,
}

/// All that happened.
#[derive(Debug, Default)]
pub(super) struct Pushes(RefCell<History>);

#[derive(Debug, Default)]
struct History {
    pushes: Vec<Push>,
    recalls: Vec<Recall>,
    acks: Vec<Ack>,
    shown: Vec<Shown>,
    statuses: Vec<Status>,
    /// The acknowledgement ids that each user was shown, oldest first.
    ack_ids: BTreeMap<usize, Vec<(String, Pushed)>>,
    /// Answers that break a rule by themselves.
    wrong: Vec<(Millis, Subject, String)>,
}

impl Pushes {
    pub(super) async fn run(&self, world: &World, op: &Op) {
        match op {
            Op::Push { app, id, variant, users, hours } => {
                let names: Vec<_> = users.iter().map(|user| user_id(*user)).collect();
                let body = json!({
                    "userIds": names.join(","), "content": content(*app, *id, *variant),
                    "messageId": message_id(*id), "expireTime": hours,
                });
                let call = world.post(&token(*app), paths::PUSH, &body).await;
                let of = Pushed { app: *app, id: *id, variant: *variant };
                let push = Push { call, of, users: users.iter().copied().collect(), hours: *hours };
                self.0.borrow_mut().pushes.push(push);
            }
            Op::Recall { app, id } => {
                let call =
                    world.post(&token(*app), paths::RECALL, &json!({"messageId": message_id(*id)})).await;
                self.0.borrow_mut().recalls.push(Recall { call, app: *app, id: *id });
            }
            Op::Inbox { user } => self.read_inbox(world, *user).await,
            Op::Login { user, number } => self.log_in(world, *user, *number).await,
            Op::Ack { user, pick, is_read, adds_foreign } => {
                self.acknowledge(world, *user, *pick, *is_read, *adds_foreign).await;
            }
            Op::Status { app, id } => self.read_status(world, *app, *id).await,
        }
    }

    /// Reads everything once more, when nothing fails any more.
    pub(super) async fn read_all(&self, world: &World) {
        for user in 0..READERS {
            self.read_inbox(world, user).await;
        }
        let ids: BTreeSet<_> = self.0.borrow().pushes.iter().map(|push| (push.of.app, push.of.id)).collect();
        for (app, id) in ids {
            self.read_status(world, app, id).await;
        }
    }

    /// Lists an inbox page by page. A page that fails ends the reading.
    async fn read_inbox(&self, world: &World, user: usize) {
        let (begun, faults) = (world.time.now(), world.store.faults());
        let (mut messages, mut cursor) = (Vec::new(), String::new());
        let comes_to_end = loop {
            let query = [("userId", user_id(user)), ("cursor", cursor.clone())];
            let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
            let call = world.get(PLATFORM_TOKEN, paths::PENDING, &query).await;
            let Some(body) = call.body() else {
                self.refuse_none(&call, Subject::World);
                break false;
            };
            messages.extend(self.show(user, &body["data"], call.ended));
            match body["data"]["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break true,
            }
        };
        let is_whole = comes_to_end && world.store.faults() == faults;
        let shown = Shown { user, begun, ended: world.time.now(), messages, is_whole };
        self.0.borrow_mut().shown.push(shown);
    }

    async fn log_in(&self, world: &World, user: usize, number: u64) {
        let body = json!({
            "userId": user_id(user), "clientId": format!("client of {user}"), "hostIp": format!("h-{number}"), "userAgent": "x",
        });
        let call = world.post(PLATFORM_TOKEN, paths::LOGIN, &body).await;
        self.refuse_none(&call, Subject::World);
        let Some(body) = call.body() else { return };
        let messages = self.show(user, &body["data"], call.ended);
        let shown = Shown { user, begun: call.begun, ended: call.ended, messages, is_whole: false };
        self.0.borrow_mut().shown.push(shown);
    }

    /// Reads a page, and notes its acknowledgement ids.
    fn show(&self, user: usize, data: &Value, at: Millis) -> Vec<Pushed> {
        let mut history = self.0.borrow_mut();
        let mut messages = Vec::new();
        for message in data["messages"].as_array().into_iter().flatten() {
            let text = |name: &str| message[name].as_str().unwrap_or_default();
            let Some(of) = read_content(text("content"))
                .filter(|of| text("appId") == app_id(of.app) && text("messageId") == message_id(of.id))
            else {
                history.wrong.push((at, Subject::World, format!("a message that nobody pushed: {message}")));
                continue;
            };
            history.ack_ids.entry(user).or_default().push((text("ackId").to_owned(), of));
            messages.push(of);
        }
        messages
    }

    async fn acknowledge(&self, world: &World, user: usize, pick: u64, is_read: bool, adds_foreign: bool) {
        let (mine, foreign) = {
            let history = self.0.borrow();
            let Some(all) = history.ack_ids.get(&user) else { return };
            let mut rng = Rng::with_seed(pick);
            // Mostly those of the last readings, sometimes any.
            let from = if rng.u8(..5) == 0 { 0 } else { all.len().saturating_sub(60) };
            let mut mine: Vec<_> =
                (0..rng.usize(1..=6)).map(|_| all[rng.usize(from..all.len())].clone()).collect();
            mine.sort();
            mine.dedup();
            let others = history.ack_ids.iter().find(|(other, _)| **other != user);
            (mine, others.and_then(|(_, ids)| ids.last().cloned()).filter(|_| adds_foreign))
        };
        let foreign = foreign.map(|(id, _)| id).filter(|id| mine.iter().all(|(own, _)| own != id));
        let ids: Vec<_> = mine.iter().map(|(id, _)| id).chain(&foreign).collect();
        let state = if is_read { "read" } else { "delivered" };
        let body = json!({"userId": user_id(user), "ackIds": ids, "state": state});
        let call = world.post(PLATFORM_TOKEN, paths::ACK, &body).await;
        self.refuse_none(&call, Subject::World);
        let mut history = self.0.borrow_mut();
        let expected = json!({"acknowledged": mine.len(), "invalid": foreign.iter().collect::<Vec<_>>()});
        if let Some(body) = call.body().filter(|body| body["data"] != expected) {
            let wrong = format!("an acknowledgement of {} and {foreign:?} is answered {body}", mine.len());
            history.wrong.push((call.ended, Subject::World, wrong));
        }
        history.acks.extend(mine.into_iter().map(|(_, of)| Ack { call: call.clone(), user, of, is_read }));
    }

    async fn read_status(&self, world: &World, app: usize, id: u64) {
        let (begun, mut users, mut cursor) = (world.time.now(), Vec::new(), String::new());
        loop {
            let query = [("messageId", message_id(id)), ("cursor", cursor.clone())];
            let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
            let call = world.get(&token(app), paths::STATUS, &query).await;
            let Some(body) = call.body() else {
                return self.refuse_none(&call, Subject::Message { app, id });
            };
            for user in body["data"]["users"].as_array().into_iter().flatten() {
                let (name, state) = (user["userId"].as_str(), user["state"].as_str().unwrap_or_default());
                let number = (0..USERS).find(|number| Some(user_id(*number).as_str()) == name);
                let Some(number) = number else {
                    let wrong = (call.ended, Subject::Message { app, id }, format!("a status of {user}"));
                    self.0.borrow_mut().wrong.push(wrong);
                    continue;
                };
                users.push((number, state.to_owned()));
            }
            match body["data"]["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let status = Status { app, id, begun, ended: world.time.now(), users };
        self.0.borrow_mut().statuses.push(status);
    }

    /// Notes a refusal of a call that nothing can refuse.
    fn refuse_none(&self, call: &Call, subject: Subject) {
        if let Some(message) = call.refusal() {
            self.0.borrow_mut().wrong.push((call.ended, subject, format!("refused: {message}")));
        }
    }
}

/// The message whose content this is.
fn read_content(text: &str) -> Option<Pushed> {
    let numbers = text.strip_prefix("内容 ")?.strip_suffix(" 😀 <b>x</b>")?;
    let mut numbers = numbers.split('/');
    let app = numbers.next()?.parse().ok()?;
    let id = numbers.next()?.parse().ok()?;
    let variant = numbers.next()?.parse().ok()?;
    numbers.next().is_none().then_some(Pushed { app, id, variant })
}
