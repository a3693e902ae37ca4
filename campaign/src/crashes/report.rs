//! The result: a table by function, and the failures.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use bench::markdown::table;
use local::template::Template;

use super::runner::{Case, Outcome};

#[derive(Default)]
struct Row {
    scenarios: usize,
    requests: usize,
    cases: usize,
    failures: usize,
    /// Summed over cases that ran at the same time.
    took: Duration,
}

#[derive(Default)]
pub(super) struct Report {
    /// By the function's logical id.
    rows: BTreeMap<&'static str, Row>,
    /// The differences of the tables that occurred and are allowed.
    allowed: BTreeSet<String>,
    failures: Vec<String>,
}

impl Report {
    /// Adds the run of a scenario without a crash.
    pub(super) fn add_scenario(&mut self, case: &Case, outcome: &Outcome) {
        let row = self.add(case, outcome);
        row.scenarios += 1;
        row.requests += outcome.observed.as_ref().map_or(0, |observed| observed.requests.len());
    }

    /// Adds a case.
    pub(super) fn add_case(&mut self, case: &Case, outcome: &Outcome) {
        self.add(case, outcome).cases += 1;
        let reasons = outcome.observed.iter().flat_map(|observed| &observed.allowed);
        self.allowed.extend(reasons.map(|reason| format!("{}: {reason}", case.scenario)));
    }

    fn add(&mut self, case: &Case, outcome: &Outcome) -> &mut Row {
        let failure = outcome.failure.as_ref().map(|failure| format!("{case}\n{failure}"));
        let row = self.rows.entry(case.scenario.function).or_default();
        row.failures += usize::from(failure.is_some());
        row.took += outcome.took;
        self.failures.extend(failure);
        row
    }

    /// A Markdown table in the order of the template, the allowed differences, and the failures.
    pub(super) fn table(&self, template: &Template, took: Duration) -> String {
        let mut table = table(["function", "scenarios", "store requests", "cases", "failures", "seconds"]);
        let mut add = |name: &str, row: &Row, took: Duration| {
            let numbers =
                [row.scenarios, row.requests, row.cases, row.failures].map(|number| number.to_string());
            let seconds = format!("{:.1}", took.as_secs_f64());
            table.add_row([name.to_owned()].into_iter().chain(numbers).chain([seconds]));
        };
        let mut all = Row::default();
        for function in &template.functions {
            let Some(row) = self.rows.get(function.id.as_str()) else { continue };
            add(&function.id, row, row.took);
            all.scenarios += row.scenarios;
            all.requests += row.requests;
            all.cases += row.cases;
            all.failures += row.failures;
        }
        add("all", &all, took);
        let allowed = self.allowed.iter().map(|reason| format!("- {reason}\n"));
        let failures = self.failures.iter().map(|failure| format!("\nFAILED {failure}\n"));
        format!(
            "{table}\n\nAllowed differences of the tables:\n\n{}{}",
            allowed.collect::<String>(),
            failures.collect::<String>()
        )
    }

    /// An error if a case failed.
    pub(super) fn result(&self) -> io::Result<()> {
        let count = self.failures.len();
        if count == 0 { Ok(()) } else { Err(io::Error::other(format!("{count} cases failed"))) }
    }
}
