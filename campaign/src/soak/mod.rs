//! Half an hour of mixed load on pools of release processes and on `local`: memory and descriptors stay flat, no call fails, and the
//! tables have the expected items.

mod report;
mod watch;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bench::local_process::{Data, LocalProcess};
use clap::Args;
use tokio::task::JoinSet;

use crate::{
    findings::Findings,
    pooled_system::{PooledSystem, Way},
    tables,
    workload::{Mix, Shape, Workload},
};
use watch::{Watch, Watched};

/// The number of samples of each process's memory and descriptors.
const SAMPLES: u32 = 180;

/// A quarter of the writes is new, so that the tables grow, and the rest repeats.
const SHAPE_OF_POOLS: Shape = Shape { mix: Mix::Balanced, new_percent: 25 };
/// Few writes: with each write to a table that has a stream, dynoxide looks at all records that the stream ever had.
const SHAPE_OF_LOCAL: Shape = Shape { mix: Mix::MostlyReads, new_percent: 4 };

#[derive(Args)]
pub(crate) struct Soak {
    /// The least time of the load.
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// The least number of calls of both systems together.
    #[arg(long, default_value_t = 1_000_000)]
    requests: usize,
    /// Callers of the pools, each of which waits for its answers.
    #[arg(long, default_value_t = 6)]
    callers_of_pools: usize,
    /// Callers of `local`.
    #[arg(long, default_value_t = 4)]
    callers_of_local: usize,
    /// The bootstraps, FOLDER/BINARY/bootstrap.
    #[arg(long, value_name = "FOLDER", default_value = "target/lambda")]
    build: PathBuf,
    /// The program `local`. [default: next to this program]
    #[arg(long, value_name = "FILE")]
    local: Option<PathBuf>,
}

/// A system under load, with its figures.
struct Loaded {
    name: &'static str,
    workload: Arc<Workload>,
    dynamodb: store::Client,
    /// The calls before the load: the first logins.
    calls_before: usize,
}

impl Soak {
    /// # Errors
    /// A guarantee is broken, or a system does not start.
    #[tokio::main]
    pub(crate) async fn run(self) -> io::Result<()> {
        let findings = Findings::default();
        let folder = tempfile::tempdir()?;
        let pooled = PooledSystem::start(&folder.path().join("pools"), &self.build, Way::Direct).await?;
        let program = match self.local {
            Some(program) => program,
            None => LocalProcess::program()?,
        };
        let mut local = LocalProcess::start(&program, folder.path(), Data::File).await?;
        let systems = [
            Loaded::new(
                "pools of processes",
                &pooled.url,
                pooled.dynamodb.clone(),
                SHAPE_OF_POOLS,
                &findings,
            )
            .await?,
            Loaded::new(
                "local",
                &local.url,
                store::client::at_endpoint(&local.dynamodb_url),
                SHAPE_OF_LOCAL,
                &findings,
            )
            .await?,
        ];

        let time = Duration::from_secs_f64(self.minutes * 60.0);
        let mut callers = JoinSet::new();
        let until = Instant::now() + time;
        let made = Arc::new(AtomicUsize::new(0));
        for (system, count) in systems.iter().zip([self.callers_of_pools, self.callers_of_local]) {
            for _ in 0..count {
                let (workload, made) = (Arc::clone(&system.workload), Arc::clone(&made));
                callers.spawn(async move {
                    while Instant::now() < until || made.load(Ordering::Relaxed) < self.requests {
                        workload.call().await;
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
        let mut watch = Watch::default();
        let from = Instant::now();
        for number in 1..=SAMPLES {
            tokio::time::sleep_until((from + time * number / SAMPLES).into()).await;
            watch.sample(from.elapsed(), &processes(&pooled, &local));
            if number % (SAMPLES / 30).max(1) == 0 {
                let calls = systems.each_ref().map(Loaded::calls);
                eprintln!("{:.1} min: {calls:?} calls", from.elapsed().as_secs_f64() / 60.0);
            }
        }
        callers.join_all().await;
        let took = from.elapsed();

        let calls: usize = systems.iter().map(Loaded::calls).sum();
        findings.check(calls >= self.requests, || format!("{calls} calls in {took:?}"));
        check_processes(&pooled, &mut local, &findings)?;
        println!("{}", report::print(&systems, took, &watch.growths(time, &findings), &findings)?);
        for system in &systems {
            let expected = system.workload.settle().await;
            let items = tables::compare(&system.dynamodb, &expected, &findings).await?;
            println!("{}: {items} items at the end.", system.name);
        }
        pooled.pools.end().await?;
        findings.outcome()
    }
}

impl Loaded {
    async fn new(
        name: &'static str,
        url: &str,
        dynamodb: store::Client,
        shape: Shape,
        findings: &Findings,
    ) -> io::Result<Self> {
        let workload = Arc::new(Workload::start(url, shape, findings).await?);
        let calls_before = workload.client.calls();
        Ok(Self { name, workload, dynamodb, calls_before })
    }

    /// The calls of the load so far.
    fn calls(&self) -> usize {
        self.workload.client.calls() - self.calls_before
    }
}

/// The processes to watch.
fn processes(pooled: &PooledSystem, local: &LocalProcess) -> Vec<Watched> {
    let functions = pooled.pools.tally.processes().into_iter();
    let mut processes: Vec<_> = functions
        .map(|(id, process)| Watched { id, name: process.binary, answers: Some(process.answers) })
        .collect();
    processes.push(Watched { id: local.id, name: "local".to_owned(), answers: None });
    processes
}

fn check_processes(pooled: &PooledSystem, local: &mut LocalProcess, findings: &Findings) -> io::Result<()> {
    let interval = pooled.pools.tally.take();
    let gone = pooled.pools.tally.gone();
    findings.check(gone.is_empty() && interval.lost.is_empty(), || {
        format!("processes ended: {gone:?} {:?}", interval.lost)
    });
    let errors = interval.authorizer_errors > 0 || !interval.function_errors.is_empty();
    findings.check(!errors, || format!("functions ended with errors: {:?}", interval.function_errors));
    let ended = local.ended()?;
    findings.check(ended.is_none(), || format!("local ended: {ended:?}"));
    Ok(())
}
