//! A load of mixed requests on pools of processes that scale as on Lambda: a process answers one request at a time, and a
//! request starts a new process if all are busy.

use std::{cell::RefCell, collections::BTreeMap, io, rc::Rc, time::Duration};

use bench::process::{FunctionProcess, Usage};
use tokio::{task::LocalSet, time::Instant};

use crate::{event::HELLO, markdown::table, measure::Subject, statistics::Sample};

/// The limit of a warm process's memory growth, as a fraction of its resident memory when it became warm.
pub const GROWTH: f64 = 0.05;

/// The share of each call among 100. Calls that are not listed have 1.
const WEIGHTS: [(&str, usize); 6] = [
    ("authorizer", 20),
    ("receive-message", 26),
    ("get-chat-messages", 25),
    ("push-message", 8),
    ("get-user-info", 8),
    ("get-chatlog", 6),
];

/// Measured requests for each request of the warm-up.
const MEASURED_FOR_EACH_TO_WARM_UP: usize = 10;

/// The answers after which a process is warm. Its memory growth counts after as many further answers.
const WARM_AFTER: usize = 100;

#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// The number of measured requests.
    pub requests: usize,
    /// The number of concurrent requests.
    pub at_a_time: usize,
}

#[derive(Debug)]
pub struct Outcome {
    answered: BTreeMap<&'static str, Vec<f64>>,
    processes: usize,
    took: Duration,
    cpu: Duration,
    /// Memory growth since the process was warm, as a fraction, for each process with at least `2 * WARM_AFTER` answers.
    growths: Sample,
    rss: u64,
}

struct Pools {
    subjects: Vec<Subject>,
    mix: Vec<usize>,
    to_begin: usize,
    idle: BTreeMap<&'static str, Vec<Worker>>,
    answered: BTreeMap<&'static str, Vec<f64>>,
}

/// A process, and its usage when it became warm.
struct Worker {
    process: FunctionProcess,
    answers: usize,
    warm: Option<Usage>,
}

/// Sends a load to the functions, after its warm-up.
///
/// # Errors
/// A request failed: the first failure ends the benchmark.
pub async fn put(subjects: &[Subject], load: Load) -> io::Result<Outcome> {
    let subjects: Vec<_> = subjects.iter().filter(|subject| subject.call.name != HELLO).cloned().collect();
    let weight = |subject: &Subject| {
        WEIGHTS.iter().find(|(name, _)| *name == subject.call.name).map_or(1, |(_, weight)| *weight)
    };
    let mix = subjects.iter().enumerate().flat_map(|(index, subject)| vec![index; weight(subject)]).collect();
    let (idle, answered) = (BTreeMap::new(), BTreeMap::new());
    let pools = Rc::new(RefCell::new(Pools { subjects, mix, to_begin: 0, idle, answered }));

    run(&pools, load.requests / MEASURED_FOR_EACH_TO_WARM_UP, load.at_a_time).await?;
    pools.borrow_mut().answered.clear();
    let cpu_before = cpu(&pools)?;
    let from = Instant::now();
    run(&pools, load.requests, load.at_a_time).await?;
    let took = from.elapsed();
    let cpu = cpu(&pools)?.saturating_sub(cpu_before);

    let pools =
        Rc::into_inner(pools).ok_or_else(|| io::Error::other("a request is still under way"))?.into_inner();
    let (mut processes, mut rss, mut growths) = (0, 0, Vec::new());
    for worker in pools.idle.into_values().flatten() {
        let usage = worker.process.usage()?;
        processes += 1;
        rss += usage.rss;
        growths.extend(worker.growth(usage));
        worker.process.end().await?;
    }
    Ok(Outcome {
        answered: pools.answered,
        processes,
        took,
        cpu,
        growths: growths.into_iter().collect(),
        rss,
    })
}

/// Sends this number of requests, `at_a_time` of them concurrently.
async fn run(pools: &Rc<RefCell<Pools>>, requests: usize, at_a_time: usize) -> io::Result<()> {
    pools.borrow_mut().to_begin = requests;
    let local = LocalSet::new();
    let callers = (0..at_a_time).map(|_| {
        let pools = Rc::clone(pools);
        local.spawn_local(async move {
            while let Some(index) = draw(&pools) {
                one(&pools, index).await?;
            }
            io::Result::Ok(())
        })
    });
    let callers: Vec<_> = callers.collect();
    local.await;
    for caller in callers {
        caller.await.map_err(io::Error::other)??;
    }
    Ok(())
}

/// The index of the subject of the next request; `None` after the last request.
fn draw(pools: &RefCell<Pools>) -> Option<usize> {
    let mut pools = pools.borrow_mut();
    pools.to_begin = pools.to_begin.checked_sub(1)?;
    fastrand::choice(&pools.mix).copied()
}

async fn one(pools: &RefCell<Pools>, index: usize) -> io::Result<()> {
    let (idle, subject) = {
        let mut pools = pools.borrow_mut();
        let subject = pools.subjects.get(index).cloned().ok_or_else(|| io::Error::other("no such call"))?;
        (pools.idle.get_mut(subject.call.binary).and_then(Vec::pop), subject)
    };
    let from = Instant::now();
    let mut worker = if let Some(worker) = idle {
        worker
    } else {
        Worker { process: FunctionProcess::start(&subject.bootstrap).await?, answers: 0, warm: None }
    };
    let (to, answer) = worker.process.try_invoke(&subject.call.event).await?;
    subject.call.check(&answer.map_err(io::Error::other)?)?;
    worker.answers += 1;
    if worker.answers == WARM_AFTER {
        worker.warm = Some(worker.process.usage()?);
    }
    let mut pools = pools.borrow_mut();
    pools.answered.entry(subject.call.name).or_default().push((to - from).as_secs_f64() * 1000.0);
    pools.idle.entry(subject.call.binary).or_default().push(worker);
    Ok(())
}

/// CPU time of all processes so far.
fn cpu(pools: &RefCell<Pools>) -> io::Result<Duration> {
    let pools = pools.borrow();
    pools.idle.values().flatten().map(|worker| Ok(worker.process.usage()?.cpu)).sum()
}

impl Worker {
    #[expect(clippy::cast_precision_loss, reason = "no process has 2^53 bytes")]
    fn growth(&self, now: Usage) -> Option<f64> {
        let warm = self.warm.filter(|_| self.answers >= 2 * WARM_AFTER)?;
        Some(now.rss as f64 / warm.rss as f64 - 1.0)
    }
}

impl Outcome {
    /// The largest memory growth of a process since it was warm, as a fraction.
    #[must_use]
    pub fn growth(&self) -> f64 {
        self.growths.quantile(1.0)
    }

    /// A Markdown table of latencies, and a line with throughput and memory.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53 requests and bytes")]
    pub fn report(&self) -> String {
        let mut table = table(["", "requests", "p50", "p99", "longest"]);
        let mut add = |name: &str, sample: &Sample| {
            table.add_row([
                name.to_owned(),
                sample.len().to_string(),
                format!("{:.1} ms", sample.median()),
                format!("{:.1} ms", sample.quantile(0.99)),
                format!("{:.1} ms", sample.quantile(1.0)),
            ]);
        };
        for (name, millis) in &self.answered {
            add(name, &Sample::of(millis));
        }
        let all: Sample = self.answered.values().flatten().copied().collect();
        add("all", &all);
        let requests = all.len() as f64;
        format!(
            "{table}\n\n{requests} requests without a failure in {:.0} s by {} processes: {:.0} per second, {:.0} per second of \
             the functions' CPU time. {:.0} MB in all; memory growth of a warm process: {:+.1} % in the median, \
             {:+.1} % at most.\n",
            self.took.as_secs_f64(),
            self.processes,
            requests / self.took.as_secs_f64(),
            requests / self.cpu.as_secs_f64(),
            self.rss as f64 / 1e6,
            self.growths.median() * 100.0,
            self.growth() * 100.0,
        )
    }
}
