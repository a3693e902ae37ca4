//! The throttle of the signals of one instance. The calls of `@connections` share the account's API Gateway quota with the APIs.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// A token bucket.
#[derive(Debug)]
pub struct Throttle(DefaultDirectRateLimiter);

impl Throttle {
    /// Admits `rate` signals per second, and `burst` at once.
    pub(crate) fn new(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self(RateLimiter::direct(Quota::per_second(rate).allow_burst(burst)))
    }

    /// Takes a token; false if there is none.
    pub(crate) fn admits(&self) -> bool {
        self.0.check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_admitted_and_the_surplus_is_not() {
        let throttle = Throttle::new(NonZeroU32::MIN, NonZeroU32::new(3).unwrap());
        assert_eq!([(); 4].map(|()| throttle.admits()), [true, true, true, false]);
    }
}
