//! What a function does while the store is out of order.

use std::{io, time::Duration};

use tokio::time::Instant;

use crate::{
    laboratory::ENDPOINT,
    measure::Subject,
    process::FunctionProcess,
    stub::{self, Stub},
};

/// How many calls an outage has for each process.
const CALLS: u32 = 1000;

/// How a function gets through an outage.
#[derive(Debug, Clone, Copy)]
pub struct Endured {
    /// The longest that an answer took while the store refused connections.
    pub refused: Duration,
    /// How many requests reached a store that failed, for each operation that was asked for.
    pub reached: f64,
}

/// Has a function meet a store that refuses connections, and then one that fails throughout 1,000 invocations.
///
/// # Errors
/// That it does not answer.
pub async fn endure(subject: &Subject, stub: &Stub) -> io::Result<Endured> {
    let mut bootstrap = subject.bootstrap.clone();
    bootstrap.environment.insert(ENDPOINT.to_owned(), stub::nobody().await?);
    let mut process = FunctionProcess::start(&bootstrap).await?;
    let mut refused = Duration::ZERO;
    for _ in 0..3 {
        let from = Instant::now();
        let (to, outcome) = process.try_invoke(&subject.call.event).await?;
        failed(outcome, subject)?;
        refused = refused.max(to - from);
    }
    process.end().await?;

    let mut process = FunctionProcess::start(&subject.bootstrap).await?;
    stub.set_failing(true);
    for _ in 0..CALLS {
        let (_, outcome) = process.try_invoke(&subject.call.event).await?;
        failed(outcome, subject)?;
    }
    let (offered, reached) = stub.calls();
    stub.set_failing(false);
    process.end().await?;
    #[expect(clippy::cast_precision_loss, reason = "there are thousands")]
    Ok(Endured { refused, reached: reached as f64 / offered.max(1) as f64 })
}

/// In an outage, a function says that it failed: an authorizer by an error, the others by a 500.
fn failed(outcome: Result<String, String>, subject: &Subject) -> io::Result<()> {
    match outcome {
        Ok(answer) if !answer.contains(r#""statusCode":500"#) => {
            Err(io::Error::other(format!("{} answered in an outage: {answer}", subject.call.name)))
        }
        _ => Ok(()),
    }
}
