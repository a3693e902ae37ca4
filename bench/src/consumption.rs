//! Requests, round trips and units, from the proxy's record of requests.

use tests::{Recorded, faults::round_trips};

/// The use of DynamoDB by one call.
#[derive(Debug, Default, Clone, Copy)]
pub struct Use {
    pub requests: usize,
    /// Sequential waits: concurrent requests count once.
    pub round_trips: usize,
    pub read_units: f64,
    pub write_units: f64,
}

impl<'r> FromIterator<&'r Recorded> for Use {
    fn from_iter<I: IntoIterator<Item = &'r Recorded>>(recorded: I) -> Self {
        let recorded: Vec<_> = recorded.into_iter().collect();
        let none = Self { round_trips: round_trips(recorded.iter().copied()), ..Self::default() };
        recorded.into_iter().fold(none, |used, recorded| {
            let is_read = matches!(recorded.operation.as_str(), "GetItem" | "Query" | "BatchGetItem");
            let (read, write) = if is_read { (recorded.units, 0.0) } else { (0.0, recorded.units) };
            Self {
                requests: used.requests + 1,
                read_units: used.read_units + read,
                write_units: used.write_units + write,
                ..used
            }
        })
    }
}
