//! A phase of the run, and its counts.

use std::{future::Future, time::Instant};

use super::StoreFault;
use crate::{pool::Interval, pooled_system::PooledSystem};

pub(super) struct Phase {
    pub(super) name: String,
    /// `None` in normal service.
    pub(super) fault: Option<StoreFault>,
    pub(super) from: Instant,
    pub(super) to: Instant,
    /// The requests that reached the proxy.
    pub(super) store_requests: u64,
    pub(super) processes: Interval,
}

impl Phase {
    /// Counts while `load` runs.
    pub(super) async fn of(
        name: &str,
        fault: Option<StoreFault>,
        system: &PooledSystem,
        load: impl Future<Output = ()>,
    ) -> Self {
        system.pools.tally.take();
        let (from, before) = (Instant::now(), system.proxy.reached());
        load.await;
        Self {
            name: name.to_owned(),
            fault,
            from,
            to: Instant::now(),
            store_requests: system.proxy.reached() - before,
            processes: system.pools.tally.take(),
        }
    }
}
