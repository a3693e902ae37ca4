//! Checks that the machine was quiet enough for valid figures.

use std::io;

use procfs::{CurrentSI, KernelStats, process::Process};
use tokio::time::Instant;

/// The limit of other processes' share of the machine's CPU time.
const OTHERS: f64 = 0.03;

/// The limit of the difference of `hello`'s latency between the two halves of a benchmark, as a fraction.
pub const DRIFT: f64 = 0.1;

/// The CPU time of the machine and of this process when a benchmark began.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    at: Instant,
    all: f64,
    ours: f64,
}

impl Before {
    pub fn now() -> io::Result<Self> {
        let (all, ours) = busy().map_err(io::Error::other)?;
        Ok(Self { at: Instant::now(), all, ours })
    }

    /// The share of the machine's CPU time that other processes have used since, and whether it exceeds the limit.
    pub fn others(&self) -> io::Result<(f64, bool)> {
        let (all, ours) = busy().map_err(io::Error::other)?;
        #[expect(clippy::cast_precision_loss, reason = "a machine has few processors")]
        let cores = std::thread::available_parallelism()?.get() as f64;
        let there_was = self.at.elapsed().as_secs_f64() * cores;
        let share = ((all - self.all) - (ours - self.ours)).max(0.0) / there_was;
        Ok((share, share > OTHERS))
    }
}

/// Seconds of CPU time so far: of the whole machine with its steal time, and of this process with its ended children.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a machine does fewer than 2^53 ticks, and none less than nothing"
)]
fn busy() -> procfs::ProcResult<(f64, f64)> {
    let ticks = procfs::ticks_per_second() as f64;
    let total = KernelStats::current()?.total;
    let kernel = total.system + total.irq.unwrap_or_default() + total.softirq.unwrap_or_default();
    let all = total.user + total.nice + kernel + total.steal.unwrap_or_default();
    let own = Process::myself()?.stat()?;
    let ours = own.utime + own.stime + own.cutime as u64 + own.cstime as u64;
    Ok((all as f64 / ticks, ours as f64 / ticks))
}
