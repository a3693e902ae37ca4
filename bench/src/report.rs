//! The results: figures for JSON, tables in Markdown, exceeded limits, and doubts about the machine.

use std::{fmt::Write as _, io};

use serde::Serialize;

use crate::{
    event::HELLO,
    markdown::table,
    measure::{Measured, Subject},
    noise::DRIFT,
    outage::Endured,
    statistics::Sample,
};

/// The stub's latency to which the limits apply, in milliseconds.
pub const LATENCY_MILLIS: u32 = 5;

/// The figures of one subject. Times are medians in milliseconds unless stated otherwise.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub call: String,
    /// The label of the build; empty for the only one.
    pub build: String,
    pub bootstrap_mb: f64,
    /// From the spawn to the first request for an event, without [`connection`](Self::connection).
    pub start: f64,
    /// As a multiple of `hello`'s start.
    pub start_ratio: f64,
    /// Opening the connection to the store, from reading the trusted certificates to the answer of the warm-up request.
    pub connection: f64,
    /// Median resident memory after all invocations.
    pub rss_mb: f64,
    /// The highest peak resident memory of any process.
    pub peak_rss_mb: f64,
    /// As a multiple of `hello`'s peak.
    pub peak_rss_ratio: f64,
    /// With a store without latency.
    pub at_once: Latency,
    /// With a store latency of 5 ms.
    pub at_5_ms: Latency,
    /// The longest answer while the store refused connections, in seconds; `None` without a store.
    pub refused_s: Option<f64>,
    /// Requests to a failing store, as a multiple of those without retries; `None` without a store.
    pub outage_ratio: Option<f64>,
}

/// The figures of the invocations at one latency of the store, in milliseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// The median of the first invocations.
    pub first: f64,
    /// As a multiple of the warm median.
    pub first_ratio: f64,
    /// The median of the warm invocations.
    pub p50: f64,
    /// The 99th percentile of the warm invocations.
    pub p99: f64,
    /// The median time of a warm invocation during which no request was at the store.
    pub own: f64,
    /// The mean CPU time of a warm invocation, in user and kernel mode.
    pub cpu: f64,
}

/// A limit that a figure exceeds.
#[derive(Debug, Serialize)]
pub struct Missed {
    pub call: String,
    /// The name of the figure, with its unit.
    pub what: &'static str,
    /// The measured value.
    pub is: f64,
    pub limit: f64,
}

/// The measurements of a subject: without store latency, with 5 ms, and with the store down.
pub struct Results {
    pub subject: Subject,
    pub at_once: Measured,
    pub at_5_ms: Measured,
    /// `None` for `hello`, which has no store.
    pub endured: Option<Endured>,
}

pub const MEGABYTE: f64 = 1_000_000.0;

/// The figures of all subjects.
///
/// # Errors
/// A bootstrap was deleted, or `hello` is not among the subjects.
pub fn figures(results: &[Results]) -> io::Result<Vec<Figures>> {
    let hello = results.iter().find(|results| results.subject.call.name == HELLO);
    let hello = hello.ok_or_else(|| io::Error::other("hello is not built"))?;
    let start = |results: &Results| Sample::of(&results.at_once.start).median();
    let peak = |results: &Results| Sample::of(&results.at_5_ms.peak_rss).quantile(1.0) / MEGABYTE;
    let of = |results: &Results| {
        #[expect(clippy::cast_precision_loss, reason = "no bootstrap has 2^53 bytes")]
        let size = std::fs::metadata(&results.subject.bootstrap.path)?.len() as f64;
        Ok(Figures {
            call: results.subject.call.name.to_owned(),
            build: results.subject.build.clone(),
            bootstrap_mb: size / MEGABYTE,
            start: start(results),
            start_ratio: start(results) / start(hello),
            connection: Sample::of(&results.at_once.connection).median(),
            rss_mb: Sample::of(&results.at_5_ms.rss).median() / MEGABYTE,
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
    let (first, warm) = (Sample::of(&measured.first).median(), Sample::of(&measured.warm));
    Latency {
        first,
        first_ratio: first / warm.median(),
        p50: warm.median(),
        p99: warm.quantile(0.99),
        own: Sample::of(&measured.own).median(),
        cpu: measured.cpu.iter().sum::<f64>() / measured.cpu.len() as f64,
    }
}

/// The figures that exceed a limit; `hello` has no limits.
#[must_use]
pub fn missed(figures: &[Figures]) -> Vec<Missed> {
    let limited = figures.iter().filter(|figures| figures.call != HELLO).flat_map(|figures| {
        [
            ("start, as a multiple of hello's", figures.start_ratio, 1.5),
            ("first invocation, as a multiple of the warm median", figures.at_5_ms.first_ratio, 3.0),
            ("warm p99, as a multiple of the median", figures.at_5_ms.p99 / figures.at_5_ms.p50, 2.0),
            ("own share of a warm call, as a part of the store's 5 ms", figures.at_5_ms.own_part(), 0.15),
            ("peak resident memory, as a multiple of hello's", figures.peak_rss_ratio, 2.0),
            ("bootstrap, in MB", figures.bootstrap_mb, 8.0),
            (
                "answer while the store refuses connections, in seconds",
                figures.refused_s.unwrap_or_default(),
                3.0,
            ),
            (
                "requests in an outage, as a multiple of those without retries",
                figures.outage_ratio.unwrap_or_default(),
                1.2,
            ),
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

impl Latency {
    /// The own time, as a fraction of the stub's latency.
    fn own_part(&self) -> f64 {
        self.own / f64::from(LATENCY_MILLIS)
    }
}

/// Two Markdown tables: starts and answers. A ratio with × is relative to `hello`.
#[must_use]
pub fn tables(figures: &[Figures]) -> String {
    let mut starts = table([
        "",
        "bootstrap",
        "start",
        "connection",
        "both",
        "first call, 0 ms",
        "÷ warm",
        "first call, 5 ms",
        "÷ warm",
        "memory, peak",
        "memory, idle",
    ]);
    let mut answers = table([
        "",
        "p50, 0 ms",
        "p99, 0 ms",
        "p50, 5 ms",
        "p99, 5 ms",
        "p99 ÷ p50",
        "own share",
        "processor",
        "refuses",
        "outage",
    ]);
    let Some(hello) = figures.iter().find(|figures| figures.call == HELLO) else { return String::new() };
    let unlike_hello = |of: f64, hello: f64, unit: &str| format!("{of:.2} {unit} (×{:.1})", of / hello);
    for of in figures {
        starts.add_row([
            of.name(),
            unlike_hello(of.bootstrap_mb, hello.bootstrap_mb, "MB"),
            format!("{:.2} ms (×{:.2})", of.start, of.start_ratio),
            format!("{:.2} ms", of.connection),
            unlike_hello(of.start + of.connection, hello.start, "ms"),
            unlike_hello(of.at_once.first, hello.at_once.first, "ms"),
            format!("{:.1}", of.at_once.first_ratio),
            unlike_hello(of.at_5_ms.first, hello.at_5_ms.first, "ms"),
            format!("{:.1}", of.at_5_ms.first_ratio),
            format!("{:.1} MB (×{:.2})", of.peak_rss_mb, of.peak_rss_ratio),
            unlike_hello(of.rss_mb, hello.rss_mb, "MB"),
        ]);
        answers.add_row([
            of.name(),
            unlike_hello(of.at_once.p50, hello.at_once.p50, "ms"),
            unlike_hello(of.at_once.p99, hello.at_once.p99, "ms"),
            unlike_hello(of.at_5_ms.p50, hello.at_5_ms.p50, "ms"),
            unlike_hello(of.at_5_ms.p99, hello.at_5_ms.p99, "ms"),
            format!("{:.2}", of.at_5_ms.p99 / of.at_5_ms.p50),
            format!("{:.2} ms ({:.0} %)", of.at_5_ms.own, of.at_5_ms.own_part() * 100.0),
            unlike_hello(of.at_5_ms.cpu, hello.at_5_ms.cpu, "ms"),
            of.refused_s.map_or_else(String::new, |seconds| format!("{seconds:.2} s")),
            of.outage_ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        ]);
    }
    format!("{starts}\n\n{answers}\n")
}

/// The reasons to distrust the figures, if any: other load on the machine, or drift of `hello`.
#[must_use]
pub fn doubts(results: &[Results], others: (f64, bool)) -> Option<String> {
    let mut doubts = String::new();
    if let (share, true) = others {
        let _ = write!(doubts, "Others used {:.0} % of the processors. ", share * 100.0);
    }
    if let Some(hello) = results.iter().find(|results| results.subject.call.name == HELLO) {
        let (early, late) = hello.at_once.warm.split_at(hello.at_once.warm.len() / 2);
        let drift = Sample::of(late).median() / Sample::of(early).median() - 1.0;
        if drift.abs() > DRIFT {
            let _ = write!(doubts, "hello changed by {:+.0} % in the second half. ", drift * 100.0);
        }
    }
    (!doubts.is_empty()).then_some(doubts)
}
