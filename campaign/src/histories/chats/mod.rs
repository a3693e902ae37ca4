//! Chats between users and third-party systems: agents and users speak, windows poll, feeds are read and delivered.

mod feed_rules;
mod receiver;
mod rules;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use fastrand::Rng;
use serde_json::{Value, json};
use tests::paths;

pub(super) use self::receiver::Receiver;
use super::{
    call::Call,
    rule::{Broken, Subject},
    time::{MINUTE, Millis},
    world::{PLATFORM_TOKEN, World},
};

/// A third-party system: its application, and the sources that it may use.
pub(super) const SYSTEMS: [(&str, &[u32]); 3] =
    [("agents-1", &[1]), ("agents-2", &[2]), ("agents-12", &[1, 2])];

/// The persistent readers of a feed, by system and source.
const READERS: [(usize, u32); 4] = [(0, 1), (1, 2), (2, 1), (2, 2)];

/// The windows of a chat.
const WINDOWS: usize = 2;

/// Pages of one reading. A reader that falls behind goes on with its next reading.
const PAGES: usize = 12;

/// Pages of a reading by a new reader.
const REPLAYED_PAGES: usize = 2;

pub(super) fn token(system: usize) -> String {
    format!("cn-{}", SYSTEMS[system].0)
}

pub(super) fn chat_id(chat: u64) -> String {
    match chat % 3 {
        0 => format!("dc71a6ba#{chat}"),
        1 => format!("会话/{chat}"),
        _ => format!("chat-{chat}"),
    }
}

#[derive(Debug, Clone)]
pub(super) enum Op {
    /// An agent's text. With a message id a later call with the same id is a retry, or has other content.
    Receive {
        system: usize,
        source: u32,
        chat: u64,
        number: u64,
        message_id: Option<(u64, u8)>,
    },
    Begin {
        system: usize,
        source: u32,
        chat: u64,
        number: u64,
    },
    End {
        system: usize,
        source: u32,
        chat: u64,
        number: u64,
    },
    /// A user's text.
    Say {
        source: u32,
        chat: u64,
        message_id: u64,
        variant: u8,
    },
    Poll {
        source: u32,
        chat: u64,
        window: usize,
    },
    /// The newest messages.
    Glance {
        source: u32,
        chat: u64,
    },
    /// The next pages of a feed.
    Sync {
        reader: usize,
    },
    /// The first pages of a feed, by a new reader.
    Replay {
        reader: usize,
    },
}

impl Op {
    pub(super) fn draw(rng: &mut Rng, now: Millis, number: u64) -> Self {
        let system = rng.usize(..SYSTEMS.len());
        let own = SYSTEMS[system].1;
        let source = own[rng.usize(..own.len())];
        // Six chats of each source are in use at a time.
        let chat = (now / (30 * MINUTE)) * 6 + rng.u64(..6);
        let reader = rng.usize(..READERS.len());
        match rng.u16(..470) {
            0..140 => {
                let message_id = rng.bool().then(|| (number / 40 + rng.u64(..3), u8::from(rng.u8(..8) == 0)));
                Self::Receive { system, source, chat, number, message_id }
            }
            140..150 => Self::Begin { system, source, chat, number },
            150..160 => Self::End { system, source, chat, number },
            160..280 => Self::Poll { source, chat, window: rng.usize(..WINDOWS) },
            280..300 => Self::Glance { source, chat },
            300..400 => {
                let variant = u8::from(rng.u8(..10) == 0);
                Self::Say { source, chat, message_id: number / 4, variant }
            }
            400..467 => Self::Sync { reader },
            _ => Self::Replay { reader },
        }
    }

    pub(super) fn concerns(&self, subject: &Subject) -> bool {
        if let Subject::Sockets { .. } = subject {
            // A message signals to those who watch its chat.
            return matches!(self, Self::Receive { .. } | Self::Say { .. });
        }
        let Subject::Chat { source: of, chat: asked } = subject else { return false };
        match self {
            Self::Receive { source, chat, .. }
            | Self::Begin { source, chat, .. }
            | Self::End { source, chat, .. }
            | Self::Say { source, chat, .. }
            | Self::Poll { source, chat, .. }
            | Self::Glance { source, chat } => source == of && chat == asked,
            Self::Sync { reader } | Self::Replay { reader } => READERS[*reader].1 == *of,
        }
    }
}

/// A call by which somebody spoke.
#[derive(Debug)]
struct Spoken {
    call: Call,
    /// The text, or the name of the agent of an event.
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// With the message id of an agent's system.
    Agent(Option<String>),
    Begin,
    End,
    /// With the user's message id, and the answered number.
    User(String, Option<u64>),
}

/// A message as a window shows it.
#[derive(Debug, Clone)]
struct Shown {
    text: String,
    seq: Option<u64>,
    /// The end of its poll.
    ended: Millis,
}

/// An entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    chat: String,
    seq: u64,
    message_id: String,
    text: String,
}

#[derive(Debug, Default)]
struct Window {
    after: String,
    is_busy: bool,
    shown: Vec<Shown>,
}

#[derive(Debug, Default)]
struct Reader {
    cursor: String,
    is_busy: bool,
    entries: Vec<(Millis, Entry)>,
}

/// A state that a poll answered.
#[derive(Debug)]
struct State {
    begun: Millis,
    ended: Millis,
    is_human: bool,
}

/// A chat of a source.
#[derive(Debug, Default)]
struct Chat {
    spoken: Vec<Spoken>,
    windows: [Window; WINDOWS],
    states: Vec<State>,
    /// Texts of readings without a cursor.
    glanced: Vec<(Millis, String)>,
}

#[derive(Default)]
pub(super) struct Chats {
    history: RefCell<History>,
    receivers: RefCell<Vec<Rc<Receiver>>>,
}

#[derive(Default)]
struct History {
    chats: BTreeMap<(u32, u64), Chat>,
    readers: [Reader; READERS.len()],
    /// Readings of new readers, by source.
    replays: Vec<(u32, Vec<(Millis, Entry)>)>,
    wrong: Vec<(Millis, Subject, String)>,
}

impl Chats {
    /// Sets the receivers of webhooks.
    pub(super) fn receive_at(&self, receivers: Vec<Rc<Receiver>>) {
        *self.receivers.borrow_mut() = receivers;
    }

    pub(super) async fn run(&self, world: &World, op: &Op) {
        match op {
            Op::Receive { system, source, chat, number, message_id } => {
                let (text, id) = match message_id {
                    None => (format!("agent {number} 好的"), None),
                    Some((id, variant)) => {
                        (format!("agent {system} id {id}.{variant} 好的"), Some(format!("{system}#{id}")))
                    }
                };
                let mut body = json!({
                    "touser": chat_id(*chat), "fromuser": "客服", "msgtype": "text", "text": {"content": text},
                });
                if let Some((id, _)) = message_id {
                    body["msgId"] = json!(format!("m#{id}"));
                }
                self.receive(world, *system, (*source, *chat), &body, text, Kind::Agent(id)).await;
            }
            Op::Begin { system, source, chat, number } => {
                let text = format!("begin {number}");
                let body = json!({"touser": chat_id(*chat), "fromuser": text, "msgtype": "event", "eventType": "begin"});
                self.receive(world, *system, (*source, *chat), &body, text, Kind::Begin).await;
            }
            Op::End { system, source, chat, number } => {
                let text = format!("end {number}");
                let body = json!({"touser": chat_id(*chat), "fromuser": text, "msgtype": "event", "eventType": "end"});
                self.receive(world, *system, (*source, *chat), &body, text, Kind::End).await;
            }
            Op::Say { source, chat, message_id, variant } => {
                let text = format!("user {message_id}.{variant} 你好");
                let id = format!("u#{message_id}");
                let body = json!({
                    "chatId": chat_id(*chat), "source": source, "messageId": id, "msgtype": "text", "text": {"content": text},
                });
                let call = world.post(PLATFORM_TOKEN, paths::SEND_USER_MESSAGE, &body).await;
                let seq = call.body().and_then(|body| body["data"]["seq"].as_u64());
                self.spoken((*source, *chat), Spoken { call, text, kind: Kind::User(id, seq) });
            }
            Op::Poll { source, chat, window } => self.poll(world, (*source, *chat), *window).await,
            Op::Glance { source, chat } => self.glance(world, (*source, *chat)).await,
            Op::Sync { reader } => self.sync(world, *reader).await,
            Op::Replay { reader } => self.replay(world, *reader).await,
        }
    }

    /// Reads everything to its end, when nothing fails any more.
    pub(super) async fn read_all(&self, world: &World) {
        let chats: Vec<_> = self.history.borrow().chats.keys().copied().collect();
        for chat in chats {
            for window in 0..WINDOWS {
                self.poll(world, chat, window).await;
            }
        }
        for reader in 0..READERS.len() {
            self.sync(world, reader).await;
        }
    }

    pub(super) fn check(&self) -> Vec<Broken> {
        let history = self.history.borrow();
        let mut broken = Vec::new();
        for (at, subject, facts) in &history.wrong {
            let (subject, facts) = (subject.clone(), facts.clone());
            broken.push(Broken { rule: "answers are those of the contract", at: *at, subject, facts });
        }
        for ((source, chat), facts) in &history.chats {
            rules::check(*source, *chat, facts, &mut broken);
        }
        feed_rules::check(&history, &self.receivers.borrow(), &mut broken);
        broken
    }

    fn spoken(&self, chat: (u32, u64), spoken: Spoken) {
        self.history.borrow_mut().chats.entry(chat).or_default().spoken.push(spoken);
    }

    async fn receive(
        &self,
        world: &World,
        system: usize,
        chat: (u32, u64),
        body: &Value,
        text: String,
        kind: Kind,
    ) {
        let path = paths::with_query(paths::RECEIVE, &format!("source={}", chat.0));
        let call = world.post(&token(system), &path, body).await;
        self.spoken(chat, Spoken { call, text, kind });
    }

    /// Polls a window until a poll shows nothing new. A poll that fails ends the reading.
    async fn poll(&self, world: &World, chat: (u32, u64), window: usize) {
        let window_of = |history: &mut History, change: &mut dyn FnMut(&mut Window)| {
            change(&mut history.chats.entry(chat).or_default().windows[window]);
        };
        let mut after = None;
        window_of(&mut self.history.borrow_mut(), &mut |window| {
            if !window.is_busy {
                window.is_busy = true;
                after = Some(window.after.clone());
            }
        });
        let Some(mut after) = after else { return };
        for _ in 0..PAGES {
            let (id, source) = (chat_id(chat.1), chat.0.to_string());
            let query = [("chatId", id.as_str()), ("source", &source), ("after", &after)];
            let call = world.get(PLATFORM_TOKEN, paths::CHAT_MESSAGES, &query).await;
            let Some(data) = self.data(&call, chat) else { break };
            let mut shown: Vec<_> =
                messages(data).map(|(text, seq)| Shown { text, seq, ended: call.ended }).collect();
            after = data["after"].as_str().unwrap_or_default().to_owned();
            let is_new = !shown.is_empty();
            window_of(&mut self.history.borrow_mut(), &mut |window| {
                window.shown.append(&mut shown);
                window.after.clone_from(&after);
            });
            let state = State { begun: call.begun, ended: call.ended, is_human: data["state"] == "human" };
            self.history.borrow_mut().chats.entry(chat).or_default().states.push(state);
            if !is_new {
                break;
            }
        }
        window_of(&mut self.history.borrow_mut(), &mut |window| window.is_busy = false);
    }

    async fn glance(&self, world: &World, chat: (u32, u64)) {
        let (id, source) = (chat_id(chat.1), chat.0.to_string());
        let query = [("chatId", id.as_str()), ("source", &source), ("latest", "true"), ("limit", "5")];
        let call = world.get(PLATFORM_TOKEN, paths::CHAT_MESSAGES, &query).await;
        let Some(data) = self.data(&call, chat) else { return };
        let texts = messages(data).map(|(text, _)| (call.ended, text));
        self.history.borrow_mut().chats.entry(chat).or_default().glanced.extend(texts);
    }

    fn data<'c>(&self, call: &'c Call, (source, chat): (u32, u64)) -> Option<&'c Value> {
        if let Some(refusal) = call.refusal() {
            let wrong = (call.ended, Subject::Chat { source, chat }, format!("refused: {refusal}"));
            self.history.borrow_mut().wrong.push(wrong);
        }
        call.body().map(|body| &body["data"])
    }

    /// Reads a feed on from the reader's cursor.
    async fn sync(&self, world: &World, number: usize) {
        let cursor = {
            let reader = &mut self.history.borrow_mut().readers[number];
            if reader.is_busy {
                return;
            }
            reader.is_busy = true;
            reader.cursor.clone()
        };
        self.read_feed(world, number, cursor, PAGES, |cursor, entries| {
            let reader = &mut self.history.borrow_mut().readers[number];
            reader.cursor = cursor;
            reader.entries.extend(entries);
        })
        .await;
        self.history.borrow_mut().readers[number].is_busy = false;
    }

    async fn replay(&self, world: &World, number: usize) {
        let all = RefCell::new(Vec::new());
        self.read_feed(world, number, String::new(), REPLAYED_PAGES, |_, entries| {
            all.borrow_mut().extend(entries);
        })
        .await;
        self.history.borrow_mut().replays.push((READERS[number].1, all.into_inner()));
    }

    async fn read_feed(
        &self,
        world: &World,
        number: usize,
        mut cursor: String,
        pages: usize,
        page: impl Fn(String, Vec<(Millis, Entry)>),
    ) {
        let (system, source) = READERS[number];
        for _ in 0..pages {
            let source = source.to_string();
            let query = [("source", source.as_str()), ("cursor", &cursor)];
            let call = world.get(&token(system), paths::SYNC, &query).await;
            if let Some(refusal) = call.refusal() {
                let wrong = (call.ended, Subject::World, format!("sync is refused: {refusal}"));
                self.history.borrow_mut().wrong.push(wrong);
            }
            let Some(body) = call.body() else { return };
            let list = body["list"].as_array().into_iter().flatten();
            let entries: Vec<_> = list.map(|entry| (call.ended, read_entry(entry))).collect();
            body["cursor"].as_str().unwrap_or_default().clone_into(&mut cursor);
            let is_end = entries.is_empty();
            page(cursor.clone(), entries);
            if is_end {
                return;
            }
        }
    }
}

/// The texts of messages in a window, and the numbers of the user's.
fn messages(data: &Value) -> impl Iterator<Item = (String, Option<u64>)> {
    data["messages"].as_array().into_iter().flatten().map(|message| {
        let text = message["text"]["content"].as_str().or(message["fromuser"].as_str());
        (text.unwrap_or_default().to_owned(), message["seq"].as_u64())
    })
}

fn read_entry(entry: &Value) -> Entry {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Entry {
        chat: text(&entry["openId"]),
        seq: entry["seq"].as_u64().unwrap_or_default(),
        message_id: text(&entry["messageId"]),
        text: text(&entry["text"]["content"]),
    }
}
