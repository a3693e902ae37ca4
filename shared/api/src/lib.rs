//! The edge of every function: environment, logs, metrics, reading a request, and the response in its product's envelope.

#![warn(missing_docs)]

mod clock;
mod deps;
mod environment;
mod event;
mod failure;
pub mod logging;
mod metrics;
mod product;
mod request;
mod respond;
mod response_budget;
mod run;
mod stream;

pub use clock::Clock;
pub use deps::{ChatDeps, Dependencies, WriteDeps};
pub use environment::{Environment, EnvironmentError};
pub use event::{Event, EventFailure, process, run_events};
pub use failure::Failure;
pub use lambda_http::Error;
pub use metrics::{Metric, RequestMetrics};
pub use product::{CustomerService, ErrorResponse, MessagePush, OAuth, Platform, Product};
pub use request::{FromEvent, Request, UnauthenticatedRequest};
pub use respond::{Data, Empty, RESPONSE_DEADLINE, respond};
pub use response_budget::ResponseBudget;
pub use run::{run, start};
pub use stream::StreamRecord;
