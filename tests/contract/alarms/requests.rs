//! Requests, and the metrics that AWS publishes of them.

/// The requests of five minutes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Requests {
    /// Those that a function ran for, or a table answered.
    served: u32,
    /// Those of `served` that crashed or timed out.
    failed: u32,
    /// Those of `served` that were answered 4xx.
    refused: u32,
    /// Those that Lambda or DynamoDB turned away, beside `served`.
    throttled: u32,
    /// Milliseconds.
    p50: u32,
    p99: u32,
    /// Seconds that the oldest undelivered message has waited.
    lag: u32,
    /// Webhook endpoints that were disabled.
    disabled: u32,
    /// Signals to browsers that API Gateway accepted.
    signals: u32,
    /// Signals to browsers that failed.
    lost: u32,
}

pub const SILENCE: Requests = Requests {
    served: 0,
    failed: 0,
    refused: 0,
    throttled: 0,
    p50: 0,
    p99: 0,
    lag: 0,
    disabled: 0,
    signals: 0,
    lost: 0,
};
pub const PERIODS_AN_HOUR: usize = 12;

pub fn requests(served: u32) -> Requests {
    Requests { served, p50: 6, p99: 30, ..SILENCE }
}

impl Requests {
    pub const fn failing(self, failed: u32) -> Self {
        Self { failed, ..self }
    }

    pub const fn throttled(self, throttled: u32) -> Self {
        Self { throttled, ..self }
    }

    pub const fn refused(self) -> Self {
        Self { refused: self.served, ..self }
    }

    pub const fn lasting(self, p50: u32, p99: u32) -> Self {
        Self { p50, p99, ..self }
    }

    pub const fn lagging(self, lag: u32) -> Self {
        Self { lag, ..self }
    }

    pub const fn disabling(self, disabled: u32) -> Self {
        Self { disabled, ..self }
    }

    pub const fn signalling(self, signals: u32, lost: u32) -> Self {
        Self { signals, lost, ..self }
    }

    /// A metric's point for these requests. AWS publishes none where there is nothing to count, and counts of throttling only
    /// where there is some.
    pub fn point(self, metric: &str, stat: &str) -> Option<f64> {
        let Self { served, failed, refused, throttled, p50, p99, lag, disabled, signals, lost } = self;
        let (count, published) = match (metric, stat) {
            ("Invocations", "Sum")
            | ("ConsumedReadCapacityUnits" | "ConsumedWriteCapacityUnits", "SampleCount") => {
                (served, served > 0)
            }
            ("Errors", "Sum") => (failed, served > 0),
            ("Throttles" | "ReadThrottleEvents" | "WriteThrottleEvents", "Sum") => (throttled, throttled > 0),
            ("Duration", "p50") => (p50, served > 0),
            ("Duration", "p99") => (p99, served > 0),
            ("DeliveryLagSeconds", "Maximum") => (lag, lag > 0),
            ("SignalsSent", "Sum") => (signals, signals > 0),
            ("SignalsFailed", "Sum") => (lost, lost > 0),
            ("SignalsDropped", "Sum") => (0, false),
            ("EndpointsDisabled", "Sum") => (disabled, disabled > 0),
            ("Count", "Sum") => (served + throttled, served + throttled > 0),
            ("5XXError", "Sum") => (failed + throttled, served + throttled > 0),
            ("4XXError" | "Denials" | "PushConflicts" | "TokensRefused", "Sum") => (refused, refused > 0),
            other => panic!("{other:?} is a metric that these tests do not know"),
        };
        published.then(|| f64::from(count))
    }
}

/// An hour that ends with `last`, and is like `before` until then.
pub fn hour(before: Requests, last: &[Requests]) -> Vec<Requests> {
    let mut hour = vec![before; PERIODS_AN_HOUR - last.len()];
    hour.extend_from_slice(last);
    hour
}
