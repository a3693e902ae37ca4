//! DynamoDB: one module per kind of record, and the only place that knows keys and attributes.
//!
//! Two tables: `Access` holds applications and tokens, `Chat` what people say. Each is a partition key
//! `pk`, a sort key `sk` and a TTL attribute `expireAt` in epoch seconds. TTL may lag by days, so that every read
//! drops what has expired, by a clock that the caller brings.

#![warn(missing_docs)]

pub mod applications;
pub mod chat_log;
pub mod chats;
pub mod client;
pub mod messages;
pub mod push;
pub mod tokens;
pub mod users;

mod backoff;
mod batch;
mod error;
mod expression;
mod keys;
mod meter;
mod record;
mod record_id;
mod retention;
mod retry;
mod table;
mod transaction;
mod warm_up;

pub use applications::{AuditEntry, Stored, VersionedApplication};
pub use aws_sdk_dynamodb::Client;
pub use error::{Fault, StoreError};
pub use meter::Meter;
pub use record_id::RecordId;
pub use retention::Retention;
pub use retry::REQUEST_TIME;
pub use table::Table;
pub use warm_up::WarmUp;
