//! The robot's turns, and third-party systems that read the chat log.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use fastrand::Rng;
use serde_json::json;
use tests::paths;

use super::{
    call::Call,
    chats,
    rule::{Broken, Subject},
    time::{HOUR, Millis},
    world::{PLATFORM_TOKEN, World},
};

const TAKEN: &str = "entryId: already used for different content";

#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Records a turn. With an entry id a later call with the same id is a retry, or has other content.
    Turn {
        chat: u64,
        number: u64,
        entry: Option<(u64, u8)>,
    },
    Read {
        chat: u64,
    },
}

impl Op {
    pub(super) fn draw(rng: &mut Rng, now: Millis, number: u64) -> Self {
        let chat = (now / HOUR) * 4 + rng.u64(..4);
        if rng.u8(..5) < 3 {
            let entry = rng.bool().then(|| (number / 200 + rng.u64(..3), u8::from(rng.u8(..8) == 0)));
            Self::Turn { chat, number, entry }
        } else {
            Self::Read { chat }
        }
    }

    pub(super) fn concerns(&self, subject: &Subject) -> bool {
        let (Self::Turn { chat, .. } | Self::Read { chat }) = self;
        *subject == Self::subject(*chat)
    }

    const fn subject(chat: u64) -> Subject {
        Subject::Log { chat }
    }
}

#[derive(Debug)]
struct Turn {
    call: Call,
    entry: Option<u64>,
    question: String,
}

#[derive(Debug)]
struct Reading {
    begun: Millis,
    ended: Millis,
    questions: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Robot(RefCell<BTreeMap<u64, Log>>);

#[derive(Debug, Default)]
struct Log {
    turns: Vec<Turn>,
    readings: Vec<Reading>,
    wrong: Vec<(Millis, String)>,
}

fn chat_id(chat: u64) -> String {
    format!("robot/{chat}#会话")
}

impl Robot {
    pub(super) async fn run(&self, world: &World, op: &Op) {
        match op {
            Op::Turn { chat, number, entry } => {
                let question = entry
                    .map_or_else(|| format!("问 {number}"), |(id, variant)| format!("问 id {id}.{variant}"));
                let mut body = json!({"openId": chat_id(*chat), "question": question, "reply": "答"});
                if let Some((id, _)) = entry {
                    body["entryId"] = json!(format!("e#{id}"));
                }
                let call = world.post(PLATFORM_TOKEN, paths::RECORD_TURN, &body).await;
                let turn = Turn { call, entry: entry.map(|(id, _)| id), question };
                self.0.borrow_mut().entry(*chat).or_default().turns.push(turn);
            }
            Op::Read { chat } => self.read(world, *chat).await,
        }
    }

    pub(super) async fn read_all(&self, world: &World) {
        let chats: Vec<_> = self.0.borrow().keys().copied().collect();
        for chat in chats {
            self.read(world, chat).await;
        }
    }

    async fn read(&self, world: &World, chat: u64) {
        let (begun, mut questions, mut cursor) = (world.time.now(), Vec::new(), String::new());
        loop {
            let id = chat_id(chat);
            let query = [("openId", id.as_str()), ("limit", "50"), ("cursor", &cursor)];
            let call = world.get(&chats::token(0), paths::CHATLOG, &query).await;
            if let Some(refusal) = call.refusal() {
                self.0.borrow_mut().entry(chat).or_default().wrong.push((call.ended, refusal.to_owned()));
            }
            let Some(body) = call.body() else { return };
            let list = body["list"].as_array().into_iter().flatten();
            questions.extend(list.map(|entry| entry["Question"].as_str().unwrap_or_default().to_owned()));
            match body["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let reading = Reading { begun, ended: world.time.now(), questions };
        self.0.borrow_mut().entry(chat).or_default().readings.push(reading);
    }

    pub(super) fn check(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (chat, log) in self.0.borrow().iter() {
            let mut report = |rule, at, facts| {
                broken.push(Broken { rule, at, subject: Op::subject(*chat), facts });
            };
            for (at, refusal) in &log.wrong {
                report("answers are those of the contract", *at, refusal.clone());
            }
            log.turns.iter().for_each(|turn| log.check_turn(turn, &mut report));
            for reading in &log.readings {
                log.check_reading(reading, &mut report);
            }
        }
        broken
    }
}

impl Log {
    fn check_turn(&self, turn: &Turn, report: &mut impl FnMut(&'static str, Millis, String)) {
        let others =
            || self.turns.iter().filter(|other| other.entry == turn.entry && other.question != turn.question);
        match (turn.call.refusal(), turn.entry) {
            (None, Some(_)) if turn.call.is_done() => {
                let taken = others().find(|other| other.call.is_done() && other.call.precedes(&turn.call));
                if let Some(other) = taken {
                    report(
                        "an entry id keeps its content",
                        turn.call.ended,
                        format!("{turn:?} after {other:?}"),
                    );
                }
            }
            (None, _) => {}
            (Some(TAKEN), Some(_)) => {
                if !others().any(|other| other.call.may_apply() && other.call.begun < turn.call.ended) {
                    report(
                        "an entry id is refused for another content only",
                        turn.call.ended,
                        format!("{turn:?}"),
                    );
                }
            }
            (Some(_), _) => report("a valid turn is accepted", turn.call.ended, format!("{turn:?}")),
        }
    }

    fn check_reading(&self, reading: &Reading, report: &mut impl FnMut(&'static str, Millis, String)) {
        let mut seen = BTreeSet::new();
        for question in &reading.questions {
            if !seen.insert(question) {
                report("a chat log has a turn once", reading.ended, question.clone());
            }
            let is_recorded = self.turns.iter().any(|turn| {
                turn.question == *question && turn.call.may_apply() && turn.call.begun < reading.ended
            });
            if !is_recorded {
                report("a chat log has the turns of its chat only", reading.ended, question.clone());
            }
        }
        for turn in self.turns.iter().filter(|turn| turn.call.is_done() && turn.call.ended < reading.begun) {
            if !seen.contains(&turn.question) {
                report("a turn that was answered 200 is in the chat log", reading.ended, format!("{turn:?}"));
            }
        }
    }
}
