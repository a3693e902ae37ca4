//! The CPU share of a Lambda function of one memory size, as a control group of this machine.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

/// The memory with which Lambda gives a function one vCPU; less memory is a share in proportion
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
pub const MEGABYTES_OF_A_VCPU: u32 = 1_769;

/// After this time a function that used up its share may run on.
pub const PERIOD: Duration = Duration::from_micros(PERIOD_MICROS as u64);
const PERIOD_MICROS: u32 = 20_000;

/// Where control groups are mounted: version 2 at the first, the CPU controller of version 1 at the second.
const VERSION_2: &str = "/sys/fs/cgroup";
const VERSION_1: &str = "/sys/fs/cgroup/cpu";

/// A control group with a CPU quota. It is removed when it is dropped; its processes must have ended.
#[derive(Debug)]
pub struct CpuQuota {
    group: PathBuf,
}

impl CpuQuota {
    /// Makes a group with the CPU share of a function of this memory.
    ///
    /// # Errors
    /// This machine has no control groups, or this user may not make one.
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
        // The largest weight there is: the quota limits a function, and other work on the machine as little as possible.
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

    /// Moves a process into the group, with all its threads.
    ///
    /// # Errors
    /// The process has ended, or may not be moved.
    pub fn limit(&self, process: u32) -> io::Result<()> {
        self.set("cgroup.procs", &process.to_string())
    }

    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        fs::write(self.group.join(file), value)
    }
}

/// The CPU time in each period.
const fn quota_micros(megabytes: u32) -> u32 {
    PERIOD_MICROS * megabytes / MEGABYTES_OF_A_VCPU
}

impl Drop for CpuQuota {
    fn drop(&mut self) {
        // A group with a process that is still ending stays; it is empty soon and does no harm.
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
