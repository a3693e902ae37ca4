//! The throttles of a stage: a token bucket per route, shared by all callers.

use std::collections::HashMap;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::template::{Api, Route};

/// By method and path.
#[derive(Debug)]
pub(super) struct Throttles(HashMap<(String, String), DefaultDirectRateLimiter>);

impl Throttles {
    /// Full buckets for the routes of `apis` that have a throttle.
    pub(super) fn of(apis: &[Api]) -> Self {
        let routes = apis.iter().flat_map(|api| &api.routes);
        let buckets = routes.filter_map(|route| {
            let throttle = route.throttle?;
            let quota = Quota::per_second(throttle.rate).allow_burst(throttle.burst);
            Some((key(route), RateLimiter::direct(quota)))
        });
        Self(buckets.collect())
    }

    /// Takes a token of `route`; `false` if its bucket is empty.
    pub(super) fn admit(&self, route: &Route) -> bool {
        self.0.get(&key(route)).is_none_or(|bucket| bucket.check().is_ok())
    }
}

fn key(route: &Route) -> (String, String) {
    (route.method.clone(), route.path.clone())
}
