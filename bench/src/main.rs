//! Benchmarks of the functions: start, latency, memory, size and cost.

mod certificate;
mod consumption;
mod copy_per_user;
mod cost;
mod cpu_quota;
mod event;
mod harness;
mod load;
mod measure;
mod memory;
mod noise;
mod outage;
mod prices;
mod report;
mod sockets;
mod stub;
mod webhooks;

use std::{fs, io, path::PathBuf, time::Duration};

use bench::{machine, markdown, statistics};
use clap::{Args, Parser, Subcommand};
use harness::{Build, Harness};
use load::Load;
use measure::Amount;
use report::{LATENCY_MILLIS, Results};

/// Benchmarks of the functions, with the bootstraps that `deploy/build` built.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure start, latency, memory, CPU time and size of each function, with the smallest function as the baseline.
    Functions(Functions),
    /// Send many concurrent requests of mixed kinds to as many processes as they need.
    Load(LoadArguments),
    /// Measure latency and cost of five calls under the CPU share of each memory size; needs root.
    Memory(MemoryArguments),
    /// Print the DynamoDB requests, units and cost of each endpoint.
    Cost,
    /// Measure the time from a write to its signals at 2,000 sockets of `local`, the program next to this one.
    Sockets {
        /// The measured time, after 15 seconds of warm-up.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Measure the time from a user's message to a partner's receiver in `local`, also beside a slow receiver.
    Webhooks {
        /// Messages of each measurement, one each 50 ms.
        #[arg(long, default_value_t = 400)]
        messages: usize,
    },
}

#[derive(Args)]
struct Functions {
    /// A build to measure, with FOLDER/BINARY/bootstrap; repeat to compare builds. [default: target/lambda]
    #[arg(long = "build", value_name = "LABEL=FOLDER", value_parser = build)]
    builds: Vec<Build>,
    /// Measure only calls whose names contain this; hello is always measured.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// An environment variable of every function; overrides the template.
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// Starts of each function.
    #[arg(long, default_value_t = 40)]
    starts: u32,
    /// Warm invocations after each start.
    #[arg(long, default_value_t = 50)]
    invocations: u32,
    /// The output file for all figures, in JSON.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
}

#[derive(Args)]
struct LoadArguments {
    /// Measured requests; a tenth as many precede them as a warm-up.
    #[arg(long, default_value_t = 100_000)]
    requests: usize,
    /// Concurrent requests.
    #[arg(long, default_value_t = 16)]
    at_a_time: usize,
}

#[derive(Args)]
struct MemoryArguments {
    /// The build to measure, with FOLDER/BINARY/bootstrap.
    #[arg(long = "build", value_name = "FOLDER", default_value = "target/lambda")]
    folder: PathBuf,
    /// Measure only calls whose names contain this.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Starts of each function at each size.
    #[arg(long, default_value_t = 8)]
    starts: u32,
    /// Warm invocations after each start.
    #[arg(long, default_value_t = 25)]
    invocations: u32,
    /// The output file for all figures, in JSON.
    #[arg(long, default_value = "target/memory.json")]
    json: PathBuf,
}

fn build(argument: &str) -> Result<Build, String> {
    let (label, folder) = argument.split_once('=').ok_or("must be LABEL=FOLDER")?;
    Ok(Build { label: label.to_owned(), folder: folder.into() })
}

fn variable(argument: &str) -> Result<(String, String), String> {
    let (name, value) = argument.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

// One thread, so that the other processors are free for the functions.
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    match Arguments::parse().command {
        Command::Functions(arguments) => functions(arguments).await,
        Command::Load(arguments) => load(&arguments).await,
        Command::Memory(arguments) => memory(&arguments).await,
        Command::Cost => cost::print().await,
        Command::Sockets { seconds } => sockets::print(Duration::from_secs(seconds)).await,
        Command::Webhooks { messages } => webhooks::print(messages).await,
    }
}

/// The output of `deploy/build`.
fn built() -> Build {
    Build { label: String::new(), folder: "target/lambda".into() }
}

async fn load(arguments: &LoadArguments) -> io::Result<()> {
    let harness = Harness::set_up(&[built()], &[]).await?;
    harness.stub.set_latency(Duration::from_millis(LATENCY_MILLIS.into()));
    let load = Load { requests: arguments.requests, at_a_time: arguments.at_a_time };
    let before = noise::Before::now()?;
    let outcome = load::put(&harness.subjects, load).await?;
    println!("{}\n\n{}", machine::today_on_this_machine()?, outcome.report());
    if let (others, true) = before.others()? {
        println!(
            "The machine was too noisy for these figures: others used {:.0} % of the processors.",
            others * 100.0
        );
    }
    let growth = outcome.growth();
    if growth > load::GROWTH {
        return Err(io::Error::other(format!("memory grew by {:.1} %", growth * 100.0)));
    }
    Ok(())
}

async fn memory(arguments: &MemoryArguments) -> io::Result<()> {
    let (prices, quotas) = (prices::Prices::listed()?, memory::quotas()?);
    let build = Build { label: String::new(), folder: arguments.folder.clone() };
    let mut harness = Harness::open().await?;
    memory::seed(&harness).await?;
    let wanted = |call: &event::Call| {
        let is_named =
            arguments.only.is_empty() || arguments.only.iter().any(|part| call.name.contains(part));
        is_named && call.name != event::RICH_PUSH
    };
    harness.learn(&[build], &event::calls_for_memory()?, wanted).await?;
    harness.stub.set_latency(Duration::from_millis(LATENCY_MILLIS.into()));
    let sized = memory::at_each_size(&harness.subjects, &quotas);
    let subjects: Vec<_> = sized.iter().map(|(_, subject)| subject.clone()).collect();
    let amount =
        Amount { starts: arguments.starts, invocations: arguments.invocations, pause: cpu_quota::PERIOD };

    let before = noise::Before::now()?;
    let measured = measure::measure(&subjects, &harness.stub, amount).await?;
    let (others, is_noisy) = before.others()?;
    let basis = if is_noisy { memory::Basis::P50 } else { memory::Basis::P99 };
    let figures: Vec<_> = sized
        .iter()
        .zip(&measured)
        .map(|((size, subject), measured)| memory::figures(&subject.call, *size, measured, &prices))
        .collect();
    let machine = machine::today_on_this_machine()?;
    println!("{machine}\n\n{}\n", memory::report(&figures, basis));
    println!("Others used {:.0} % of the processors; sizes were chosen by {basis:?}.", others * 100.0);
    let all = serde_json::json!({"measured": machine, "others": others, "figures": figures});
    fs::write(&arguments.json, serde_json::to_vec_pretty(&all)?)
}

async fn functions(arguments: Functions) -> io::Result<()> {
    let mut builds = arguments.builds;
    if builds.is_empty() {
        builds.push(built());
    }
    let mut harness = Harness::set_up(&builds, &arguments.only).await?;
    for subject in &mut harness.subjects {
        subject.bootstrap.environment.extend(arguments.variables.clone());
    }
    let Harness { stub, subjects, .. } = &harness;
    let amount =
        Amount { starts: arguments.starts, invocations: arguments.invocations, pause: Duration::ZERO };

    let before = noise::Before::now()?;
    let at_once = measure::measure(subjects, stub, amount).await?;
    stub.set_latency(Duration::from_millis(LATENCY_MILLIS.into()));
    let at_5_ms = measure::measure(subjects, stub, amount).await?;
    stub.set_latency(Duration::ZERO);
    let others = before.others()?;

    let mut results = Vec::new();
    for ((subject, at_once), at_5_ms) in subjects.iter().zip(at_once).zip(at_5_ms) {
        let endured = match subject.call.name {
            event::HELLO => None,
            _ => Some(outage::endure(subject, stub).await?),
        };
        results.push(Results { subject: subject.clone(), at_once, at_5_ms, endured });
    }

    let figures = report::figures(&results)?;
    let missed = report::missed(&figures);
    let doubts = report::doubts(&results, others);
    let measured = machine::today_on_this_machine()?;
    println!("{measured}\n\n{}", report::tables(&figures));
    for missed in &missed {
        println!(
            "Over the limit: {}: {}: {:.2}, at most {}",
            missed.call, missed.what, missed.is, missed.limit
        );
    }
    if let Some(doubts) = &doubts {
        println!("The machine was too noisy for these figures. {doubts}");
    }
    let all = serde_json::json!({"measured": measured, "figures": figures, "over_the_limit": missed, "doubts": doubts});
    fs::write(&arguments.json, serde_json::to_vec_pretty(&all)?)
}
