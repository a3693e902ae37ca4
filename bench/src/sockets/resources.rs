//! Memory and descriptors of `local` while signals are sent.

use std::{fmt, io};

use bench::{
    local_process::LocalProcess,
    resources::{self, Resources},
};

use crate::statistics::Sample;

/// The samples at the beginning and at the end that are compared, one a second.
const COMPARED: usize = 15;

/// The limit of the growth of resident memory, as a fraction. `local` also keeps the data of the writes in memory.
const GROWTH: f64 = 0.10;

/// The descriptors that may be more at the end. Slow calls open more connections inside of `local`, which has both ends of them, and
/// keeps them for later calls. One descriptor for each write would be over 1,000.
const DESCRIPTORS: f64 = 100.0;

/// Samples, one a second.
#[derive(Debug, Default)]
pub(super) struct Watch(Vec<Resources>);

impl Watch {
    /// Adds a sample.
    ///
    /// # Errors
    /// The process has ended.
    pub(super) fn sample(&mut self, local: &LocalProcess) -> io::Result<()> {
        let sample = resources::of_process(local.id).ok_or_else(|| io::Error::other("local ended"))?;
        self.0.push(sample);
        Ok(())
    }

    /// The medians at the beginning and at the end.
    fn compared(&self, value: fn(&Resources) -> f64) -> [f64; 2] {
        let first: Sample = self.0.iter().take(COMPARED).map(value).collect();
        let last: Sample = self.0.iter().rev().take(COMPARED).map(value).collect();
        [first.median(), last.median()]
    }

    fn rss(&self) -> [f64; 2] {
        self.compared(|resources| resources.rss)
    }

    fn descriptors(&self) -> [f64; 2] {
        self.compared(|resources| resources.descriptors)
    }

    /// The goals that are missed.
    pub(super) fn missed(&self) -> Vec<String> {
        let ([rss, rss_at_end], [descriptors, descriptors_at_end]) = (self.rss(), self.descriptors());
        let goals = [
            (rss_at_end <= rss * (1.0 + GROWTH), format!("memory grew from {rss} to {rss_at_end} bytes")),
            (
                descriptors_at_end <= descriptors + DESCRIPTORS,
                format!("descriptors grew from {descriptors} to {descriptors_at_end}"),
            ),
        ];
        goals.into_iter().filter(|(is_met, _)| !is_met).map(|(_, missed)| missed).collect()
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([rss, rss_at_end], [descriptors, descriptors_at_end]) = (self.rss(), self.descriptors());
        write!(
            f,
            "Memory of `local`: {:.1} MB in the first {COMPARED} s, {:.1} MB in the last ({:+.1} %). \
             Descriptors: {descriptors}, {descriptors_at_end}.",
            rss / 1e6,
            rss_at_end / 1e6,
            (rss_at_end / rss - 1.0) * 100.0,
        )
    }
}
