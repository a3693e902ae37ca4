//! DynamoDB without this service's keys and records: typed items, conditional writes, batches, transactions, and one retry
//! policy over all of them.

pub(crate) mod batch;
pub mod client;
pub(crate) mod expression;
pub(crate) mod item;
pub(crate) mod key;
pub(crate) mod operation;
pub(crate) mod query;
pub(crate) mod table;
pub(crate) mod transaction;
pub(crate) mod ttl;

mod backoff;
pub(crate) mod error;
mod meter;
pub(crate) mod retry;
mod retry_budget;
pub mod warm_up;

pub use error::{Fault, StoreError};
pub use meter::Meter;
pub use retry_budget::REQUEST_TIME;
pub use table::Table;
