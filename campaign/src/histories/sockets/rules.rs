//! The rules of tickets, connections and signals.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attempt, History, SocketApi, Ticket, Told, Topic, api};
use crate::histories::{
    call::{SETTLES, SKEW},
    pushes,
    rule::{Broken, Subject},
    time::{HOUR, MINUTE, Millis, SECOND},
};

/// The time in which a ticket must be used.
const LIFETIME: Millis = 60 * SECOND;

/// The difference between two clocks, and what is rounded to seconds.
const TWO_CLOCKS: Millis = 2 * SKEW + 2 * SECOND;

/// The most connections of a user.
const MOST: usize = 10;

/// The life of a connection in the table.
const STORED: Millis = 2 * HOUR + 5 * MINUTE;

/// The longest that an invocation takes.
const INVOCATION: Millis = 10 * SECOND;

/// A call that the end of its invocation interrupts may still arrive.
const ARRIVES: Millis = SECOND;

pub(super) fn check(history: &History, sockets: &SocketApi) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut report = |rule, at, user, facts: String| {
        broken.push(Broken { rule, at, subject: Subject::Sockets { user }, facts });
    };
    for (at, user, facts) in &history.wrong {
        report("answers are those of the contract", *at, *user, facts.clone());
    }
    let calls = sockets.calls();
    check_tickets(history, &calls, &mut report);
    check_calls(history, &calls, &sockets.batches(), &mut report);
    check_ends(history, &calls, &mut report);
    check_numbers(history, &mut report);
    broken
}

impl Attempt {
    /// Whether the attempt may have stored its connection.
    fn may_be_stored(&self) -> bool {
        self.status != 401 && self.ticket.is_some()
    }

    /// Whether the attempt succeeded and no request to the store failed.
    const fn is_clean(&self) -> bool {
        self.is_open() && !self.met_faults
    }

    const fn settled(&self) -> Millis {
        self.ended + SETTLES
    }
}

/// A ticket opens one connection, within its minute.
fn check_tickets(
    history: &History,
    calls: &[api::Call],
    report: &mut impl FnMut(&'static str, Millis, usize, String),
) {
    let signalled: BTreeSet<_> = calls.iter().map(|call| call.connection.as_str()).collect();
    let mut uses: BTreeMap<usize, Vec<&Attempt>> = BTreeMap::new();
    for attempt in &history.attempts {
        match attempt.ticket {
            Some(ticket) => uses.entry(ticket).or_default().push(attempt),
            None if attempt.is_open() || signalled.contains(attempt.connection.as_str()) => {
                let facts = format!("{attempt:?}");
                report(
                    "only a ticket that was issued opens a connection",
                    attempt.ended,
                    attempt.user,
                    facts,
                );
            }
            None => {}
        }
    }
    for (number, attempts) in uses {
        let ticket = &history.tickets[number];
        let opened: Vec<_> = attempts
            .iter()
            .filter(|attempt| attempt.is_open() || signalled.contains(attempt.connection.as_str()))
            .collect();
        if let [_, second, ..] = opened[..] {
            let facts = format!("{opened:?} with {ticket:?}");
            report("a ticket opens one connection at most", second.ended, ticket.user, facts);
        }
        for attempt in &attempts {
            let age = attempt.begun.saturating_sub(ticket.call.settled());
            if attempt.is_open() && age > LIFETIME + TWO_CLOCKS {
                let facts = format!("{attempt:?} with {ticket:?}");
                report("a ticket opens no connection after its minute", attempt.ended, ticket.user, facts);
            }
            if attempt.status == 401 && must_open(ticket, attempt, &attempts) {
                let facts = format!("{attempt:?} with {ticket:?}");
                report("a ticket that was answered opens a connection", attempt.ended, ticket.user, facts);
            }
        }
    }
}

/// Whether an attempt with a ticket cannot be refused. A ticket whose delete met a fault may be used up for nobody.
fn must_open(ticket: &Ticket, attempt: &Attempt, attempts: &[&Attempt]) -> bool {
    let is_first =
        attempts.iter().all(|other| other.connection == attempt.connection || other.begun > attempt.ended);
    let is_in_time = attempt.ended + TWO_CLOCKS < ticket.call.begun + LIFETIME;
    is_first && is_in_time && !attempt.met_faults
}

/// Whatever is sent to a connection is a signal without a content, about a topic of the connection to which something was
/// written, or the answer to a `ping`; and only surplus connections are ended.
fn check_calls(
    history: &History,
    calls: &[api::Call],
    batches: &[api::Batch],
    report: &mut impl FnMut(&'static str, Millis, usize, String),
) {
    let attempts: BTreeMap<_, _> =
        history.attempts.iter().map(|attempt| (attempt.connection.as_str(), attempt)).collect();
    for call in calls {
        let attempt = attempts.get(call.connection.as_str()).filter(|attempt| attempt.may_be_stored());
        let ticket = attempt.and_then(|attempt| Some((attempt, &history.tickets[attempt.ticket?])));
        let Some((attempt, ticket)) = ticket else {
            let user = attempts.get(call.connection.as_str()).map_or(0, |attempt| attempt.user);
            report("a connection that was refused gets nothing", call.at, user, format!("{call:?}"));
            continue;
        };
        let mut break_rule = |rule| report(rule, call.at, ticket.user, format!("{call:?} of {attempt:?}"));
        if call.at > attempt.settled() + STORED + TWO_CLOCKS + INVOCATION {
            break_rule("a connection ends after 2 hours");
        }
        let Some(message) = &call.message else {
            if !is_surplus(history, attempt, call.at) {
                break_rule("a connection is closed for newer ones of its user only");
            }
            continue;
        };
        if message == r#"{"type":"pong"}"# {
            if !is_answer(&history.pings, call) {
                break_rule("a pong answers a ping of the same connection");
            }
            continue;
        }
        let Some(topic) = Topic::of_signal(message, &pushes::user_id(ticket.user)) else {
            break_rule("a signal has no content");
            continue;
        };
        // One batch follows the other.
        let first = batches.partition_point(|batch| batch.ended + ARRIVES < call.at);
        let under_way = batches[first..].iter().take_while(|batch| batch.begun <= call.at);
        let under_way: Vec<_> = under_way.flat_map(|batch| &batch.topics).collect();
        let is_written = under_way.contains(&&topic);
        // A signal of an inbox names no user.
        let is_of_another = matches!(topic, Topic::Inbox(_))
            && under_way.iter().any(|other| matches!(other, Topic::Inbox(_)));
        if !ticket.topics.contains(&topic) || (!is_written && is_of_another) {
            break_rule("a signal reaches connections of its user or chat only");
        } else if !is_written {
            break_rule("a signal is sent only if something was written");
        }
    }
    check_counts(calls, batches, &attempts, history, report);
}

/// A connection gets at most one signal for each batch with its topic.
fn check_counts(
    calls: &[api::Call],
    batches: &[api::Batch],
    attempts: &BTreeMap<&str, &Attempt>,
    history: &History,
    report: &mut impl FnMut(&'static str, Millis, usize, String),
) {
    let mut begun: BTreeMap<&Topic, Vec<Millis>> = BTreeMap::new();
    for batch in batches {
        for topic in &batch.topics {
            begun.entry(topic).or_default().push(batch.begun);
        }
    }
    let mut sent: BTreeMap<(&str, Topic), usize> = BTreeMap::new();
    for call in calls {
        let attempt = attempts.get(call.connection.as_str());
        let (Some(attempt), Some(message)) = (attempt, &call.message) else { continue };
        let Some(topic) = Topic::of_signal(message, &pushes::user_id(attempt.user)) else { continue };
        let batches = begun.get(&topic).map_or(&[][..], Vec::as_slice);
        let batches = batches.partition_point(|begun| *begun <= call.at)
            - batches.partition_point(|begun| *begun + INVOCATION < attempt.begun);
        let sent = sent.entry((&call.connection, topic)).or_default();
        *sent += 1;
        if *sent > batches {
            let facts = format!("{call:?}, {sent} signals for {batches} batches of {attempt:?}");
            let user = attempt.ticket.map_or(0, |ticket| history.tickets[ticket].user);
            report("a signal is sent only if something was written", call.at, user, facts);
        }
    }
}

/// Whether a connection may be too many for its user: there are ten others, and one of them is being opened.
fn is_surplus(history: &History, closed: &Attempt, at: Millis) -> bool {
    let others = || {
        history.attempts.iter().filter(|other| {
            other.user == closed.user
                && other.connection != closed.connection
                && other.may_be_stored()
                && other.begun <= at
                && at < other.settled() + STORED + TWO_CLOCKS
        })
    };
    let is_opening = others().any(|other| at <= other.ended + ARRIVES);
    is_opening && others().count() >= MOST
}

fn is_answer(pings: &[Told], pong: &api::Call) -> bool {
    pings.iter().any(|ping| {
        ping.connection == pong.connection && ping.begun <= pong.at && pong.at <= ping.ended + ARRIVES
    })
}

/// A connection of whose end the function was told gets no signal any more, unless an earlier removal may have failed half-way: it
/// leaves an item in a topic, which the next signal or the next connection of the user removes.
fn check_ends(
    history: &History,
    calls: &[api::Call],
    report: &mut impl FnMut(&'static str, Millis, usize, String),
) {
    let attempts: BTreeMap<_, _> =
        history.attempts.iter().map(|attempt| (attempt.connection.as_str(), attempt)).collect();
    for end in history.ends.iter().filter(|end| end.is_clean) {
        let Some(attempt) = attempts.get(end.connection.as_str()).filter(|attempt| attempt.is_clean()) else {
            continue;
        };
        let own = || calls.iter().filter(|call| call.connection == end.connection);
        let was_removed_before = own().any(|call| call.is_gone && call.at < end.ended)
            || history.ends.iter().any(|other| other.connection == end.connection && !other.is_clean)
            || history.attempts.iter().any(|other| {
                other.user == attempt.user
                    && other.met_faults
                    && attempt.begun < other.settled()
                    && other.begun < end.ended
            });
        if was_removed_before {
            continue;
        }
        // A batch under way has read the connection before.
        let late = own().find(|call| call.message.is_some() && call.at > end.ended + INVOCATION + ARRIVES);
        if let Some(late) = late {
            let facts = format!("{late:?} after {end:?} of {attempt:?}");
            report("a connection that ended gets no signal", late.at, attempt.user, facts);
        }
    }
}

/// After the last attempt that met no fault, a user has at most ten connections, and those of attempts that may have failed since.
fn check_numbers(history: &History, report: &mut impl FnMut(&'static str, Millis, usize, String)) {
    for user in 0..super::USERS {
        let own: Vec<_> = history.attempts.iter().filter(|attempt| attempt.user == user).collect();
        for stored in &history.stored {
            let count = stored.connections.get(&pushes::user_id(user)).copied().unwrap_or_default();
            let ended = || own.iter().filter(|attempt| attempt.ended <= stored.at);
            let last = ended().filter(|attempt| attempt.is_clean()).map(|attempt| attempt.begun).max();
            let Some(last) = last else { continue };
            let unclean = ended().filter(|attempt| {
                attempt.may_be_stored() && !attempt.is_clean() && attempt.settled() >= last
            });
            let unclean = unclean.count();
            if count > MOST + unclean {
                let facts = format!("{count} connections, {unclean} attempts that met faults");
                report("a user has at most ten connections", stored.at, user, facts);
            }
        }
    }
}
