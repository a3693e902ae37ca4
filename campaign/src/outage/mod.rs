//! The store is gone, hangs, or is slow, under a load that does not wait for answers; and then it is back.

mod phase;
mod report;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clap::Args;
use tests::{Fault, FaultyDynamoDb};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    findings::Findings,
    pooled_system::{PooledSystem, Way},
    tables,
    workload::{Mix, Shape, Workload},
};
use phase::Phase;

const SHAPE: Shape = Shape { mix: Mix::Balanced, new_percent: 80 };

#[derive(Args)]
pub(crate) struct Outage {
    /// Calls per second, whatever the answers do.
    #[arg(long, default_value_t = 60)]
    rate: u32,
    /// Seconds of each fault.
    #[arg(long, default_value_t = 60)]
    fault_seconds: u64,
    /// Seconds of service before the first fault, and after each. Recovery is judged from the sixth on.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(6..))]
    normal_seconds: u64,
    /// The faults, in order.
    #[arg(long = "fault", value_parser = parse_fault, default_values = ["refused", "hanging", "900", "1000", "1100"])]
    faults: Vec<StoreFault>,
    /// The bootstraps, FOLDER/BINARY/bootstrap.
    #[arg(long, value_name = "FOLDER", default_value = "target/lambda")]
    build: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StoreFault {
    /// Connections break, and new ones are refused.
    Refused,
    /// Connections are accepted, and no request is answered.
    Hanging,
    /// Each answer takes this many milliseconds more.
    Slow(u64),
}

fn parse_fault(argument: &str) -> Result<StoreFault, String> {
    match argument {
        "refused" => Ok(StoreFault::Refused),
        "hanging" => Ok(StoreFault::Hanging),
        millis => {
            let millis =
                millis.parse().map_err(|_| "must be refused, hanging, or the milliseconds of each answer")?;
            Ok(StoreFault::Slow(millis))
        }
    }
}

impl StoreFault {
    fn begin(self, proxy: &FaultyDynamoDb) {
        match self {
            Self::Refused => proxy.go_down(),
            Self::Hanging => proxy.fail(|_, _| Some(Fault::Stalled)),
            Self::Slow(millis) => proxy.slow_down(millis),
        }
    }

    fn end(proxy: &FaultyDynamoDb) {
        proxy.slow_down(0);
        proxy.recover();
    }

    fn name(self) -> String {
        match self {
            Self::Refused => "connections refused".to_owned(),
            Self::Hanging => "no request answered".to_owned(),
            Self::Slow(millis) => format!("each answer {millis} ms late"),
        }
    }
}

impl Outage {
    /// # Errors
    /// A guarantee is broken, or the system does not start.
    #[tokio::main]
    pub(crate) async fn run(self) -> io::Result<()> {
        let findings = Findings::default();
        let folder = tempfile::tempdir()?;
        let system =
            PooledSystem::start(&folder.path().join("data"), &self.build, Way::ThroughTheProxy).await?;
        let workload = Arc::new(Workload::start(&system.url, SHAPE, &findings).await?);
        let load = Load { workload: Arc::clone(&workload), rate: self.rate, under_way: Arc::default() };
        let normal = Duration::from_secs(self.normal_seconds);
        load.put(normal).await;

        let mut phases = Vec::new();
        phases.push(Phase::of("normal service", None, &system, load.put(normal)).await);
        for fault in &self.faults {
            fault.begin(&system.proxy);
            let time = Duration::from_secs(self.fault_seconds);
            phases.push(Phase::of(&fault.name(), Some(*fault), &system, load.put(time)).await);
            StoreFault::end(&system.proxy);
            phases.push(Phase::of("service after it", None, &system, load.put(normal)).await);
        }
        load.ended().await;
        println!("{}", report::print(&phases, &workload.client.journal(), &findings)?);

        let expected = workload.settle().await;
        let items = tables::compare(&system.dynamodb, &expected, &findings).await?;
        let gone = system.pools.tally.gone();
        findings.check(gone.is_empty(), || format!("processes ended: {gone:?}"));
        println!(
            "{} processes, {} calls, {items} items at the end.",
            system.pools.tally.processes().len(),
            workload.client.calls()
        );
        system.pools.end().await?;
        findings.outcome()
    }
}

/// Calls at a fixed rate.
struct Load {
    workload: Arc<Workload>,
    rate: u32,
    under_way: Arc<AtomicUsize>,
}

impl Load {
    async fn put(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut ticks = interval(Duration::from_secs(1) / self.rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while ticks.tick().await < until {
            let (workload, under_way) = (Arc::clone(&self.workload), Arc::clone(&self.under_way));
            under_way.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                workload.call().await;
                under_way.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }

    /// Waits for the calls under way.
    async fn ended(&self) {
        while self.under_way.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
