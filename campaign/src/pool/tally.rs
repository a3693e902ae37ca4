//! Counts of the processes' answers.

use std::{collections::BTreeMap, mem, sync::Mutex, time::Duration};

use procfs::process::Process;

use crate::lock::lock;

/// The binary of the authorizers. An authorizer reports an unreachable store as an error, which API Gateway turns into its envelope.
pub(super) const AUTHORIZER: &str = "authorizer";

#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// All processes that ever started, by process id.
    processes: BTreeMap<u32, ProcessTally>,
    interval: Interval,
}

#[derive(Debug, Clone)]
pub(crate) struct ProcessTally {
    pub(crate) binary: String,
    pub(crate) answers: u64,
}

/// The counts between two calls of [`Tally::take`].
#[derive(Debug, Default)]
pub(crate) struct Interval {
    pub(crate) answers: u64,
    /// The processes that started.
    pub(crate) started: u64,
    /// Retries at the store, by the functions' logs.
    pub(crate) store_retries: u64,
    /// The longest answer, from the event on.
    pub(crate) longest: Duration,
    /// Errors of authorizers.
    pub(crate) authorizer_errors: u64,
    /// Errors of other functions, which answer every event.
    pub(crate) function_errors: Vec<String>,
    /// Processes that ended, failed to start or exceeded their time.
    pub(crate) lost: Vec<String>,
}

/// One answer of a process.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) took: Duration,
    pub(super) store_retries: u64,
    pub(super) is_error: bool,
}

impl Tally {
    pub(super) fn start(&self, id: u32, binary: &str) {
        let mut counts = lock(&self.0);
        counts.interval.started += 1;
        counts.processes.insert(id, ProcessTally { binary: binary.to_owned(), answers: 0 });
    }

    pub(super) fn answer(&self, id: u32, binary: &str, answer: &Answer) {
        let mut counts = lock(&self.0);
        if let Some(process) = counts.processes.get_mut(&id) {
            process.answers += 1;
        }
        let interval = &mut counts.interval;
        interval.answers += 1;
        interval.store_retries += answer.store_retries;
        interval.longest = interval.longest.max(answer.took);
        if answer.is_error && binary == AUTHORIZER {
            interval.authorizer_errors += 1;
        } else if answer.is_error {
            interval.function_errors.push(binary.to_owned());
        }
    }

    pub(super) fn lose(&self, text: String) {
        lock(&self.0).interval.lost.push(text);
    }

    /// The counts since the last call.
    pub(crate) fn take(&self) -> Interval {
        mem::take(&mut lock(&self.0).interval)
    }

    /// All processes that ever started, by process id.
    pub(crate) fn processes(&self) -> BTreeMap<u32, ProcessTally> {
        lock(&self.0).processes.clone()
    }

    /// The processes that started and are gone.
    pub(crate) fn gone(&self) -> Vec<String> {
        let is_gone = |id: u32| {
            let stat = i32::try_from(id).ok().and_then(|id| Process::new(id).ok()?.stat().ok());
            stat.is_none_or(|stat| stat.state == 'Z')
        };
        let processes = self.processes().into_iter().filter(|(id, _)| is_gone(*id));
        processes.map(|(id, process)| format!("{} with id {id}", process.binary)).collect()
    }
}
