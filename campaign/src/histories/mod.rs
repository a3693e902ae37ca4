//! Histories: clients of all kinds call a simulated deployment at the same time, whose store fails, whose instances end in the middle,
//! and whose clocks differ. The complete history is checked against the rules of the contract.
//!
//! The rules know the contract and no code: what a call was answered, when it began and ended by the true time, and what readers saw.
//! Where clocks and overlapping calls leave several outcomes possible, a rule accepts each of them.

mod call;
mod chats;
mod details;
mod plan;
mod pushes;
mod robot;
mod rule;
mod run;
mod shrink;
mod sockets;
mod store;
mod time;
mod tokens;
mod world;

use std::{io, thread};

use clap::Args;

use self::{
    run::{Ended, Part},
    shrink::shrink,
};

/// The broken rules and the operations that a report shows.
const SHOWN: usize = 40;

#[derive(Args)]
pub(crate) struct Histories {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of seeds.
    #[arg(long, default_value_t = 50)]
    seeds: u64,
    /// Calls of each history.
    #[arg(long, default_value_t = 100_000)]
    calls: u64,
    /// Histories at a time.
    #[arg(long, default_value_t = 2)]
    at_a_time: u64,
    /// Report a broken rule without a search for a shorter history.
    #[arg(long)]
    whole: bool,
}

impl Histories {
    pub(crate) fn run(self) -> io::Result<()> {
        println!(
            "| seed | calls | store requests | failed | items reaped | webhooks | sockets | signals | simulated | took | broken rules |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|---|");
        let seeds: Vec<_> = (self.seed..self.seed + self.seeds).collect();
        let calls = self.calls;
        let mut failed = 0;
        for some in seeds.chunks(usize::try_from(self.at_a_time).unwrap_or(1).max(1)) {
            let running: Vec<_> = some
                .iter()
                .map(|seed| {
                    let seed = *seed;
                    thread::spawn(move || (seed, run::run(seed, &Part::Calls(calls))))
                })
                .collect();
            for history in running {
                let (seed, ended) = history.join().map_err(|_| io::Error::other("a history panicked"))?;
                println!("{}", row(seed, &ended));
                if !ended.broken.is_empty() {
                    failed += 1;
                    self.report(seed, &ended);
                }
            }
        }
        if failed > 0 {
            return Err(io::Error::other(format!("{failed} of {} histories break a rule", self.seeds)));
        }
        Ok(())
    }

    fn report(&self, seed: u64, ended: &Ended) {
        print_broken(ended);
        if self.whole {
            return;
        }
        match shrink(seed, ended) {
            Some(shrunken) => {
                println!("\nThe shrunken history of seed {seed}:\n");
                for (number, at, op) in &shrunken.ops {
                    println!("{at} ms: {number}: {op:?}");
                }
                print_broken(&shrunken);
            }
            None => println!("\nSeed {seed} has no shorter history that breaks the rule."),
        }
    }
}

fn row(seed: u64, ended: &Ended) -> String {
    let Ended {
        calls, requests, faults, reaped, webhooks, sockets, signals, simulated, took, broken, ..
    } = ended;
    let (hours, took) = (simulated.as_secs() / 3600, took.as_secs());
    format!(
        "| {seed} | {calls} | {requests} | {faults} | {reaped} | {webhooks} | {sockets} | {signals} | {hours} h | {took} s | {} |",
        broken.len()
    )
}

fn print_broken(ended: &Ended) {
    let mut broken: Vec<_> = ended.broken.iter().collect();
    broken.sort_by_key(|broken| broken.at);
    for broken in broken.iter().take(SHOWN) {
        println!("{broken}");
    }
}
