//! The events that no caller waits for: streams of tables, schedules, and asynchronous invocations through Lambda's API.

mod asynchronous;
mod batches;
mod lambda_api;
mod schedule;
mod stream;
#[cfg(test)]
mod test_function;

use std::{io, time::Duration};

use api::Clock;
use dynoxide::Database;
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinSet};

use self::{asynchronous::Invoker, schedule::Schedule, stream::Stream};
use crate::{
    ServerHandle,
    functions::Functions,
    template::{EventSource, Template},
};

pub use schedule::scheduled_event;

/// The pause before a failed invocation is repeated. Lambda waits longer: up to a minute for an asynchronous one.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The event sources of a template, at work. They end when this is dropped.
#[derive(Debug)]
pub struct Events {
    sources: JoinSet<()>,
    invoker: Invoker,
    lambda: ServerHandle,
}

#[derive(Debug, Error)]
pub enum EventsError {
    #[error("cannot read the stream of {table}: {reason}")]
    Stream { table: String, reason: String },
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
}

impl Events {
    /// Starts the streams and schedules of `template`, and Lambda's API on `lambda`, whose address `functions` know.
    ///
    /// # Errors
    /// [`EventsError`] if a stream cannot be read.
    pub fn start(
        template: &Template,
        functions: &Functions,
        database: &Database,
        lambda: TcpListener,
        clock: &Clock,
    ) -> Result<Self, EventsError> {
        let invoker = Invoker::new(functions.clone());
        let mut sources = JoinSet::new();
        for function in &template.functions {
            for source in &function.sources {
                let id = function.id.clone();
                match source {
                    EventSource::Stream(source) => {
                        let stream = Stream::open(database.clone(), source.clone(), functions.clone(), id)?;
                        sources.spawn(stream.run());
                    }
                    EventSource::Schedule { interval } => {
                        let schedule = Schedule { function: id, interval: *interval };
                        sources.spawn(schedule.run(invoker.clone(), clock.clone()));
                    }
                }
            }
        }
        let lambda = lambda_api::serve(lambda, invoker.clone())?;
        Ok(Self { sources, invoker, lambda })
    }

    /// Ends the event sources and the invocations that are under way.
    pub async fn stop(mut self) {
        self.sources.shutdown().await;
        self.lambda.stop().await;
        self.invoker.stop();
    }
}
