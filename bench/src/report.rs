//! What was measured, for people and for programs, and what of it is not as it should be.

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

/// The stub's latency that the limits are about, in milliseconds.
pub const LATENCY_MILLIS: u32 = 5;

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
    /// Requests that reached a failing store, for each operation asked for.
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

/// A megabyte in bytes.
pub const MEGABYTE: f64 = 1_000_000.0;

/// The figures of all subjects.
///
/// # Errors
/// That a bootstrap is gone, or that `hello` was not among the subjects.
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

/// What is over a limit.
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
    /// The own share, as a part of the time that the stub takes for a request.
    fn own_part(&self) -> f64 {
        self.own / f64::from(LATENCY_MILLIS)
    }
}

/// Two tables in Markdown: how a function starts, and how it answers. A ratio with × is to `hello`.
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

/// Why what was measured should not be believed, if there is a reason.
#[must_use]
pub fn doubts(results: &[Results], others: (f64, bool)) -> Option<String> {
    let mut doubts = String::new();
    if let (share, true) = others {
        let _ = write!(doubts, "Others took {:.0} % of the processors. ", share * 100.0);
    }
    if let Some(hello) = results.iter().find(|results| results.subject.call.name == HELLO) {
        let (early, late) = hello.at_once.warm.split_at(hello.at_once.warm.len() / 2);
        let drift = Sample::of(late).median() / Sample::of(early).median() - 1.0;
        if drift.abs() > DRIFT {
            let _ = write!(doubts, "hello took {:+.0} % in the second half. ", drift * 100.0);
        }
    }
    (!doubts.is_empty()).then_some(doubts)
}
