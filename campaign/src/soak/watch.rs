//! Memory and descriptors of processes over time.

use std::{collections::BTreeMap, time::Duration};

use bench::{
    resources::{self, Resources},
    statistics::Sample,
};

use crate::findings::Findings;

/// The growth limit of a function's resident memory, as in `make load`.
const GROWTH: f64 = 0.05;
/// The limit of `local`: its embedded database caches pages, and its allocator serves many threads.
const GROWTH_OF_LOCAL: f64 = 0.10;
/// The descriptors that a process may have more at the end: a connection that was not needed before.
const DESCRIPTORS: f64 = 2.0;
/// The descriptors that any process may have: it keeps a connection to the store for each of the 25 requests that an invocation
/// has at the same time, when inboxes have become long enough for it, and 11 others.
const DESCRIPTORS_OF_ALL: f64 = 36.0;
/// A process is warm after this many answers, and is judged after as many more.
const WARM_AFTER: u64 = 100;

/// A process to sample.
pub(super) struct Watched {
    pub(super) id: u32,
    pub(super) name: String,
    /// Its answers so far; `None` if they are not counted.
    pub(super) answers: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Watch(BTreeMap<u32, Series>);

#[derive(Debug, Default)]
struct Series {
    name: String,
    points: Vec<Point>,
    answers: Option<u64>,
}

#[derive(Debug)]
struct Point {
    at: Duration,
    rss: f64,
    descriptors: f64,
    is_warm: bool,
}

/// The growth of a process between the second sixth of the time and the last one.
#[derive(Debug)]
pub(super) struct Growth {
    pub(super) name: String,
    pub(super) answers: Option<u64>,
    /// Medians of resident memory, in bytes: before and at the end.
    pub(super) rss: [f64; 2],
    /// Medians of open descriptors.
    pub(super) descriptors: [f64; 2],
}

impl Watch {
    /// Adds a sample of each process that runs.
    pub(super) fn sample(&mut self, at: Duration, processes: &[Watched]) {
        for watched in processes {
            let Some(Resources { rss, descriptors }) = resources::of_process(watched.id) else { continue };
            let series = self.0.entry(watched.id).or_default();
            series.name.clone_from(&watched.name);
            series.answers = watched.answers;
            let is_warm = watched.answers.is_none_or(|answers| answers >= WARM_AFTER);
            series.points.push(Point { at, rss, descriptors, is_warm });
        }
    }

    /// The growth of each process that was warm in the second sixth of `time`, checked against the limits.
    pub(super) fn growths(&self, time: Duration, findings: &Findings) -> Vec<Growth> {
        let growths = self.0.values().filter_map(|series| series.growth(time));
        let growths = growths.inspect(|growth| {
            let limit = if growth.answers.is_none() { GROWTH_OF_LOCAL } else { GROWTH };
            let Growth { name, rss, descriptors, .. } = growth;
            findings.check(growth.of_rss() <= limit, || {
                format!("the memory of {name} grew from {} to {}", rss[0], rss[1])
            });
            let most = (descriptors[0] + DESCRIPTORS).max(DESCRIPTORS_OF_ALL);
            findings.check(descriptors[1] <= most, || {
                format!("the descriptors of {name} grew from {} to {}", descriptors[0], descriptors[1])
            });
        });
        growths.collect()
    }
}

impl Series {
    fn growth(&self, time: Duration) -> Option<Growth> {
        let judged = self.answers.is_none_or(|answers| answers >= 2 * WARM_AFTER);
        let of = |from: Duration, to: Duration, value: fn(&Point) -> f64| {
            let points = self.points.iter().filter(|point| point.is_warm && (from..to).contains(&point.at));
            let sample: Sample = points.map(value).collect();
            (judged && !sample.is_empty()).then(|| sample.median())
        };
        let medians = |value| {
            let before = of(time / 6, time / 3, value)?;
            Some([before, of(time * 5 / 6, time * 2, value)?])
        };
        Some(Growth {
            name: self.name.clone(),
            answers: self.answers,
            rss: medians(|point| point.rss)?,
            descriptors: medians(|point| point.descriptors)?,
        })
    }
}

impl Growth {
    /// As a fraction.
    pub(super) fn of_rss(&self) -> f64 {
        self.rss[1] / self.rss[0] - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(sizes: impl Fn(u32) -> f64) -> Series {
        let point = |minute: u32| Point {
            at: Duration::from_mins(1) * minute,
            rss: sizes(minute),
            descriptors: 10.0,
            is_warm: true,
        };
        Series { name: "x".to_owned(), points: (1..=30).map(point).collect(), answers: Some(1000) }
    }

    #[test]
    fn growth_is_judged_after_the_warm_up() {
        let time = Duration::from_mins(30);
        let flat = watched(|minute| if minute < 5 { 1.0 } else { 100.0 }).growth(time).unwrap();
        assert!(flat.of_rss().abs() < 1e-9);
        let leaking = watched(|minute| 100.0 + f64::from(minute)).growth(time).unwrap();
        assert!(leaking.of_rss() > 0.05, "{leaking:?}");
    }
}
