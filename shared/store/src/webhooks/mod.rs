//! Webhook endpoints, their secrets, and the progress of deliveries: the table `Webhooks`.
//!
//! An application has one URL and one secret, and an endpoint for each of its sources. Operators write endpoints;
//! deliveries write their progress. The progress holds the lease of the one delivery that may run for the endpoint, and
//! the state of that delivery, which only the holder of the lease writes.

mod endpoints;
mod progress;
mod secrets;

pub use endpoints::{
    DisabledBecause, Endpoint, EndpointPage, EndpointStatus, disable, enable, find, page, put,
};
pub use progress::{
    AttemptRecord, CURSOR_CAPACITY, DeliveryState, Hint, Lease, PendingBatch, Release, Save, Seek, progress,
    reset, take, wake,
};
pub use secrets::{SigningSecrets, find_secrets, put_secrets};
