//! The rules of one chat, as its windows show it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Chat, Kind, Shown, Spoken};
use crate::histories::{
    call::{SETTLES, SKEW},
    rule::{Broken, Subject},
    time::{Millis, SECOND},
};

const TAKEN_BY_AGENT: &str = "msgId: already used for different content";
const TAKEN_BY_USER: &str = "messageId: already used for different content";

/// Messages are ordered by the clocks of the instances that accept them.
const ORDER_IS_SURE_AFTER: Millis = 2 * SKEW + SETTLES;

/// The time after which a poll of a settled chat has shown everything: the late-write window, and the clocks' difference.
const SETTLED: Millis = 15 * SECOND + 2 * SKEW;

pub(super) fn check(source: u32, number: u64, chat: &Chat, broken: &mut Vec<Broken>) {
    let subject = Subject::Chat { source, chat: number };
    let mut report =
        |rule, at, facts: String| broken.push(Broken { rule, at, subject: subject.clone(), facts });
    let mut by_text: BTreeMap<&str, Vec<&Spoken>> = BTreeMap::new();
    for spoken in &chat.spoken {
        by_text.entry(&spoken.text).or_default().push(spoken);
    }
    let may_show = |text: &str, at: Millis| {
        let all = by_text.get(text).into_iter().flatten();
        all.into_iter().any(|spoken| spoken.call.may_apply() && spoken.call.begun < at)
    };
    check_refusals(chat, &mut report);
    for (at, text) in &chat.glanced {
        if !may_show(text, *at) {
            report("a window shows the messages of its chat only", *at, text.clone());
        }
    }
    for window in &chat.windows {
        let mut seen = BTreeSet::new();
        for shown in &window.shown {
            if !may_show(&shown.text, shown.ended) {
                report("a window shows the messages of its chat only", shown.ended, shown.text.clone());
            }
            if !seen.insert(shown.text.as_str()) {
                report("a window shows a message once", shown.ended, shown.text.clone());
            }
        }
        let numbers: Vec<_> =
            window.shown.iter().filter_map(|shown| Some((shown.ended, shown.seq?))).collect();
        for (expected, (at, seq)) in (1..).zip(&numbers) {
            if expected != *seq {
                report("a window shows the user's messages in order of `seq`", *at, format!("{numbers:?}"));
                break;
            }
        }
        check_order(&window.shown, &by_text, &mut report);
        // The last poll came long after everything was said.
        let last_call = chat.spoken.iter().map(|spoken| spoken.call.ended).max().unwrap_or_default();
        let last_poll = chat.states.iter().map(|state| state.begun).max().unwrap_or_default();
        if last_poll > last_call + SETTLED {
            for (text, all) in &by_text {
                if let Some(done) = all.iter().find(|spoken| spoken.call.is_done())
                    && !seen.contains(text)
                {
                    report("a message that was answered 200 is shown", done.call.ended, format!("{done:?}"));
                }
            }
        }
    }
    check_states(chat, &mut report);
}

/// An earlier message is shown before a later one.
fn check_order(
    shown: &[Shown],
    by_text: &BTreeMap<&str, Vec<&Spoken>>,
    report: &mut impl FnMut(&'static str, Millis, String),
) {
    // The first moment at which any of the messages from here on was surely stored.
    let stored_by = |shown: &Shown| {
        let all = by_text.get(shown.text.as_str()).into_iter().flatten();
        all.filter(|spoken| spoken.call.is_done()).map(|spoken| spoken.call.ended).min()
    };
    let begun_at = |shown: &Shown| {
        let all = by_text.get(shown.text.as_str()).into_iter().flatten();
        all.filter(|spoken| spoken.call.may_apply()).map(|spoken| spoken.call.begun).min()
    };
    let mut latest_begin: Option<(Millis, &Shown)> = None;
    for later in shown {
        if let (Some(stored), Some((begun, before))) = (stored_by(later), latest_begin)
            && stored + ORDER_IS_SURE_AFTER < begun
        {
            report("a chat is in order", later.ended, format!("{before:?} was shown before {later:?}"));
        }
        if let Some(begun) = begun_at(later)
            && latest_begin.is_none_or(|(latest, _)| latest < begun)
        {
            latest_begin = Some((begun, later));
        }
    }
}

/// An id is refused only for another content, and accepted for one content only.
fn check_refusals(chat: &Chat, report: &mut impl FnMut(&'static str, Millis, String)) {
    let mut by_id: BTreeMap<&str, Vec<&Spoken>> = BTreeMap::new();
    for spoken in &chat.spoken {
        match &spoken.kind {
            Kind::Agent(Some(id)) | Kind::User(id, _) => by_id.entry(id).or_default().push(spoken),
            _ if spoken.call.may_apply() => {}
            _ => report("a valid message is accepted", spoken.call.ended, format!("{spoken:?}")),
        }
    }
    for all in by_id.values() {
        for spoken in all {
            let others = || all.iter().filter(|other| other.text != spoken.text);
            match spoken.call.refusal() {
                None if spoken.call.is_done() => {
                    let taken =
                        others().find(|other| other.call.is_done() && other.call.precedes(&spoken.call));
                    if let Some(other) = taken {
                        let facts = format!("{spoken:?} after {other:?}");
                        report("an id keeps its content for a day", spoken.call.ended, facts);
                    }
                }
                None => {}
                Some(TAKEN_BY_AGENT | TAKEN_BY_USER) => {
                    let may_hold =
                        |other: &&&Spoken| other.call.may_apply() && other.call.begun < spoken.call.ended;
                    if others().find(may_hold).is_none() {
                        report(
                            "an id is refused for another content only",
                            spoken.call.ended,
                            format!("{spoken:?}"),
                        );
                    }
                }
                Some(_) => report("a valid message is accepted", spoken.call.ended, format!("{spoken:?}")),
            }
        }
        let numbers = all.iter().filter_map(|spoken| match spoken.kind {
            Kind::User(_, seq) => seq,
            _ => None,
        });
        let numbers: BTreeSet<_> = numbers.collect();
        if numbers.len() > 1 {
            report("a repeated message has the same `seq`", 0, format!("{numbers:?} {all:?}"));
        }
    }
}

/// A state is that of the last `begin` or `end`, where it is sure which one that is.
fn check_states(chat: &Chat, report: &mut impl FnMut(&'static str, Millis, String)) {
    let is_event =
        |spoken: &&Spoken| matches!(spoken.kind, Kind::Begin | Kind::End) && spoken.call.may_apply();
    let events: Vec<_> = chat.spoken.iter().filter(is_event).collect();
    for state in &chat.states {
        let begun = events.iter().filter(|event| event.call.begun < state.ended);
        let Some(last) = begun.clone().max_by_key(|event| event.call.begun) else {
            if state.is_human {
                report("a state is that of the last event", state.ended, "no event".to_owned());
            }
            continue;
        };
        let is_sure = last.call.is_done()
            && last.call.ended < state.begun
            && begun
                .filter(|event| event.text != last.text)
                .all(|event| event.call.settled() + ORDER_IS_SURE_AFTER < last.call.begun);
        if is_sure && state.is_human != (last.kind == Kind::Begin) {
            report("a state is that of the last event", state.ended, format!("{state:?} after {last:?}"));
        }
    }
}
