//! Many requests of mixed kinds at pools of processes, as Lambda would hold them: each process answers one request at a
//! time, and where all are busy there is one more.

use std::{cell::RefCell, collections::BTreeMap, io, rc::Rc, time::Duration};

use tokio::{task::LocalSet, time::Instant};

use crate::{
    event::HELLO,
    markdown::table,
    measure::{Subject, check},
    process::FunctionProcess,
    statistics::Sample,
};

/// How often each kind of call is among 100. What is not named is called once.
const WEIGHTS: [(&str, usize); 6] = [
    ("authorizer", 20),
    ("receive-message", 25),
    ("get-chat-messages", 25),
    ("push-message", 8),
    ("get-user-info", 8),
    ("get-chatlog", 6),
];

/// One request to warm up comes before so many that are measured. After them, memory is to grow no further.
const MEASURED_FOR_EACH_TO_WARM_UP: usize = 10;

/// A load.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// How many requests are measured.
    pub requests: usize,
    /// How many there are at a time.
    pub at_a_time: usize,
}

/// What became of a load.
pub struct Outcome {
    answered: BTreeMap<&'static str, Vec<f64>>,
    processes: BTreeMap<&'static str, usize>,
    took: Duration,
    rss_when_warm: u64,
    rss_at_the_end: u64,
}

struct Pools {
    subjects: Vec<Subject>,
    mix: Vec<usize>,
    load: Load,
    began: usize,
    idle: BTreeMap<usize, Vec<FunctionProcess>>,
    started: BTreeMap<&'static str, usize>,
    answered: BTreeMap<&'static str, Vec<f64>>,
}

/// Puts a load on the functions.
///
/// # Errors
/// The first failure: there is to be none.
pub async fn put(subjects: &[Subject], load: Load) -> io::Result<Outcome> {
    let subjects: Vec<_> = subjects.iter().filter(|subject| subject.call.name != HELLO).cloned().collect();
    let weight = |subject: &Subject| {
        WEIGHTS.iter().find(|(name, _)| *name == subject.call.name).map_or(1, |(_, weight)| *weight)
    };
    let mix = subjects.iter().enumerate().flat_map(|(index, subject)| vec![index; weight(subject)]).collect();
    let pools = Rc::new(RefCell::new(Pools {
        subjects,
        mix,
        load,
        began: 0,
        idle: BTreeMap::new(),
        started: BTreeMap::new(),
        answered: BTreeMap::new(),
    }));

    let warm_up = load.requests / MEASURED_FOR_EACH_TO_WARM_UP;
    run(&pools, warm_up).await?;
    let warm: BTreeMap<_, _> = rss(&pools)?.collect();
    pools.borrow_mut().answered.clear();
    let from = Instant::now();
    run(&pools, warm_up + load.requests).await?;
    let took = from.elapsed();
    // Of those processes that were there before: one that is new has warmed up since.
    let rss_at_the_end = rss(&pools)?.filter(|(id, _)| warm.contains_key(id)).map(|(_, rss)| rss).sum();

    let pools =
        Rc::into_inner(pools).ok_or_else(|| io::Error::other("a request is still under way"))?.into_inner();
    for process in pools.idle.into_values().flatten() {
        process.end().await?;
    }
    Ok(Outcome {
        answered: pools.answered,
        processes: pools.started,
        took,
        rss_when_warm: warm.values().sum(),
        rss_at_the_end,
    })
}

/// Has requests answered until `requests` have begun.
async fn run(pools: &Rc<RefCell<Pools>>, requests: usize) -> io::Result<()> {
    let local = LocalSet::new();
    let callers = (0..pools.borrow().load.at_a_time).map(|_| {
        let pools = Rc::clone(pools);
        local.spawn_local(async move {
            while let Some(index) = draw(&pools, requests) {
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

/// The kind of the next request, if there is to be one.
fn draw(pools: &RefCell<Pools>, requests: usize) -> Option<usize> {
    let mut pools = pools.borrow_mut();
    if pools.began >= requests {
        return None;
    }
    pools.began += 1;
    fastrand::choice(&pools.mix).copied()
}

async fn one(pools: &RefCell<Pools>, index: usize) -> io::Result<()> {
    let (idle, subject) = {
        let mut pools = pools.borrow_mut();
        let idle = pools.idle.get_mut(&index).and_then(Vec::pop);
        let subject = pools.subjects.get(index).cloned().ok_or_else(|| io::Error::other("no such call"))?;
        (idle, subject)
    };
    let from = Instant::now();
    let mut process = if let Some(process) = idle {
        process
    } else {
        *pools.borrow_mut().started.entry(subject.call.name).or_default() += 1;
        FunctionProcess::start(&subject.bootstrap).await?
    };
    let (to, answer) = process.try_invoke(&subject.call.event).await?;
    check(&subject.call, &answer.map_err(io::Error::other)?)?;
    let mut pools = pools.borrow_mut();
    pools.answered.entry(subject.call.name).or_default().push((to - from).as_secs_f64() * 1000.0);
    pools.idle.entry(index).or_default().push(process);
    Ok(())
}

/// The resident memory of each process, by its id.
fn rss(pools: &RefCell<Pools>) -> io::Result<impl Iterator<Item = (u32, u64)>> {
    let pools = pools.borrow();
    let idle = pools.idle.values().flatten();
    let all = idle.map(|process| Ok((process.id(), process.usage()?.rss))).collect::<io::Result<Vec<_>>>()?;
    Ok(all.into_iter())
}

impl Outcome {
    /// By how much resident memory has grown since the processes were warm, as a part of what it was.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no machine has 2^53 bytes")]
    pub fn growth(&self) -> f64 {
        self.rss_at_the_end as f64 / self.rss_when_warm as f64 - 1.0
    }

    /// A table in Markdown, and what there is to say beside it.
    ///
    /// # Errors
    /// That the system does not tell how many processors there are.
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53 requests")]
    pub fn report(&self) -> io::Result<String> {
        let mut table = table(["", "requests", "processes", "p50", "p99", "longest"]);
        for (name, millis) in &self.answered {
            let sample: Sample = millis.iter().copied().collect();
            table.add_row([
                (*name).to_owned(),
                millis.len().to_string(),
                self.processes.get(name).copied().unwrap_or_default().to_string(),
                format!("{:.1} ms", sample.median()),
                format!("{:.1} ms", sample.quantile(0.99)),
                format!("{:.1} ms", sample.quantile(1.0)),
            ]);
        }
        let requests: usize = self.answered.values().map(Vec::len).sum();
        let cores = std::thread::available_parallelism()?.get();
        let a_second = requests as f64 / self.took.as_secs_f64();
        Ok(format!(
            "{table}\n\n{requests} requests without a failure in {:.0} s: {a_second:.0} a second, {:.0} for each of {cores} \
             processors, the store's and the callers' work included. Memory when warm {:.1} MB, growth {:+.1} %.\n",
            self.took.as_secs_f64(),
            a_second / cores as f64,
            self.rss_when_warm as f64 / 1e6,
            self.growth() * 100.0,
        ))
    }
}
