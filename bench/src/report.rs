//! What was measured, for people and for programs, and what of it is not as it should be.

use std::{fmt::Write as _, io};

use serde::Serialize;

use crate::{
    event::HELLO,
    markdown::table,
    measure::{Measured, Subject, sample},
    noise::DRIFT,
    outage::Endured,
};

/// The stub's latency that the limits are about, in milliseconds.
pub const LATENCY_MILLIS: u64 = 5;

/// The figures of one subject. Milliseconds and megabytes, unless it says otherwise.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// The call.
    pub call: String,
    /// The build, if there are several.
    pub build: String,
    /// The size of the bootstrap.
    pub bootstrap_mb: f64,
    /// From being spawned to asking for the first event, without the connection.
    pub start: f64,
    /// The same, as a multiple of `hello`'s.
    pub start_ratio: f64,
    /// Opening the connection to the store, from reading the certificates to trust until the warm-up was answered.
    pub connection: f64,
    /// Resident memory after all invocations.
    pub rss_mb: f64,
    /// The most there ever was.
    pub peak_rss_mb: f64,
    /// The same, as a multiple of `hello`'s.
    pub peak_rss_ratio: f64,
    /// With a store that answers at once.
    pub at_once: Latency,
    /// With a store that takes 5 ms.
    pub at_5_ms: Latency,
    /// The longest answer while the store refused connections, in seconds; of the functions that have a store.
    pub refused_s: Option<f64>,
    /// Requests that reached a failing store, for each call offered.
    pub outage_ratio: Option<f64>,
}

/// The figures of the invocations at one latency of the store.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// The first invocation.
    pub first: f64,
    /// The same, as a multiple of the warm median.
    pub first_ratio: f64,
    /// The median of the warm ones.
    pub p50: f64,
    /// What 99 of 100 do not exceed.
    pub p99: f64,
    /// What of the median is not the store's.
    pub own: f64,
    /// Processor time of one, of the function and of the system on its behalf.
    pub cpu: f64,
}

/// A limit that a figure exceeds.
#[derive(Debug, Serialize)]
pub struct Missed {
    /// The call.
    pub call: String,
    /// What is limited.
    pub what: &'static str,
    /// What it is.
    pub is: f64,
    /// What it may be at most.
    pub limit: f64,
}

/// What was measured of a subject: with a store that answers at once, with one that takes 5 ms, and with one out of order.
pub struct Results {
    /// What was measured.
    pub subject: Subject,
    /// At once.
    pub at_once: Measured,
    /// At 5 ms.
    pub at_5_ms: Measured,
    /// Out of order.
    pub endured: Option<Endured>,
}

const MEGABYTE: f64 = 1_000_000.0;

/// The figures of all subjects.
///
/// # Errors
/// That a bootstrap is gone, or that `hello` was not among the subjects.
pub fn figures(results: &[Results]) -> io::Result<Vec<Figures>> {
    let hello = results.iter().find(|results| results.subject.call.name == HELLO);
    let hello = hello.ok_or_else(|| io::Error::other("hello is not built"))?;
    let start = |results: &Results| sample(&results.at_once.start).median();
    let peak = |results: &Results| sample(&results.at_5_ms.peak_rss).quantile(1.0) / MEGABYTE;
    let of = |results: &Results| {
        #[expect(clippy::cast_precision_loss, reason = "no bootstrap has 2^53 bytes")]
        let size = std::fs::metadata(&results.subject.bootstrap.path)?.len() as f64;
        Ok(Figures {
            call: results.subject.call.name.to_owned(),
            build: results.subject.build.clone(),
            bootstrap_mb: size / MEGABYTE,
            start: start(results),
            start_ratio: start(results) / start(hello),
            connection: sample(&results.at_once.connection).median(),
            rss_mb: sample(&results.at_5_ms.rss).median() / MEGABYTE,
            peak_rss_mb: peak(results),
            peak_rss_ratio: peak(results) / peak(hello),
            at_once: latency(&results.at_once),
            at_5_ms: latency(&results.at_5_ms),
            refused_s: results.endured.map(|endured| endured.refused.as_secs_f64()),
            outage_ratio: results.endured.map(|endured| endured.reached),
        })
    };
    results.iter().map(of).collect()
}

#[expect(clippy::cast_precision_loss, reason = "there are dozens of starts")]
fn latency(measured: &Measured) -> Latency {
    let (first, warm) = (sample(&measured.first).median(), sample(&measured.warm));
    Latency {
        first,
        first_ratio: first / warm.median(),
        p50: warm.median(),
        p99: warm.quantile(0.99),
        own: sample(&measured.own).median(),
        cpu: measured.cpu.iter().sum::<f64>() / measured.cpu.len() as f64,
    }
}

/// What is over a limit.
#[must_use]
pub fn missed(figures: &[Figures]) -> Vec<Missed> {
    let limited = figures.iter().filter(|figures| figures.call != HELLO).flat_map(|figures| {
        [
            ("start, as a multiple of hello's", figures.start_ratio, 1.5),
            ("first invocation, as a multiple of the warm median", figures.at_5_ms.first_ratio, 3.0),
            ("warm p99, as a multiple of the median", figures.at_5_ms.p99 / figures.at_5_ms.p50, 2.0),
            ("own share of a warm call, as a part of the store's 5 ms", figures.at_5_ms.own / 5.0, 0.15),
            ("peak resident memory, as a multiple of hello's", figures.peak_rss_ratio, 2.0),
            ("bootstrap, in MB", figures.bootstrap_mb, 7.5),
            (
                "answer while the store refuses connections, in seconds",
                figures.refused_s.unwrap_or_default(),
                3.0,
            ),
            ("requests for each call in an outage", figures.outage_ratio.unwrap_or_default(), 1.1),
        ]
        .map(|(what, is, limit)| Missed { call: figures.name(), what, is, limit })
    });
    limited.filter(|limited| limited.is > limited.limit).collect()
}

impl Figures {
    fn name(&self) -> String {
        if self.build.is_empty() { self.call.clone() } else { format!("{} ({})", self.call, self.build) }
    }
}

/// Two tables in Markdown: how a function starts, and how it answers.
#[must_use]
pub fn tables(figures: &[Figures]) -> String {
    let mut starts = table([
        "",
        "bootstrap",
        "start",
        "connection",
        "first call, 0 ms",
        "first call, 5 ms",
        "memory, peak",
        "memory, idle",
    ]);
    let mut answers = table([
        "",
        "p50, 0 ms",
        "p99, 0 ms",
        "p50, 5 ms",
        "p99, 5 ms",
        "own share",
        "CPU",
        "store refuses",
        "outage",
    ]);
    let hello = figures.iter().find(|figures| figures.call == HELLO);
    for of in figures {
        let by_hello = |is: f64, hello: f64| format!("{is:.2} ms (×{:.1})", is / hello);
        let first = |latency: &Latency| format!("{:.2} ms (×{:.1} warm)", latency.first, latency.first_ratio);
        starts.add_row([
            of.name(),
            format!("{:.1} MB", of.bootstrap_mb),
            format!("{:.1} ms (×{:.2})", of.start, of.start_ratio),
            format!("{:.1} ms", of.connection),
            first(&of.at_once),
            first(&of.at_5_ms),
            format!("{:.1} MB (×{:.2})", of.peak_rss_mb, of.peak_rss_ratio),
            format!("{:.1} MB", of.rss_mb),
        ]);
        let (at_once, cpu) = hello.map_or((1.0, 1.0), |hello| (hello.at_once.p50, hello.at_5_ms.cpu));
        answers.add_row([
            of.name(),
            by_hello(of.at_once.p50, at_once),
            format!("{:.2} ms", of.at_once.p99),
            format!("{:.2} ms", of.at_5_ms.p50),
            format!("{:.2} ms (×{:.2})", of.at_5_ms.p99, of.at_5_ms.p99 / of.at_5_ms.p50),
            format!("{:.2} ms ({:.0} %)", of.at_5_ms.own, of.at_5_ms.own / 5.0 * 100.0),
            by_hello(of.at_5_ms.cpu, cpu),
            of.refused_s.map_or_else(String::new, |seconds| format!("{seconds:.2} s")),
            of.outage_ratio.map_or_else(String::new, |ratio| format!("×{ratio:.2}")),
        ]);
    }
    format!("{starts}\n\n{answers}\n")
}

/// Why what was measured should not be believed, if there is a reason.
#[must_use]
pub fn doubts(results: &[Results], others: (f64, bool)) -> Option<String> {
    let mut doubts = String::new();
    if let (share, true) = others {
        let _ = write!(doubts, "Others took {:.0} % of the processors. ", share * 100.0);
    }
    if let Some(hello) = results.iter().find(|results| results.subject.call.name == HELLO) {
        let (early, late) = hello.at_once.warm.split_at(hello.at_once.warm.len() / 2);
        let drift = sample(late).median() / sample(early).median() - 1.0;
        if drift.abs() > DRIFT {
            let _ = write!(doubts, "hello took {:+.0} % in the second half. ", drift * 100.0);
        }
    }
    (!doubts.is_empty()).then_some(doubts)
}
