//! A fault campaign that tries to lose a message. Each subcommand attacks the guarantees of the contract in another way and ends
//! with an error if one breaks.

mod histories;

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
    /// Run clients of all kinds against a failing store, and check their complete history.
    Histories(histories::Histories),
}

fn main() -> io::Result<()> {
    match Arguments::parse().attack {
        Attack::Histories(histories) => histories.run(),
    }
}
