//! What every function shares at its edge: its environment, its logs, reading a request, who calls, and answering in
//! the envelope of its product.

mod answer_budget;
mod clock;
mod deps;
mod envelope;
mod environment;
mod failure;
pub mod logging;
mod request;
mod respond;
mod tally;

pub use answer_budget::AnswerBudget;
pub use clock::Clock;
pub use deps::{ChatDeps, WriteDeps};
pub use envelope::Envelope;
pub use environment::{Environment, EnvironmentError};
pub use failure::Failure;
pub use request::{Request, UnauthenticatedRequest};
pub use respond::{ANSWER_WITHIN, Data, Done, respond, respond_unauthenticated};
pub use tally::{Metric, Tally};
