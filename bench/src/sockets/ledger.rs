//! The signals that writes have to cause, against those that arrived.

use std::collections::HashMap;

use tokio::time::Instant;

use super::{
    GOAL,
    browsers::{Event, Got},
    population::{Socket, Topic},
    writes::Write,
};
use crate::statistics::Sample;

#[derive(Debug)]
pub(super) struct Outcome {
    /// One signal for each connection that is told about a topic of a write.
    pub(super) expected: usize,
    /// Expected signals that did not arrive before the next write of their topic.
    pub(super) lost: usize,
    /// Repeated signals, and messages that no write causes.
    pub(super) surplus: usize,
    /// Connections that ended.
    pub(super) ended: usize,
    /// Milliseconds from the beginning of a measured write to each of its signals.
    pub(super) from_begin: Sample,
    /// Milliseconds from the answer to a measured write to each of its signals; 0 for one that arrived before the answer.
    pub(super) from_answer: Sample,
}

impl Outcome {
    /// Compares all writes with the events. Latencies are those of the writes from `measured_from` on.
    pub(super) fn of(writes: &[Write], events: &[Event], measured_from: Instant) -> Self {
        let mut arrived: HashMap<(Socket, Topic), Vec<Instant>> = HashMap::new();
        let (mut messages, mut ended) = (0, 0);
        for event in events {
            match event.got {
                Got::Signal(topic) => arrived.entry((event.socket, topic)).or_default().push(event.at),
                Got::Other => {}
                Got::End => ended += 1,
            }
            messages += usize::from(event.got != Got::End);
        }
        let mut written: HashMap<Topic, Vec<&Write>> = HashMap::new();
        for write in writes {
            for topic in &write.topics {
                written.entry(*topic).or_default().push(write);
            }
        }

        let (mut expected, mut lost) = (0, 0);
        let (mut from_begin, mut from_answer) = (Vec::new(), Vec::new());
        for (topic, mut writes) in written {
            writes.sort_unstable_by_key(|write| write.began);
            let next = writes.iter().skip(1).map(|next| Some(next.began)).chain([None]);
            for (write, next) in writes.iter().zip(next) {
                for socket in topic.sockets() {
                    expected += 1;
                    let arrived = arrived.get(&(socket, topic)).into_iter().flatten();
                    let mut own =
                        arrived.filter(|at| **at >= write.began && next.is_none_or(|next| **at < next));
                    let Some(at) = own.next() else {
                        lost += 1;
                        continue;
                    };
                    if write.began >= measured_from {
                        let since = |then| at.saturating_duration_since(then).as_secs_f64() * 1000.0;
                        from_begin.push(since(write.began));
                        from_answer.push(since(write.answered));
                    }
                }
            }
        }
        Self {
            expected,
            lost,
            surplus: messages - (expected - lost),
            ended,
            from_begin: Sample::of(&from_begin),
            from_answer: Sample::of(&from_answer),
        }
    }

    /// The goals that are missed.
    pub(super) fn missed(&self) -> Vec<String> {
        let p99 = self.from_begin.quantile(0.99);
        let goals = [
            (self.lost == 0, format!("{} signals were lost", self.lost)),
            (self.surplus == 0, format!("{} signals were too many", self.surplus)),
            (self.ended == 0, format!("{} sockets ended", self.ended)),
            (p99 <= GOAL, format!("the p99 of signals is {p99:.1} ms, more than {GOAL} ms")),
        ];
        goals.into_iter().filter(|(is_met, _)| !is_met).map(|(_, missed)| missed).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "rounded values are exact")]
    fn each_connection_has_one_signal_for_each_write_of_its_topics() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let write = |topic, began| Write { topics: vec![topic], began: at(began), answered: at(began + 20) };
        let (chat, other) = (Topic::Chat(0), Topic::Chat(1));
        let writes = [write(chat, 10_000), write(other, 100), write(chat, 100)];
        let [one, two]: [Socket; 2] = chat.sockets().collect::<Vec<_>>().try_into().unwrap();
        let signal = |socket, topic, millis| Event { socket, got: Got::Signal(topic), at: at(millis) };
        let mut events: Vec<_> = other.sockets().map(|socket| signal(socket, other, 110)).collect();
        events.extend([signal(one, chat, 150), signal(one, chat, 10_030), signal(two, chat, 10_040)]);

        let outcome = Outcome::of(&writes, &events, at(10_000));
        assert_eq!((outcome.expected, outcome.lost, outcome.surplus, outcome.ended), (6, 1, 0, 0));
        let quantiles = |sample: &Sample| [sample.quantile(0.5), sample.quantile(1.0)].map(f64::round);
        assert_eq!(quantiles(&outcome.from_begin), [30.0, 40.0], "only of the measured write");
        assert_eq!(quantiles(&outcome.from_answer), [10.0, 20.0]);

        // A repeated signal, one before every write, another message, and the end of a connection.
        events.push(signal(two, chat, 10_050));
        events.push(signal(two, chat, 1));
        events.push(Event { got: Got::Other, ..signal(two, chat, 10_000) });
        events.push(Event { got: Got::End, ..signal(two, chat, 10_000) });
        let outcome = Outcome::of(&writes, &events, at(10_000));
        assert_eq!((outcome.expected, outcome.lost, outcome.surplus, outcome.ended), (6, 1, 3, 1));
        assert_eq!(outcome.missed().len(), 3);
    }
}
