//! The CPU share of a Lambda function with a given memory size, as a Linux control group.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

/// The memory at which Lambda gives a function one vCPU; less memory gives a proportional share
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
pub const MEGABYTES_OF_A_VCPU: u32 = 1_769;

/// The period of the quota: a throttled function continues at the next period.
pub const PERIOD: Duration = Duration::from_micros(PERIOD_MICROS as u64);
const PERIOD_MICROS: u32 = 20_000;

/// The mount points of control groups: version 2, and the CPU controller of version 1.
const VERSION_2: &str = "/sys/fs/cgroup";
const VERSION_1: &str = "/sys/fs/cgroup/cpu";

/// A control group with a CPU quota. Dropping it removes the group; its processes must have ended before.
#[derive(Debug)]
pub struct CpuQuota {
    group: PathBuf,
}

impl CpuQuota {
    /// Makes a group with the CPU share of a function with this memory.
    ///
    /// # Errors
    /// The machine has no control groups, or the user may not make one.
    pub fn of_memory(megabytes: u32) -> io::Result<Self> {
        let is_version_2 = Path::new(VERSION_2).join("cgroup.controllers").exists();
        let root = if is_version_2 { VERSION_2 } else { VERSION_1 };
        Self::make(root, is_version_2, megabytes).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!(
                    "no CPU quota without control groups and the right to make one (root): {root}: {error}"
                ),
            )
        })
    }

    fn make(root: &str, is_version_2: bool, megabytes: u32) -> io::Result<Self> {
        let root = Path::new(root);
        let group = root.join(format!("bench-{}-{megabytes}", process::id()));
        let quota = quota_micros(megabytes);
        if is_version_2 {
            fs::write(root.join("cgroup.subtree_control"), "+cpu")?;
        }
        fs::create_dir(&group)?;
        let made = Self { group };
        // The maximum weight: only the quota should limit a function, not other work on the machine.
        if is_version_2 {
            made.set("cpu.max", &format!("{quota} {PERIOD_MICROS}"))?;
            made.set("cpu.weight", "10000")?;
        } else {
            made.set("cpu.cfs_period_us", &PERIOD_MICROS.to_string())?;
            made.set("cpu.cfs_quota_us", &quota.to_string())?;
            made.set("cpu.shares", "262144")?;
        }
        Ok(made)
    }

    /// Moves a process with all its threads into the group.
    ///
    /// # Errors
    /// The process has ended, or the user may not move it.
    pub fn limit(&self, process: u32) -> io::Result<()> {
        self.set("cgroup.procs", &process.to_string())
    }

    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        fs::write(self.group.join(file), value)
    }
}

/// The CPU time per period, in microseconds.
const fn quota_micros(megabytes: u32) -> u32 {
    PERIOD_MICROS * megabytes / MEGABYTES_OF_A_VCPU
}

impl Drop for CpuQuota {
    fn drop(&mut self) {
        // Removal fails while a process is still ending. A leftover group is soon empty and harmless.
        let _ = fs::remove_dir(&self.group);
    }
}

#[cfg(test)]
mod tests {
    use super::quota_micros;

    #[test]
    fn a_quota_is_in_proportion_to_the_memory() {
        assert_eq!([128, 512, 1_769].map(quota_micros), [1_447, 5_788, 20_000]);
    }
}
