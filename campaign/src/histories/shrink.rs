//! Finds a small part of a history that breaks the same rule.

use std::collections::BTreeSet;

use super::{
    rule::Broken,
    run::{Ended, Part, run},
};

/// The histories that are run for one shrunken history.
const RUNS: usize = 60;

/// Shrinks a history that broke rules: to the operations that concern the subject of the first broken rule, and then by halves,
/// quarters and so on. `None` if these operations alone break nothing: operations of others matter, or the order of an instant.
pub(super) fn shrink(seed: u64, ended: &Ended) -> Option<Ended> {
    let first = ended.broken.iter().min_by_key(|broken| broken.at)?;
    let concerned = ended.ops.iter().filter(|(_, _, op)| op.concerns(&first.subject));
    let concerned: BTreeSet<_> = concerned.map(|(number, ..)| *number).collect();
    let mut runs = 0;
    let mut breaks = |ops: &BTreeSet<usize>| {
        runs += 1;
        let ended = (runs <= RUNS).then(|| run(seed, &Part::Ops(ops.clone())))?;
        ended.broken.iter().any(|broken| is_same(broken, first)).then_some(ended)
    };
    let mut smallest = breaks(&concerned)?;
    let mut parts = 2;
    loop {
        let ops: Vec<_> = smallest.ops.iter().map(|(number, ..)| *number).collect();
        let size = ops.len().div_ceil(parts);
        let without =
            |part: &[usize]| ops.iter().filter(|op| !part.contains(op)).copied().collect::<BTreeSet<_>>();
        match ops.chunks(size.max(1)).map(without).find_map(|fewer| breaks(&fewer)) {
            Some(fewer) => {
                smallest = fewer;
                parts = parts.saturating_sub(1).max(2);
            }
            None if size <= 1 => return Some(smallest),
            None => parts *= 2,
        }
    }
}

fn is_same(broken: &Broken, other: &Broken) -> bool {
    broken.rule == other.rule && broken.subject == other.subject
}
