//! Memory and descriptors of a process.

use procfs::process::Process;

#[derive(Debug, Clone, Copy)]
pub struct Resources {
    /// Resident memory, in bytes.
    pub rss: f64,
    /// Open descriptors.
    pub descriptors: f64,
}

/// The resources of a process by its id; `None` if it has ended.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "no process has 2^53 bytes")]
pub fn of_process(id: u32) -> Option<Resources> {
    let process = Process::new(i32::try_from(id).ok()?).ok()?;
    let rss = process.status().ok()?.vmrss? * 1024;
    Some(Resources { rss: rss as f64, descriptors: process.fd_count().ok()? as f64 })
}
