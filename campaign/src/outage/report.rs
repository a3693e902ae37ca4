//! The checks of the phases, and their table.

use std::{fmt::Write, io, time::Duration};

use bench::{machine, markdown::table, statistics::Sample};

use super::{StoreFault, phase::Phase};
use crate::{
    client::{Entry, Outcome},
    findings::Findings,
};

/// The bound of an answer: `api::RESPONSE_DEADLINE` for a function, behind an authorizer that has used its time at the store.
const LONGEST_CALL: Duration = Duration::from_secs(8);
/// The time of one request at the store, and what a busy machine adds.
const LONGEST_ANSWER: Duration = Duration::from_millis(3_500);
/// The bound of requests at the store, as a multiple of those without retries.
const AMPLIFICATION: f64 = 1.2;
/// The time until full service.
const RECOVERY: Duration = Duration::from_secs(5);
/// The p99 of normal service is reached again at this multiple, and what a busy machine adds.
const NORMAL_AGAIN: f64 = 2.0;
const NOISE_MILLIS: f64 = 50.0;

/// The calls that started in a phase.
struct Calls<'e>(Vec<&'e Entry>);

impl Calls<'_> {
    fn count(&self, outcome: Outcome) -> usize {
        self.0.iter().filter(|entry| entry.outcome == outcome).count()
    }

    fn longest(&self) -> Duration {
        self.0.iter().map(|entry| entry.took).max().unwrap_or_default()
    }

    fn millis(&self) -> Sample {
        self.0.iter().map(|entry| entry.took.as_secs_f64() * 1000.0).collect()
    }
}

/// Checks the phases, and returns the report in Markdown.
pub(super) fn print(phases: &[Phase], journal: &[Entry], findings: &Findings) -> io::Result<String> {
    let calls_of = |phase: &Phase| {
        Calls(journal.iter().filter(|entry| (phase.from..phase.to).contains(&entry.started)).collect())
    };
    let normal = phases.first().map(calls_of);
    let normal_p99 = normal.map(|calls| calls.millis().quantile(0.99)).unwrap_or_default();
    let mut answers = table(["", "calls", "200", "500", "p50", "p99", "longest", "longest of a function"]);
    let mut store = table([
        "",
        "answers of functions",
        "requests at the store",
        "retries",
        "amplification",
        "new processes",
    ]);
    let mut recoveries = table(["after", "last call that failed, started", "p99 of the calls from 5 s on"]);
    let mut before = None;
    for phase in phases {
        let calls = calls_of(phase);
        let sample = calls.millis();
        answers.add_row([
            phase.name.clone(),
            calls.0.len().to_string(),
            calls.count(Outcome::Success).to_string(),
            calls.count(Outcome::SystemError).to_string(),
            format!("{:.0} ms", sample.median()),
            format!("{:.0} ms", sample.quantile(0.99)),
            format!("{:.0} ms", sample.quantile(1.0)),
            format!("{} ms", phase.processes.longest.as_millis()),
        ]);
        let amplification = amplification(phase);
        store.add_row([
            phase.name.clone(),
            phase.processes.answers.to_string(),
            phase.store_requests.to_string(),
            phase.processes.store_retries.to_string(),
            format!("{amplification:.3}"),
            phase.processes.started.to_string(),
        ]);
        check_processes(phase, findings);
        if phase.fault.is_some() {
            check_fault(phase, &calls, amplification, findings);
        } else if let Some(fault) = before {
            recoveries.add_row(recovery(fault, phase, &calls, normal_p99, findings));
        } else {
            let failed = calls.count(Outcome::SystemError);
            findings.check(failed == 0, || format!("{failed} calls failed in normal service"));
        }
        before = phase.fault.map(|_| phase.name.as_str());
    }
    let mut report = String::new();
    // Writing to a string cannot fail.
    let _ =
        writeln!(report, "{}\n\n{answers}\n\n{store}\n\n{recoveries}\n", machine::today_on_this_machine()?);
    Ok(report)
}

/// The requests at the store as a multiple of those without the retries that the functions' logs report. The warm-up requests of new
/// processes do not count. Refused connections reach no proxy: each answer stands for one attempt without retries, so the true
/// figure is lower.
#[expect(clippy::cast_precision_loss, reason = "there are thousands")]
fn amplification(phase: &Phase) -> f64 {
    let processes = &phase.processes;
    let without = match phase.fault {
        Some(StoreFault::Refused) => processes.answers,
        _ => phase.store_requests.saturating_sub(processes.started + processes.store_retries),
    };
    1.0 + processes.store_retries as f64 / without.max(1) as f64
}

fn check_processes(phase: &Phase, findings: &Findings) {
    let (name, processes) = (&phase.name, &phase.processes);
    findings.check(processes.lost.is_empty(), || format!("{name}: {:?}", processes.lost));
    let errors = &processes.function_errors;
    findings.check(errors.is_empty(), || format!("{name}: functions ended with errors: {errors:?}"));
}

fn check_fault(phase: &Phase, calls: &Calls, amplification: f64, findings: &Findings) {
    let name = &phase.name;
    let longest = calls.longest();
    findings.check(longest <= LONGEST_CALL, || format!("{name}: a call took {longest:?}"));
    let longest = phase.processes.longest;
    findings.check(longest <= LONGEST_ANSWER, || format!("{name}: a function took {longest:?}"));
    findings
        .check(amplification <= AMPLIFICATION, || format!("{name}: the amplification is {amplification:.3}"));
}

/// Checks the service after a fault, and returns its row.
fn recovery(fault: &str, phase: &Phase, calls: &Calls, normal_p99: f64, findings: &Findings) -> [String; 3] {
    let since = |entry: &&&Entry| entry.started.duration_since(phase.from);
    let failed = calls.0.iter().filter(|entry| entry.outcome != Outcome::Success);
    let last = failed.max_by_key(|entry| entry.started).map(|entry| since(&entry));
    findings.check(last.is_none_or(|last| last <= RECOVERY), || {
        format!("after {fault}: a call failed that started {last:?} later")
    });
    let later = Calls(calls.0.iter().filter(|entry| since(entry) > RECOVERY).copied().collect());
    let p99 = later.millis().quantile(0.99);
    findings.check(p99 <= normal_p99 * NORMAL_AGAIN + NOISE_MILLIS, || {
        format!("after {fault}: the p99 is {p99:.0} ms, {normal_p99:.0} ms before")
    });
    let last = last.map_or_else(|| "none failed".to_owned(), |last| format!("{} ms later", last.as_millis()));
    [fault.to_owned(), last, format!("{p99:.0} ms; {normal_p99:.0} ms before")]
}
