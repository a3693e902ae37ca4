//! Histories of clients of all kinds against a failing store.

use std::io;

use clap::Args;

#[derive(Args)]
pub(crate) struct Histories {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Histories {
    pub(crate) fn run(self) -> io::Result<()> {
        Err(io::Error::other(format!("seed {}", self.seed)))
    }
}
