//! The behaviour of a function while the store is down: the duration of its answers, and its retries.

use std::{io, time::Duration};

use bench::{environment::ENDPOINT, process::FunctionProcess};
use tokio::time::Instant;

use crate::{
    measure::Subject,
    stub::{self, Stub},
};

/// The processes of a function at the start of the outage, and the calls during it, spread over these processes.
const PROCESSES: u32 = 120;
const CALLS: u32 = 1000;

#[derive(Debug, Clone, Copy)]
pub struct Endured {
    /// The longest answer while the store refused connections.
    pub refused: Duration,
    /// Requests that reached the failing store, as a multiple of the requests that the calls would send without a retry.
    pub reached: f64,
}

/// Invokes a function with a store that refuses connections, and then with one that answers 500: 1,000 calls to 120
/// processes, each of which served a call before the outage.
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
        // A process has used up its retries before its last call.
        offered += of_last_call * u64::from(calls);
        stub.set_failing(false);
        process.end().await?;
    }
    #[expect(clippy::cast_precision_loss, reason = "there are thousands")]
    Ok(Endured { refused, reached: reached as f64 / offered.max(1) as f64 })
}

/// Checks that a function reported its failure: the authorizer with an error, the others with status 500.
fn failed(outcome: Result<String, String>, subject: &Subject) -> io::Result<()> {
    match outcome {
        Ok(answer) if !answer.contains(r#""statusCode":500"#) => {
            Err(io::Error::other(format!("{} answered in an outage: {answer}", subject.call.name)))
        }
        _ => Ok(()),
    }
}
