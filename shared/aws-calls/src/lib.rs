//! Calls of AWS's APIs besides DynamoDB: `Invoke` of Lambda and `@connections` of API Gateway.
//!
//! Each is one signed request without a retry: all of them are hints. The SDKs of these services would make each function's
//! binary larger and its start slower, for one operation.

#![warn(missing_docs)]

mod connections;
mod lambda;
mod signed;

pub use connections::{Connections, Posted};
pub use lambda::Invoker;
pub use signed::CallError;
