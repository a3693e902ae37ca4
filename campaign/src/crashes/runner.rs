//! Runs cases, a bounded number at a time. Each has a thread, a runtime and a system of its own.

use std::{
    any::Any,
    cell::RefCell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    path::Path,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use local::template::Template;

use super::{
    point::Point,
    scenarios::Scenario,
    world::{Observed, World, fail},
};
use crate::lock::lock;

/// The longest that a case may take.
const LIMIT: Duration = Duration::from_mins(1);

thread_local! {
    /// The last panic on this thread, with its place.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// One run of a scenario.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) template: &'a Template,
    pub(super) bootstraps: &'a Path,
    pub(super) scenario: &'a Scenario,
    /// `None` for the run without a crash.
    pub(super) point: Option<Point>,
    /// The observations of the run without a crash.
    pub(super) undisturbed: Option<&'a Observed>,
}

#[derive(Debug)]
pub(super) struct Outcome {
    /// `None` after a failure.
    pub(super) observed: Option<Observed>,
    pub(super) failure: Option<String>,
    pub(super) took: Duration,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = self.undisturbed.map_or(&[][..], |undisturbed| &undisturbed.requests);
        match self.point {
            Some(point) => write!(f, "{}: {}", self.scenario, point.describe(requests)),
            None => write!(f, "{}: without a crash", self.scenario),
        }
    }
}

/// Runs all cases, `at_a_time` of them concurrently.
pub(super) fn run_all(cases: Vec<Case<'_>>, at_a_time: usize) -> Vec<(Case<'_>, Outcome)> {
    set_hook(Box::new(|info| PANIC.set(Some(info.to_string()))));
    let (cases, done) = (Mutex::new(cases.into_iter().enumerate()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                loop {
                    let next = lock(&cases).next();
                    let Some((number, case)) = next else { return };
                    let outcome = run(case);
                    lock(&done).push((number, (case, outcome)));
                }
            });
        }
    });
    let mut done = std::mem::take(&mut *lock(&done));
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, case)| case).collect()
}

fn run(case: Case) -> Outcome {
    let began = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| fail(&error.to_string()));
        let observed = runtime.block_on(async { tokio::time::timeout(LIMIT, observe(case)).await });
        // Background work of the system, such as a poll of its stream, need not end.
        runtime.shutdown_background();
        observed.unwrap_or_else(|_| fail("the case does not end"))
    }));
    let took = began.elapsed();
    match result {
        Ok(observed) => Outcome { observed: Some(observed), failure: None, took },
        Err(panic) => {
            let message = PANIC.take().unwrap_or_else(|| message(panic.as_ref()));
            Outcome { observed: None, failure: Some(message), took }
        }
    }
}

async fn observe(case: Case<'_>) -> Observed {
    let Case { template, bootstraps, scenario, point, undisturbed } = case;
    let function = template.functions.iter().find(|function| function.id == scenario.function);
    let function = function.unwrap_or_else(|| fail("the template has no such function"));
    let expected = undisturbed.map(|undisturbed| undisturbed.tables.clone());
    let world = World::start(scenario.function, function, bootstraps, point, expected).await;
    (scenario.run)(&world).await;
    world.finish().await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}
