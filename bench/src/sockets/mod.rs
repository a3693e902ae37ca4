//! Signals to many connections of `local`, which runs in a process of its own: none is lost while its connection is open, each arrives
//! soon, and the process does not grow.

mod browsers;
mod ledger;
mod population;
mod resources;
mod writes;

use std::{io, time::Duration};

use bench::local_process::{Data, LocalProcess};
use procfs::process::{LimitValue, Process};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use self::{browsers::Browsers, ledger::Outcome, population::SOCKETS, resources::Watch};
use crate::{machine, markdown::table, noise, statistics::Sample};

/// The time before the measured one, with the same writes: connections are opened, and memory is taken that is kept.
const WARM_UP: Duration = Duration::from_secs(15);

/// The time for the last signals. `notify-users` drops those of a batch after 5 seconds.
const REST: Duration = Duration::from_secs(6);

/// The goal for the p99 of the time from the beginning of a write to its signal, in milliseconds.
const GOAL: f64 = 300.0;

/// The descriptors of the programs besides those of sockets.
const OTHER_DESCRIPTORS: u64 = 200;

/// Opens the connections, writes for this time, and prints the figures.
///
/// # Errors
/// A write fails or a goal is missed.
pub async fn print(time: Duration) -> io::Result<()> {
    check_descriptors()?;
    let before = noise::Before::now()?;
    let folder = tempfile::tempdir()?;
    let local = LocalProcess::start(&LocalProcess::program()?, folder.path(), Data::Memory).await?;
    let (sender, mut events) = mpsc::unbounded_channel();
    let connecting = Instant::now();
    let browsers = Browsers::connect(&local.url, &sender).await?;
    let connected_in = connecting.elapsed();

    let begin = Instant::now();
    let measured_from = begin + WARM_UP;
    let end = measured_from + time;
    let (written, watch) =
        tokio::try_join!(writes::send(&local.url, WARM_UP + time), watch(&local, measured_from, end))?;
    sleep(REST).await;
    let mut events_so_far = Vec::new();
    while let Ok(event) = events.try_recv() {
        events_so_far.push(event);
    }
    drop(browsers);
    local.end().await?;
    let (others, _) = before.others()?;

    let outcome = Outcome::of(&written, &events_so_far, measured_from);
    println!("{}\n", machine::today_on_this_machine()?);
    println!("{}\n", latencies(&outcome, &written, measured_from));
    let signals = f64::from(u32::try_from(outcome.from_begin.len()).unwrap_or(u32::MAX));
    println!(
        "{SOCKETS} sockets, opened in {:.1} s; {:.0} signals per second for {} s. Of {} signals, the warm-up included, {} were lost and \
         {} too many; {} sockets ended.\n{watch}\nOthers used {:.0} % of the processors.",
        connected_in.as_secs_f64(),
        signals / time.as_secs_f64(),
        time.as_secs(),
        outcome.expected,
        outcome.lost,
        outcome.surplus,
        outcome.ended,
        others * 100.0,
    );
    let missed: Vec<_> = outcome.missed().into_iter().chain(watch.missed()).collect();
    if missed.is_empty() { Ok(()) } else { Err(io::Error::other(missed.join("; "))) }
}

/// Each program holds one descriptor for each connection.
fn check_descriptors() -> io::Result<()> {
    let needed = SOCKETS as u64 + OTHER_DESCRIPTORS;
    let limits = Process::myself().and_then(|process| process.limits()).map_err(io::Error::other)?;
    match limits.max_open_files.soft_limit {
        LimitValue::Value(limit) if limit < needed => {
            Err(io::Error::other(format!("{limit} open files are too few: run `ulimit -n {needed}` before")))
        }
        _ => Ok(()),
    }
}

/// Samples the memory and the descriptors of `local` each second.
async fn watch(local: &LocalProcess, from: Instant, until: Instant) -> io::Result<Watch> {
    let mut watch = Watch::default();
    let mut next = from;
    while next <= until {
        sleep_until(next).await;
        watch.sample(local)?;
        next += Duration::from_secs(1);
    }
    Ok(watch)
}

fn latencies(outcome: &Outcome, written: &[writes::Write], from: Instant) -> String {
    let measured = written.iter().filter(|write| write.began >= from);
    let answers: Sample =
        measured.map(|write| (write.answered - write.began).as_secs_f64() * 1000.0).collect();
    let mut rows = table(["", "", "p50", "p99", "longest"]);
    for (what, sample) in [
        ("signals, from the beginning of the write", &outcome.from_begin),
        ("signals, from the answer to the write", &outcome.from_answer),
        ("answers to the writes", &answers),
    ] {
        let millis = |share| format!("{:.1} ms", sample.quantile(share));
        rows.add_row([what.to_owned(), sample.len().to_string(), millis(0.5), millis(0.99), millis(1.0)]);
    }
    rows.to_string()
}
