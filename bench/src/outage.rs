//! What a function does while the store is out of order.

use std::{io, time::Duration};

use tokio::time::Instant;

use crate::{
    harness::ENDPOINT,
    measure::Subject,
    process::FunctionProcess,
    stub::{self, Stub},
};

/// How many processes serve a function when the outage begins, and how many calls they meet in it.
const PROCESSES: u32 = 120;
const CALLS: u32 = 1000;

/// How a function gets through an outage.
#[derive(Debug, Clone, Copy)]
pub struct Endured {
    /// The longest that an answer took while the store refused connections.
    pub refused: Duration,
    /// How many requests reached a store that failed, as a multiple of what the calls would have sent without a retry.
    pub reached: f64,
}

/// Has a function meet a store that refuses connections, and then one that fails: 120 processes, each of which served a call
/// before, meet 1,000 calls in all.
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

    let (mut reached, mut offered) = (0, 0);
    for number in 0..PROCESSES {
        let mut process = FunctionProcess::start(&subject.bootstrap).await?;
        subject.call.check(&process.invoke(&subject.call.event).await?.answer)?;
        let calls = CALLS / PROCESSES + u32::from(number < CALLS % PROCESSES);
        stub.set_failing(true);
        let mut of_last_call = 0;
        for _ in 0..calls {
            let before = stub.reached();
            let (_, outcome) = process.try_invoke(&subject.call.event).await?;
            failed(outcome, subject)?;
            of_last_call = stub.reached() - before;
        }
        reached += stub.reached();
        // By its last call a process has no retry left.
        offered += of_last_call * u64::from(calls);
        stub.set_failing(false);
        process.end().await?;
    }
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
