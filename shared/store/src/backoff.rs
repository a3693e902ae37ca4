//! How long to wait before another attempt.

use std::time::Duration;

/// Exponential backoff with jitter, below a ceiling that doubles up to a limit.
#[derive(Debug)]
pub(crate) struct Backoff {
    ceiling: Duration,
    limit: Duration,
    /// The part of the ceiling that is always waited.
    least: f64,
}

impl Backoff {
    /// After a fault or a lost race, which pass within milliseconds: anything up to 50 ms at first, up to a second later.
    pub(crate) const fn short() -> Self {
        Self { ceiling: Duration::from_millis(50), limit: Duration::from_secs(1), least: 0.0 }
    }

    /// For a table without capacity, which has some in each second: 100 to 200 ms at first, 200 to 400 ms later, so that the
    /// ten retries of a request span its three seconds.
    pub(crate) const fn for_capacity() -> Self {
        Self { ceiling: Duration::from_millis(200), limit: Duration::from_millis(400), least: 0.5 }
    }

    /// The next time to wait.
    pub(crate) fn next_delay(&mut self) -> Duration {
        let delay = self.ceiling.mul_f64(self.least + (1.0 - self.least) * fastrand::f64());
        self.ceiling = (self.ceiling * 2).min(self.limit);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_below_a_ceiling_that_doubles_up_to_a_limit() {
        let mut backoff = Backoff::short();
        for ceiling in [50, 100, 200, 400, 800, 1000, 1000, 1000] {
            assert!(backoff.next_delay() <= Duration::from_millis(ceiling));
        }
        let mut backoff = Backoff::for_capacity();
        for ceiling in [200, 400, 400, 400] {
            let delay = backoff.next_delay();
            assert!((ceiling / 2..=ceiling).contains(&delay.as_millis()), "{delay:?}");
        }
    }
}
