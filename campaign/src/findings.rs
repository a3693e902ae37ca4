//! The broken guarantees that an attack found.

use std::{
    io,
    sync::{Arc, Mutex},
};

use crate::lock::lock;

/// The findings that are kept with their text; further ones are counted only.
const KEPT: usize = 40;

/// A clone adds to the same findings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings(Arc<Mutex<Found>>);

#[derive(Debug, Default)]
struct Found {
    texts: Vec<String>,
    count: usize,
}

impl Findings {
    pub(crate) fn add(&self, text: impl Into<String>) {
        let mut found = lock(&self.0);
        found.count += 1;
        if found.texts.len() < KEPT {
            found.texts.push(text.into());
        }
    }

    /// Adds a finding unless `holds`.
    pub(crate) fn check(&self, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.add(text());
        }
    }

    /// Prints the findings.
    ///
    /// # Errors
    /// There are findings.
    pub(crate) fn outcome(&self) -> io::Result<()> {
        let found = lock(&self.0);
        for finding in &found.texts {
            println!("- {finding}");
        }
        match found.count {
            0 => Ok(()),
            count => Err(io::Error::other(format!("{count} findings"))),
        }
    }
}
