//! The choice of a memory size: latency and cost of calls under the CPU share of each size.

use std::{collections::BTreeSet, io, sync::Arc};

use api::Clock;
use comfy_table::Table;
use local::dynamodb::CHAT_TABLE;
use model::{BoundedText, ChatId, Source, Timestamp};
use serde::Serialize;
use store::{
    RecordId, Retention,
    chat_log::{self, Turn, TurnRecord},
};

use crate::{
    cpu_quota::{CpuQuota, MEGABYTES_OF_A_VCPU},
    event::{self, Call},
    harness::Harness,
    markdown::table,
    measure::{Measured, Subject},
    prices::{Architecture, Prices},
    report::MEGABYTE,
    statistics::Sample,
};

/// The measured sizes, in MB; the largest has one vCPU.
pub const SIZES: [u32; 5] = [128, 256, 512, 1_024, MEGABYTES_OF_A_VCPU];

/// The limit of a call's time, as a multiple of its time with one whole vCPU.
const SLOWER: f64 = 2.0;

/// The minimum size, as a multiple of the peak memory: Lambda's own processes need some, and contents vary.
const ROOM: f64 = 2.0;

/// A negligible price difference, in dollars per million calls: half a percent of API Gateway's price.
const NEGLIGIBLE: f64 = 0.02;

/// The turns of the long chat log. About 3,100 turns fill an answer, which is limited to 5.5 MB of JSON.
const TURNS: u32 = 3_500;

/// Stores the chat log of [`event::LONG_CHAT`], with turns of 1.8 KB each.
pub async fn seed(harness: &Harness) -> io::Result<()> {
    let chat_table = harness.table(CHAT_TABLE);
    let chat = ChatId::parse(event::LONG_CHAT).map_err(io::Error::other)?;
    let now = Clock::system().now();
    for number in 0..TURNS {
        let record = TurnRecord {
            question: "请问我的订单什么时候可以送到?".repeat(2),
            reply: "您好,您的订单已经发货,预计三天之内送达,请您耐心等待。".repeat(20),
            reply_mode: None,
            expire_at: Retention::days(1).expiry(now),
        };
        let at = Timestamp::from_millis(now.millis() - u64::from(TURNS - number));
        let turn = Turn { at, id: RecordId::fixed(number.into()), record };
        chat_log::put(&chat_table, Source::DEFAULT, &chat, &turn).await.map_err(io::Error::other)?;
    }
    Ok(())
}

/// The figures of one call at one size. Times are in milliseconds.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub call: &'static str,
    /// The memory size, in MB.
    pub size: u32,
    /// The median time from the spawn to the first request for an event. Lambda does not throttle this.
    pub start: f64,
    /// The median of the first invocations.
    pub first: f64,
    /// The median of the warm invocations.
    pub p50: f64,
    /// The 99th percentile of the warm invocations.
    pub p99: f64,
    /// The mean CPU time of a warm invocation.
    pub cpu: f64,
    /// The highest peak resident memory of any process.
    pub peak_rss_mb: f64,
    /// The billed time of a call: the median, rounded up to 1 ms. Other work on the machine would distort the mean.
    pub billed: f64,
    /// Dollars per million calls on arm64, without starts.
    pub dollars_arm64: f64,
    /// Dollars per million calls on `x86_64`, without starts.
    pub dollars_x86_64: f64,
    pub all_first: Vec<f64>,
    pub all_warm: Vec<f64>,
}

/// The CPU quota of each of the [`SIZES`].
pub fn quotas() -> io::Result<Vec<(u32, Arc<CpuQuota>)>> {
    SIZES.into_iter().map(|size| Ok((size, Arc::new(CpuQuota::of_memory(size)?)))).collect()
}

/// The subjects at each size, with the CPU quota and the environment of that size.
#[must_use]
pub fn at_each_size(subjects: &[Subject], quotas: &[(u32, Arc<CpuQuota>)]) -> Vec<(u32, Subject)> {
    let mut sized = Vec::new();
    for (size, quota) in quotas {
        for subject in subjects {
            let mut subject = subject.clone();
            let memory = ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE".to_owned(), size.to_string());
            subject.bootstrap.environment.extend([memory]);
            subject.quota = Some(Arc::clone(quota));
            sized.push((*size, subject));
        }
    }
    sized
}

#[must_use]
#[expect(clippy::cast_precision_loss, reason = "there are dozens of starts")]
pub fn figures(call: &Call, size: u32, measured: &Measured, prices: &Prices) -> Figures {
    let starts: Sample = measured
        .start
        .iter()
        .zip(&measured.connection)
        .map(|(start, connection)| start + connection)
        .collect();
    let warm = Sample::of(&measured.warm);
    let billed = warm.median().ceil();
    let dollars = |architecture| prices.function(architecture, size, billed);
    Figures {
        call: call.name,
        size,
        start: starts.median(),
        first: Sample::of(&measured.first).median(),
        p50: warm.median(),
        p99: warm.quantile(0.99),
        cpu: measured.cpu.iter().sum::<f64>() / measured.cpu.len() as f64,
        peak_rss_mb: Sample::of(&measured.peak_rss).quantile(1.0) / MEGABYTE,
        billed,
        dollars_arm64: dollars(Architecture::Arm64),
        dollars_x86_64: dollars(Architecture::X86_64),
        all_first: measured.first.clone(),
        all_warm: measured.warm.clone(),
    }
}

/// The statistic that decides whether a size is fast enough.
#[derive(Debug, Clone, Copy)]
pub enum Basis {
    /// On a quiet machine.
    P99,
    /// On a machine where other work distorts the p99.
    P50,
}

impl Basis {
    const fn of(self, figures: &Figures) -> f64 {
        match self {
            Self::P99 => figures.p99,
            Self::P50 => figures.p50,
        }
    }
}

/// The chosen size of a call: the cheapest that holds [`ROOM`] times its peak memory and takes at most [`SLOWER`] times as long
/// as one whole vCPU, or the largest such size whose price differs by at most [`NEGLIGIBLE`].
#[must_use]
pub fn choice(figures: &[Figures], call: &str, basis: Basis) -> Option<u32> {
    let of_call: Vec<_> = figures.iter().filter(|figures| figures.call == call).collect();
    let whole = basis.of(of_call.iter().find(|figures| figures.size == MEGABYTES_OF_A_VCPU)?);
    let suits = |figures: &&&Figures| {
        basis.of(figures) <= SLOWER * whole && f64::from(figures.size) >= ROOM * figures.peak_rss_mb
    };
    let suitable: Vec<_> = of_call.iter().filter(suits).collect();
    let cheapest = suitable.iter().map(|figures| figures.dollars_arm64).min_by(f64::total_cmp)?;
    let affordable = suitable.iter().filter(|figures| figures.dollars_arm64 <= cheapest + NEGLIGIBLE);
    affordable.map(|figures| figures.size).max()
}

/// A Markdown table with the chosen size of each call in bold.
#[must_use]
pub fn report(figures: &[Figures], basis: Basis) -> Table {
    let mut report = table([
        "",
        "MB",
        "start",
        "first call",
        "p50",
        "p99",
        "CPU time",
        "memory, peak",
        "a million calls, arm64",
    ]);
    let calls: BTreeSet<_> = figures.iter().map(|figures| figures.call).collect();
    for call in calls {
        let choice = choice(figures, call, basis);
        let mut sizes: Vec<_> = figures.iter().filter(|figures| figures.call == call).collect();
        sizes.sort_by_key(|figures| figures.size);
        for of in sizes {
            let size = if choice == Some(of.size) { format!("**{}**", of.size) } else { of.size.to_string() };
            report.add_row([
                call.to_owned(),
                size,
                format!("{:.1} ms", of.start),
                format!("{:.1} ms", of.first),
                format!("{:.1} ms", of.p50),
                format!("{:.1} ms", of.p99),
                format!("{:.2} ms", of.cpu),
                format!("{:.1} MB", of.peak_rss_mb),
                format!("${:.3}", of.dollars_arm64),
            ]);
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::{Basis, Figures, choice};

    fn figures(size: u32, p99: f64, dollars: f64, peak_rss_mb: f64) -> Figures {
        Figures {
            call: "a call",
            size,
            start: 0.0,
            first: 0.0,
            p50: 0.0,
            p99,
            cpu: 0.0,
            peak_rss_mb,
            billed: 0.0,
            dollars_arm64: dollars,
            dollars_x86_64: 0.0,
            all_first: Vec::new(),
            all_warm: Vec::new(),
        }
    }

    #[test]
    fn the_cheapest_size_is_chosen_that_is_at_most_twice_as_slow_as_a_whole_vcpu() {
        let choice_of = |p99_of_256| {
            choice(
                &[figures(256, p99_of_256, 0.2, 10.0), figures(1_769, 10.0, 0.3, 10.0)],
                "a call",
                Basis::P99,
            )
        };
        assert_eq!(choice_of(20.0), Some(256));
        assert_eq!(choice_of(20.1), Some(1_769));
        let cheaper = [figures(256, 20.0, 0.4, 10.0), figures(1_769, 10.0, 0.3, 10.0)];
        assert_eq!(choice(&cheaper, "a call", Basis::P99), Some(1_769));
        assert_eq!(choice(&[], "a call", Basis::P99), None);
        assert_eq!(
            choice(&[figures(256, 20.1, 0.2, 10.0), figures(1_769, 10.0, 0.3, 10.0)], "a call", Basis::P50),
            Some(256)
        );
    }

    #[test]
    fn a_larger_size_is_chosen_for_a_negligible_price() {
        let choice_of = |dollars| {
            choice(
                &[figures(128, 10.0, 0.0, 10.0), figures(1_769, 10.0, dollars, 10.0)],
                "a call",
                Basis::P99,
            )
        };
        assert_eq!(choice_of(0.02), Some(1_769));
        assert_eq!(choice_of(0.021), Some(128));
    }

    #[test]
    fn a_size_holds_twice_the_peak_memory() {
        let choice_of = |peak| {
            choice(&[figures(128, 10.0, 0.2, peak), figures(1_769, 10.0, 0.3, peak)], "a call", Basis::P99)
        };
        assert_eq!(choice_of(64.0), Some(128));
        assert_eq!(choice_of(64.1), Some(1_769));
    }
}
