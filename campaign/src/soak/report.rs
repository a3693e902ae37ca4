//! The tables of a soak.

use std::{collections::BTreeMap, fmt::Write, io, time::Duration};

use bench::{machine, markdown::table, statistics::Sample};

use super::{Loaded, watch::Growth};
use crate::{client::Outcome, findings::Findings};

/// Checks that no call failed, and returns the report in Markdown.
#[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53 calls")]
pub(super) fn print(
    systems: &[Loaded],
    took: Duration,
    growths: &[Growth],
    findings: &Findings,
) -> io::Result<String> {
    let mut calls = table(["", "calls", "per second", "p50", "p99", "longest", "failed"]);
    let mut kinds = table(["call", "pools of processes", "p50", "p99", "local", "p50", "p99"]);
    let mut by_kind: BTreeMap<_, Vec<Sample>> = BTreeMap::new();
    for system in systems {
        let journal = system.workload.client.journal();
        let entries = journal.get(system.calls_before..).unwrap_or_default();
        let failed = entries.iter().filter(|entry| entry.outcome != Outcome::Success).count();
        findings.check(failed == 0, || format!("{}: {failed} calls failed", system.name));
        let millis: Sample = entries.iter().map(|entry| entry.took.as_secs_f64() * 1000.0).collect();
        calls.add_row([
            system.name.to_owned(),
            millis.len().to_string(),
            format!("{:.0}", millis.len() as f64 / took.as_secs_f64()),
            format!("{:.1} ms", millis.median()),
            format!("{:.1} ms", millis.quantile(0.99)),
            format!("{:.0} ms", millis.quantile(1.0)),
            failed.to_string(),
        ]);
        let mut samples: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        for entry in entries {
            samples.entry(entry.kind).or_default().push(entry.took.as_secs_f64() * 1000.0);
        }
        for (kind, millis) in samples {
            by_kind.entry(kind).or_default().push(Sample::of(&millis));
        }
    }
    for (kind, samples) in by_kind {
        let mut row = vec![kind.name().to_owned()];
        for sample in samples {
            row.push(sample.len().to_string());
            row.extend([0.5, 0.99].map(|share| format!("{:.1} ms", sample.quantile(share))));
        }
        kinds.add_row(row);
    }
    let mut report = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        report,
        "{}\n\n{calls}\n\n{kinds}\n\n{}\n",
        machine::today_on_this_machine()?,
        of_processes(growths)
    );
    Ok(report)
}

/// A row for each program.
fn of_processes(growths: &[Growth]) -> String {
    let mut rows = table([
        "program",
        "processes",
        "memory",
        "growth, median",
        "growth, most",
        "descriptors, before and at the end",
    ]);
    let mut programs: BTreeMap<_, Vec<&Growth>> = BTreeMap::new();
    for growth in growths {
        programs.entry(growth.name.as_str()).or_default().push(growth);
    }
    for (name, growths) in programs {
        let sample =
            |value: fn(&Growth) -> f64| growths.iter().map(|growth| value(growth)).collect::<Sample>();
        let growth = sample(Growth::of_rss);
        rows.add_row([
            name.to_owned(),
            growths.len().to_string(),
            format!("{:.1} MB", sample(|growth| growth.rss[1]).median() / 1e6),
            format!("{:+.1} %", growth.median() * 100.0),
            format!("{:+.1} %", growth.quantile(1.0) * 100.0),
            format!(
                "{}, {}",
                sample(|growth| growth.descriptors[0]).quantile(1.0),
                sample(|growth| growth.descriptors[1]).quantile(1.0)
            ),
        ]);
    }
    rows.to_string()
}
