//! A fault campaign that tries to lose a message. Each subcommand attacks the guarantees of the contract in another way and ends
//! with an error if one breaks.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod client;
mod crashes;
mod expressions;
mod findings;
mod histories;
mod lock;
mod outage;
mod pool;
mod pooled_system;
mod soak;
mod tables;
mod workload;

use std::io;

use clap::{Parser, Subcommand};

/// A fault campaign that tries to lose a message.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    attack: Attack,
}

#[derive(Subcommand)]
enum Attack {
    /// Kill each function at each of its store requests, and repeat the call.
    Crashes(crashes::Crashes),
    /// Change each expression of the store, and expect a test of the contract to fail.
    Expressions(expressions::Expressions),
    /// Run clients of all kinds against a failing store, and check their complete history.
    Histories(histories::Histories),
    /// Take the store away under load, and slow it down.
    Outage(outage::Outage),
    /// Run a mixed load for half an hour, and watch memory, descriptors and the tables.
    Soak(soak::Soak),
}

fn main() -> io::Result<()> {
    match Arguments::parse().attack {
        Attack::Crashes(crashes) => crashes.run(),
        Attack::Expressions(expressions) => expressions.run(),
        Attack::Histories(histories) => histories.run(),
        Attack::Outage(outage) => outage.run(),
        Attack::Soak(soak) => soak.run(),
    }
}
