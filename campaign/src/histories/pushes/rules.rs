//! The rules of pushes, recalls and inboxes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ack, History, Push, Pushed, Pushes, Recall, Shown, status_rules};
use crate::histories::{
    call::{Call, SETTLES, SKEW},
    rule::{Broken, Subject},
    time::{HOUR, Millis, SECOND},
};

const TAKEN: &str = "messsagePush.messageId: already used for different content";
const RECALLED: &str = "messsagePush.messageId: already recalled";
const UNKNOWN_MESSAGE: &str = "message does not exist";

/// The difference between two clocks, and what is rounded to seconds.
const TWO_CLOCKS: Millis = 2 * SKEW + 2 * SECOND;

/// The time in which a recall takes hold.
const RECALL_TAKES: Millis = 2 * SECOND;

pub(in crate::histories) fn check(pushes: &Pushes) -> Vec<Broken> {
    let history = pushes.0.borrow();
    let facts = Facts::of(&history);
    let mut broken = Vec::new();
    for (at, subject, facts) in &history.wrong {
        let (subject, facts) = (subject.clone(), facts.clone());
        broken.push(Broken { rule: "answers are those of the contract", at: *at, subject, facts });
    }
    history.pushes.iter().for_each(|push| facts.check_push(push, &mut broken));
    history.recalls.iter().for_each(|recall| facts.check_recall(recall, &mut broken));
    for shown in &history.shown {
        facts.check_shown(shown, &mut broken);
        if shown.is_whole {
            facts.check_whole(shown, &mut broken);
        }
    }
    history.statuses.iter().for_each(|status| status_rules::check(&facts, status, &mut broken));
    broken
}

/// The history by message.
pub(super) struct Facts<'h> {
    messages: BTreeMap<(usize, u64), Message<'h>>,
    acks: BTreeMap<(usize, Pushed), Vec<&'h Ack>>,
}

#[derive(Default)]
pub(super) struct Message<'h> {
    pub(super) pushes: Vec<&'h Push>,
    pub(super) recalls: Vec<&'h Recall>,
}

impl Push {
    /// The earliest true time at which an instance may see the deadline.
    pub(super) const fn earliest_deadline(&self) -> Millis {
        (self.call.begun + self.hours * HOUR).saturating_sub(TWO_CLOCKS)
    }

    /// The latest true time at which an instance may not see it.
    pub(super) const fn latest_deadline(&self) -> Millis {
        self.call.settled() + self.hours * HOUR + TWO_CLOCKS
    }
}

/// Whether a call surely came before another one, whatever the clocks of their instances.
fn is_long_before(call: &Call, other: &Call) -> bool {
    call.settled() + TWO_CLOCKS < other.begun
}

impl<'h> Facts<'h> {
    fn of(history: &'h History) -> Self {
        let mut messages: BTreeMap<_, Message<'_>> = BTreeMap::new();
        for push in &history.pushes {
            messages.entry((push.of.app, push.of.id)).or_default().pushes.push(push);
        }
        for recall in &history.recalls {
            messages.entry((recall.app, recall.id)).or_default().recalls.push(recall);
        }
        let mut acks: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ack in &history.acks {
            acks.entry((ack.user, ack.of)).or_default().push(ack);
        }
        Self { messages, acks }
    }

    pub(super) fn message(&self, app: usize, id: u64) -> Option<&Message<'h>> {
        self.messages.get(&(app, id))
    }

    pub(super) fn acks(&self, user: usize, of: Pushed) -> &[&'h Ack] {
        self.acks.get(&(user, of)).map_or(&[], Vec::as_slice)
    }

    fn check_push(&self, push: &Push, broken: &mut Vec<Broken>) {
        let Some(message) = self.message(push.of.app, push.of.id) else { return };
        let call = &push.call;
        let mut report = |rule, facts: String| {
            let subject = Subject::Message { app: push.of.app, id: push.of.id };
            broken.push(Broken { rule, at: call.ended, subject, facts });
        };
        let others = || message.pushes.iter().filter(|other| other.of != push.of);
        let recalls = || message.recalls.iter().filter(|recall| recall.call.may_apply());
        match call.refusal() {
            Some(TAKEN) => {
                let may_hold = |other: &&&Push| {
                    may_set_deadline(other)
                        && other.call.begun < call.ended
                        && other.latest_deadline() > call.begun
                };
                if others().find(may_hold).is_none() {
                    let others: Vec<_> = others().collect();
                    report("an id is free after its deadline", format!("{push:?} after {others:?}"));
                }
            }
            Some(RECALLED) => {
                let is_recalled = recalls().any(|recall| recall.call.begun < call.ended);
                if !is_recalled {
                    report("only a recalled id is refused as recalled", format!("{push:?}"));
                }
            }
            Some(other) => report("a valid push is accepted", other.to_owned()),
            None if call.is_done() => {
                let holds = |other: &&&Push| {
                    other.call.is_done()
                        && other.call.precedes(call)
                        && other.earliest_deadline() > call.ended
                };
                if let Some(other) = others().find(holds) {
                    report("an id keeps its content until its deadline", format!("{push:?} after {other:?}"));
                }
                let is_recalled = recalls().find(|recall| {
                    let lives = |other: &&Push| {
                        other.call.is_done()
                            && other.call.precedes(&recall.call)
                            && other.earliest_deadline() > call.ended
                    };
                    recall.call.is_done() && recall.call.precedes(call) && message.pushes.iter().any(lives)
                });
                if let Some(recall) = is_recalled {
                    report("a push lifts no recall", format!("{push:?} after {recall:?}"));
                }
            }
            None => {}
        }
    }

    fn check_recall(&self, recall: &Recall, broken: &mut Vec<Broken>) {
        let Some(message) = self.message(recall.app, recall.id) else { return };
        let call = &recall.call;
        let mut report = |rule| {
            let subject = Subject::Message { app: recall.app, id: recall.id };
            broken.push(Broken { rule, at: call.ended, subject, facts: format!("{call:?}") });
        };
        let surely_lives = |push: &&Push| {
            push.call.is_done() && push.call.precedes(call) && push.earliest_deadline() > call.ended
        };
        let may_live = |push: &&Push| {
            may_set_deadline(push) && push.call.begun < call.ended && push.latest_deadline() > call.begun
        };
        match call.refusal() {
            Some(UNKNOWN_MESSAGE) if message.pushes.iter().any(surely_lives) => {
                report("a live message can be recalled");
            }
            Some(UNKNOWN_MESSAGE) => {}
            Some(_) => report("a valid recall is accepted"),
            None if call.is_done() && !message.pushes.iter().any(may_live) => {
                report("only a live message can be recalled");
            }
            None => {}
        }
    }

    /// The rules for each message that is shown.
    fn check_shown(&self, shown: &Shown, broken: &mut Vec<Broken>) {
        let mut seen = BTreeSet::new();
        for of in &shown.messages {
            let mut report = |rule, facts: String| {
                let subject = Subject::Message { app: of.app, id: of.id };
                broken.push(Broken {
                    rule,
                    at: shown.ended,
                    subject,
                    facts: format!("user {}: {of:?}: {facts}", shown.user),
                });
            };
            if !seen.insert(of) {
                report("a message is once in an inbox", String::new());
            }
            let message = self.message(of.app, of.id);
            let pushes = message.into_iter().flat_map(|message| &message.pushes);
            let mut explaining = pushes.filter(|push| {
                push.of == *of
                    && push.users.contains(&shown.user)
                    && push.call.may_apply()
                    && push.call.begun < shown.ended
            });
            let Some(first) = explaining.next() else {
                report("a user is shown only messages to him", String::new());
                continue;
            };
            let naming: Vec<_> = std::iter::once(first).chain(explaining).collect();
            // A repeat sets the deadline of its users anew, longer or shorter.
            let is_replaced = |push: &Push| {
                naming.iter().any(|later| {
                    later.call.is_done()
                        && later.call.ended < shown.begun
                        && is_long_before(&push.call, &later.call)
                })
            };
            let live: Vec<_> = naming
                .iter()
                .filter(|push| push.latest_deadline() > shown.begun && !is_replaced(push))
                .collect();
            if live.is_empty() {
                report("an expired message is never shown", format!("{naming:?}"));
                continue;
            }
            let recalls = || message.into_iter().flat_map(|message| &message.recalls);
            let recalled_after = |push: &Push| {
                recalls().any(|recall| {
                    recall.call.is_done()
                        && push.call.settled() < recall.call.begun
                        && recall.call.ended + RECALL_TAKES < shown.begun
                })
            };
            if live.iter().all(|push| recalled_after(push)) {
                report("a recalled message is never shown", format!("{live:?}"));
            }
            let acks = self.acks(shown.user, *of);
            if let Some(ack) = acks.iter().find(|ack| ack.call.is_done() && ack.call.ended < shown.begun) {
                report("nothing is delivered after its acknowledgement", format!("{ack:?}"));
            }
        }
    }

    /// The rule for messages that are missing from a whole inbox.
    fn check_whole(&self, shown: &Shown, broken: &mut Vec<Broken>) {
        let listed: BTreeSet<_> = shown.messages.iter().collect();
        for ((app, id), message) in &self.messages {
            let variants: BTreeSet<_> = message.pushes.iter().map(|push| push.of).collect();
            for of in variants.into_iter().filter(|of| !listed.contains(of)) {
                if let Some(push) = message.must_reach(shown, of)
                    && !self
                        .acks(shown.user, of)
                        .iter()
                        .any(|ack| ack.call.may_apply() && ack.call.begun < shown.ended)
                {
                    broken.push(Broken {
                        rule: "a push that was answered 200 reaches its users",
                        at: shown.ended,
                        subject: Subject::Message { app: *app, id: *id },
                        facts: format!("user {} at {}..{}: {push:?}", shown.user, shown.begun, shown.ended),
                    });
                }
            }
        }
    }
}

impl<'h> Message<'h> {
    /// A push by which the user must be shown this content, if it was not acknowledged.
    fn must_reach(&self, shown: &Shown, of: Pushed) -> Option<&'h Push> {
        let names = |push: &&&Push| push.of == of && push.users.contains(&shown.user);
        let done = self
            .pushes
            .iter()
            .filter(names)
            .filter(|push| push.call.is_done() && push.call.ended < shown.begun);
        let latest = done.max_by_key(|push| push.call.begun)?;
        let lives = |push: &&&Push| push.earliest_deadline() > shown.ended + SECOND;
        let mut deciding = self.pushes.iter().filter(names).filter(|push| {
            push.call.may_apply()
                && push.call.begun < shown.ended
                && !is_long_before(&push.call, &latest.call)
        });
        let is_recalled = self.recalls.iter().any(|recall| {
            recall.call.may_apply()
                && recall.call.begun < shown.ended
                && recall.call.ended + SETTLES >= latest.call.begun
        });
        (deciding.all(|push| lives(&push)) && !is_recalled).then_some(*latest)
    }
}

/// Whether a push may have set the deadline of its id. One whose answer from the store was lost, and whose retry met a recall, is
/// refused and has set it.
fn may_set_deadline(push: &Push) -> bool {
    push.call.may_apply() || push.call.refusal() == Some(RECALLED)
}
