//! Crash points: each function is killed at each of its store requests, and the client repeats its call.
//!
//! A function runs as its release bootstrap behind the gateway of a [`tests::System`]. The other functions of the system, which have no
//! faults, are the view from outside. A first run of a scenario, without a crash, records the store requests of one invocation. Each
//! request then is three cases: SIGKILL before DynamoDB has it, after it was applied and before its answer, and after its answer. One
//! case more is a kill after the function has answered. After the crash the client repeats its call, and the scenario checks what
//! partners, users and receivers see. The tables must be those of the run without a crash, and the log must be clean.

#![allow(clippy::indexing_slicing, reason = "a missing member of JSON is null, and no list is indexed")]

mod instance;
mod log;
mod normal_form;
mod point;
mod report;
mod runner;
mod scenarios;
mod tables;
mod world;

use std::{io, path::PathBuf, time::Instant};

use bench::machine::today_on_this_machine;
use clap::Args;
use local::{TEMPLATE, template::Template};

use self::{
    point::Point,
    report::Report,
    runner::{Case, run_all},
    scenarios::Scenario,
};

#[derive(Args)]
pub(crate) struct Crashes {
    /// The bootstraps of the functions: FOLDER/BINARY/bootstrap.
    #[arg(long, value_name = "FOLDER", default_value = "target/lambda")]
    bootstraps: PathBuf,
    /// Run only each Nth crash point. Each scenario still runs without a crash.
    #[arg(long, value_name = "N", default_value = "1")]
    every: std::num::NonZeroUsize,
    /// Run only the scenarios whose function or name contains this text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// The cases that run at a time.
    #[arg(long, value_name = "N", default_value = "4")]
    at_a_time: std::num::NonZeroUsize,
}

impl Crashes {
    pub(crate) fn run(self) -> io::Result<()> {
        let began = Instant::now();
        let template = Template::parse(TEMPLATE).map_err(io::Error::other)?;
        let scenarios = scenarios::all();
        check_complete(&template, &scenarios)?;
        let wanted: Vec<&Scenario> =
            scenarios.iter().filter(|scenario| scenario.to_string().contains(&self.only)).collect();
        if wanted.is_empty() {
            return Err(io::Error::other(format!("no scenario is named like {}", self.only)));
        }
        let mut report = Report::default();

        let undisturbed = wanted.iter().map(|scenario| Case {
            template: &template,
            bootstraps: &self.bootstraps,
            scenario,
            point: None,
            undisturbed: None,
        });
        let undisturbed = run_all(undisturbed.collect(), self.at_a_time.get());
        let mut crashes = Vec::new();
        for (case, outcome) in &undisturbed {
            report.add_scenario(case, outcome);
            // Without a good run there is nothing to compare with.
            let Some(observed) = &outcome.observed else { continue };
            for point in Point::all(observed.requests.len()) {
                crashes.push(Case { point: Some(point), undisturbed: Some(observed), ..*case });
            }
        }
        let selected = crashes.into_iter().step_by(self.every.get()).collect();
        for (case, outcome) in &run_all(selected, self.at_a_time.get()) {
            report.add_case(case, outcome);
        }
        println!("{}.\n\n{}", today_on_this_machine()?, report.table(&template, began.elapsed()));
        report.result()
    }
}

/// Each function of the template needs a scenario, so that a new one cannot be forgotten.
fn check_complete(template: &Template, scenarios: &[Scenario]) -> io::Result<()> {
    let covers = |id: &str| scenarios.iter().any(|scenario| scenario.function == id);
    let missing: Vec<_> =
        template.functions.iter().map(|function| function.id.as_str()).filter(|id| !covers(id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(format!("no scenario kills {}", missing.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_of_the_template_has_a_scenario_and_a_new_one_without_is_an_error() {
        let template = Template::parse(TEMPLATE).unwrap();
        let mut scenarios = scenarios::all();
        check_complete(&template, &scenarios).unwrap();
        let known: Vec<_> = template.functions.iter().map(|function| function.id.as_str()).collect();
        assert!(scenarios.iter().all(|scenario| known.contains(&scenario.function)));
        scenarios.retain(|scenario| scenario.function != "PushMessageFunction");
        let error = check_complete(&template, &scenarios).unwrap_err();
        assert_eq!(error.to_string(), "no scenario kills PushMessageFunction");
    }

    #[test]
    fn each_request_is_three_cases_and_the_answer_one_more() {
        assert_eq!(Point::all(0).collect::<Vec<_>>(), [Point::Answered]);
        assert_eq!(Point::all(2).count(), 7);
    }
}
