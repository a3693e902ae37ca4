//! The delay before a retry.

use std::time::Duration;

/// Exponential backoff with jitter. The upper bound of the delay doubles with each retry, up to a limit.
#[derive(Debug)]
pub(crate) struct Backoff {
    upper_bound: Duration,
    limit: Duration,
    /// The lower bound of the delay, as a fraction of the upper bound.
    lower_fraction: f64,
}

impl Backoff {
    /// After a fault or a conflict, which pass within milliseconds: 0 to 50 ms at first, 0 to 1 s later.
    pub(crate) const fn short() -> Self {
        Self { upper_bound: Duration::from_millis(50), limit: Duration::from_secs(1), lower_fraction: 0.0 }
    }

    /// After throttling, because a table gets new capacity each second: 100 to 200 ms at first, 200 to 400 ms later. The
    /// ten retries of a request thus span its three seconds.
    pub(crate) const fn for_throttling() -> Self {
        Self {
            upper_bound: Duration::from_millis(200),
            limit: Duration::from_millis(400),
            lower_fraction: 0.5,
        }
    }

    pub(crate) fn next_delay(&mut self) -> Duration {
        let fraction = self.lower_fraction + (1.0 - self.lower_fraction) * fastrand::f64();
        let delay = self.upper_bound.mul_f64(fraction);
        self.upper_bound = (self.upper_bound * 2).min(self.limit);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_delay_is_below_an_upper_bound_that_doubles_up_to_a_limit() {
        let mut backoff = Backoff::short();
        for upper_bound in [50, 100, 200, 400, 800, 1000, 1000, 1000] {
            assert!(backoff.next_delay() <= Duration::from_millis(upper_bound));
        }
        let mut backoff = Backoff::for_throttling();
        for upper_bound in [200, 400, 400, 400] {
            let delay = backoff.next_delay();
            assert!((upper_bound / 2..=upper_bound).contains(&delay.as_millis()), "{delay:?}");
        }
    }
}
