//! The rules of statuses.

use std::collections::BTreeSet;

use super::{Status, rules::Facts};
use crate::histories::rule::{Broken, Subject};

pub(super) fn check(facts: &Facts<'_>, status: &Status, broken: &mut Vec<Broken>) {
    let mut report = |rule, facts: String| {
        let subject = Subject::Message { app: status.app, id: status.id };
        broken.push(Broken { rule, at: status.ended, subject, facts });
    };
    let Some(message) = facts.message(status.app, status.id) else {
        if !status.users.is_empty() {
            report("a status names the users of a push", format!("{:?}", status.users));
        }
        return;
    };
    let listed: BTreeSet<_> = status.users.iter().map(|(user, _)| *user).collect();
    let begun =
        || message.pushes.iter().filter(|push| push.call.may_apply() && push.call.begun < status.ended);
    for push in begun().filter(|push| push.call.is_done() && push.call.ended < status.begun) {
        if let Some(user) = push.users.iter().find(|user| !listed.contains(user)) {
            report("a status names the users of a push", format!("user {user} is missing: {push:?}"));
        }
    }
    // With several contents, older calls have a state of their own.
    let contents: BTreeSet<_> = begun().map(|push| push.of).collect();
    for (user, state) in &status.users {
        let named = || begun().filter(|push| push.users.contains(user));
        let acks = || contents.iter().flat_map(|of| facts.acks(*user, *of));
        let mut wrong = |why: &str| {
            let (named, acks): (Vec<_>, Vec<_>) = (named().collect(), acks().collect());
            let facts =
                format!("user {user} is {state}, but {why}: {named:?} {acks:?} {:?}", message.recalls);
            report("a status is true", facts);
        };
        if named().next().is_none() {
            wrong("no push names the user");
            continue;
        }
        let may_ack = |reads: bool| {
            acks().any(|ack| ack.call.may_apply() && ack.call.begun < status.ended && (ack.is_read || !reads))
        };
        let recalled = || message.recalls.iter().filter(|recall| recall.call.may_apply());
        let may_live = named().any(|push| push.latest_deadline() > status.begun);
        let surely_lives = named().all(|push| push.earliest_deadline() > status.ended)
            && named().any(|push| push.call.is_done() && push.call.ended < status.begun);
        match state.as_str() {
            "read" if !may_ack(true) => wrong("nobody acknowledged it as read"),
            "delivered" if !may_ack(false) => wrong("nobody acknowledged it"),
            "recalled" if !recalled().any(|recall| recall.call.begun < status.ended) => {
                wrong("nobody recalled it");
            }
            "pending" if !may_live => wrong("its deadline is over"),
            "expired" if surely_lives && contents.len() == 1 => wrong("its deadline is not over"),
            "read" | "delivered" | "recalled" | "pending" | "expired" => {}
            _ => wrong("there is no such state"),
        }
        if contents.len() > 1 {
            continue;
        }
        let done = |reads: bool| {
            acks().any(|ack| ack.call.is_done() && ack.call.ended < status.begun && (ack.is_read || !reads))
        };
        match state.as_str() {
            "read" => {}
            _ if done(true) => wrong("it was acknowledged as read"),
            "delivered" => {}
            _ if done(false) => wrong("it was acknowledged"),
            "pending" => {
                let is_recalled = recalled().find(|recall| {
                    recall.call.is_done()
                        && recall.call.ended < status.begun
                        && named().all(|push| push.call.settled() < recall.call.begun)
                });
                if is_recalled.is_some() {
                    wrong("it was recalled");
                }
            }
            _ => {}
        }
    }
}
