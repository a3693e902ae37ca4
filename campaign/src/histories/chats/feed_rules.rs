//! The rules of feeds: readings by cursor, and webhooks.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{Entry, History, Kind, READERS, Receiver, SYSTEMS, chat_id};
use crate::histories::{
    rule::{Broken, Subject},
    time::Millis,
};

/// The messages of a source that users sent, by chat and number.
type Said<'h> = BTreeMap<(String, u64), (&'h str, &'h str)>;

pub(super) fn check(history: &History, receivers: &[Rc<Receiver>], broken: &mut Vec<Broken>) {
    for source in [1, 2] {
        let said = said(history, source, broken);
        for (number, reader) in history.readers.iter().enumerate() {
            if READERS[number].1 == source {
                let who = format!("reader {number}");
                check_once(source, &who, &reader.entries, history, broken);
                check_complete(source, &who, &reader.entries, &said, broken);
            }
        }
        for (_, entries) in history.replays.iter().filter(|(of, _)| *of == source) {
            check_once(source, "a replay", entries, history, broken);
        }
        for receiver in receivers.iter().filter(|receiver| receiver.source == source) {
            check_webhooks(source, receiver, &said, history, broken);
        }
    }
}

/// The numbers that were answered. Two messages never have one number.
fn said<'h>(history: &'h History, source: u32, broken: &mut Vec<Broken>) -> Said<'h> {
    let mut said = Said::new();
    for ((_, chat), facts) in history.chats.iter().filter(|((of, _), _)| *of == source) {
        for spoken in &facts.spoken {
            let Kind::User(id, Some(seq)) = &spoken.kind else { continue };
            let message = (id.as_str(), spoken.text.as_str());
            if let Some(other) =
                said.insert((chat_id(*chat), *seq), message).filter(|other| *other != message)
            {
                broken.push(Broken {
                    rule: "two messages never have one `seq`",
                    at: spoken.call.ended,
                    subject: Subject::Chat { source, chat: *chat },
                    facts: format!("{seq}: {other:?} and {message:?}"),
                });
            }
        }
    }
    said
}

/// Each chat is read in order, from 1 on, each entry once; entries are what users said.
fn check_once(
    source: u32,
    who: &str,
    entries: &[(Millis, Entry)],
    history: &History,
    broken: &mut Vec<Broken>,
) {
    let mut next: BTreeMap<&str, u64> = BTreeMap::new();
    for (at, entry) in entries {
        let subject = subject(source, &entry.chat, history);
        let expected = next.entry(&entry.chat).or_insert(1);
        if entry.seq != *expected {
            broken.push(Broken {
                rule: "a feed has each chat in order of `seq`, without gaps and once",
                at: *at,
                subject: subject.clone(),
                facts: format!("{who}: {entry:?} where {expected} is next"),
            });
        }
        *expected = entry.seq + 1;
        check_content(source, who, *at, entry, history, broken);
    }
}

/// An entry is what a user said in this chat.
fn check_content(
    source: u32,
    who: &str,
    at: Millis,
    entry: &Entry,
    history: &History,
    broken: &mut Vec<Broken>,
) {
    let subject = subject(source, &entry.chat, history);
    let is_said = match &subject {
        Subject::Chat { chat, .. } => history.chats[&(source, *chat)].spoken.iter().any(|spoken| {
            let is_same = matches!(&spoken.kind, Kind::User(id, _) if *id == entry.message_id)
                && spoken.text == entry.text;
            let has_number = !matches!(spoken.kind, Kind::User(_, Some(seq)) if seq != entry.seq);
            is_same && has_number && spoken.call.may_apply() && spoken.call.begun < at
        }),
        _ => false,
    };
    if !is_said {
        let facts = format!("{who}: {entry:?}");
        broken.push(Broken { rule: "a feed has what the users of its source said", at, subject, facts });
    }
}

fn check_complete(
    source: u32,
    who: &str,
    entries: &[(Millis, Entry)],
    said: &Said<'_>,
    broken: &mut Vec<Broken>,
) {
    let read: BTreeSet<_> = entries.iter().map(|(_, entry)| (entry.chat.as_str(), entry.seq)).collect();
    for ((chat, seq), message) in said {
        if !read.contains(&(chat.as_str(), *seq)) {
            broken.push(Broken {
                rule: "a user's message that was answered 200 reaches the third-party system",
                at: 0,
                subject: Subject::Chat { source, chat: number_of(chat) },
                facts: format!("{who} misses {seq} of {chat}: {message:?}"),
            });
        }
    }
}

fn check_webhooks(
    source: u32,
    receiver: &Receiver,
    said: &Said<'_>,
    history: &History,
    broken: &mut Vec<Broken>,
) {
    let who = format!("the receiver of {}", SYSTEMS[receiver.system].0);
    let webhooks = receiver.webhooks.borrow();
    let mut bodies: BTreeMap<&str, &Vec<Entry>> = BTreeMap::new();
    let mut effects: BTreeMap<String, u64> = BTreeMap::new();
    let mut accepted = Vec::new();
    for webhook in webhooks.iter() {
        let mut report = |rule, subject, facts| broken.push(Broken { rule, at: webhook.at, subject, facts });
        if !webhook.is_signed {
            report("a webhook is signed", Subject::World, format!("{who}: {webhook:?}"));
        }
        let before = bodies.insert(&webhook.id, &webhook.entries);
        if before.is_some_and(|before| *before != webhook.entries) {
            let facts = format!("{who}: {webhook:?} after {before:?}");
            report("the same `webhook-id` means the same entries", Subject::World, facts);
        }
        for entry in &webhook.entries {
            check_content(source, &who, webhook.at, entry, history, broken);
        }
        if !webhook.is_accepted {
            continue;
        }
        for entry in &webhook.entries {
            let last = effects.entry(entry.chat.clone()).or_default();
            // A receiver drops what it has.
            if entry.seq > *last + 1 {
                broken.push(Broken {
                    rule: "a receiver gets each chat in order of `seq`, without gaps",
                    at: webhook.at,
                    subject: subject(source, &entry.chat, history),
                    facts: format!("{who}: {entry:?} after {last}"),
                });
            }
            *last = (*last).max(entry.seq);
            accepted.push((webhook.at, entry.clone()));
        }
    }
    check_complete(source, &who, &accepted, said, broken);
}

fn subject(source: u32, chat: &str, history: &History) -> Subject {
    let number = number_of(chat);
    if history.chats.contains_key(&(source, number)) && chat_id(number) == chat {
        Subject::Chat { source, chat: number }
    } else {
        Subject::World
    }
}

/// The number in a chat's id.
fn number_of(chat: &str) -> u64 {
    let digits = chat.rsplit(|character: char| !character.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}
