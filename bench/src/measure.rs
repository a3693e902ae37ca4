//! Starts functions and invokes them, again and again and in turns, and takes the time.

use std::{io, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    cpu_quota::CpuQuota,
    event::{Call, HELLO},
    process::{Bootstrap, FunctionProcess},
    stub::{Stub, Visit},
};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    /// How often each function is started.
    pub starts: u32,
    /// How many warm invocations each start is followed by.
    pub invocations: u32,
    /// The longest pause before each, of a random length: so that a CPU quota begins at another point of each.
    pub pause: Duration,
}

/// After how many invocations a function is warm.
const SETTLING: u32 = 10;

/// A call, and the bootstrap that answers it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The call.
    pub call: Call,
    /// Which of several builds this is; empty for the only one.
    pub build: String,
    /// The bootstrap.
    pub bootstrap: Bootstrap,
    /// The CPU quota that it has after its init, which Lambda does not throttle.
    pub quota: Option<Arc<CpuQuota>>,
}

/// All that was measured of one subject at one latency, in milliseconds and bytes, unless it says otherwise.
#[derive(Debug, Default)]
pub struct Measured {
    /// From being spawned to asking for the first event, without the connection.
    pub start: Vec<f64>,
    /// Opening the connection to the store, from reading the certificates to trust until the warm-up was answered.
    pub connection: Vec<f64>,
    /// The first invocation.
    pub first: Vec<f64>,
    /// The later ones.
    pub warm: Vec<f64>,
    /// What of a warm one was not the store's: the time when no request was at the stub. The stub's own TLS and HTTP are in it,
    /// and what a function does while the store is at another request of its is not.
    pub own: Vec<f64>,
    /// Processor time of a warm one.
    pub cpu: Vec<f64>,
    /// Resident memory after all invocations.
    pub rss: Vec<f64>,
    /// The most resident memory there ever was.
    pub peak_rss: Vec<f64>,
}

/// Measures all subjects in turns, so that whatever changes on the machine meanwhile meets all alike.
///
/// # Errors
/// That one fails.
pub async fn measure(subjects: &[Subject], stub: &Stub, amount: Amount) -> io::Result<Vec<Measured>> {
    let mut measured: Vec<_> = subjects.iter().map(|_| Measured::default()).collect();
    let mut turns: Vec<_> = subjects.iter().zip(&mut measured).collect();
    for _ in 0..amount.starts {
        fastrand::shuffle(&mut turns);
        for (subject, measured) in &mut turns {
            once(subject, stub, amount, measured).await?;
        }
    }
    Ok(measured)
}

/// One start, and the invocations that follow it.
async fn once(subject: &Subject, stub: &Stub, amount: Amount, measured: &mut Measured) -> io::Result<()> {
    let mut process = FunctionProcess::start(&subject.bootstrap).await?;
    let connection = process.connection()?;
    if connection.is_zero() && subject.call.name != HELLO {
        return Err(io::Error::other(format!("{} does not say how long connecting took", subject.call.name)));
    }
    measured.connection.push(millis(connection));
    measured.start.push(millis((process.ready - process.spawned).saturating_sub(connection)));

    if let Some(quota) = &subject.quota {
        quota.limit(process.id()?)?;
    }
    let event = &subject.call.event;
    let first = process.invoke(event).await?;
    subject.call.check(&first.answer)?;
    measured.first.push(millis(first.to - first.from));
    for _ in 0..SETTLING {
        pause(amount.pause).await;
        process.invoke(event).await?;
    }

    let before = process.usage()?;
    for _ in 0..amount.invocations {
        pause(amount.pause).await;
        stub.forget();
        let invocation = process.invoke(event).await?;
        let visits = stub.visits();
        let took = invocation.to - invocation.from;
        measured.warm.push(millis(took));
        measured.own.push(millis(took.saturating_sub(together(visits))));
    }
    let after = process.usage()?;
    measured.cpu.push(millis(after.cpu.saturating_sub(before.cpu) / amount.invocations));
    #[expect(clippy::cast_precision_loss, reason = "no process has 2^53 bytes")]
    {
        measured.rss.push(after.rss as f64);
        measured.peak_rss.push(after.peak_rss as f64);
    }
    process.end().await
}

async fn pause(longest: Duration) {
    if !longest.is_zero() {
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
    }
}

/// How long at least one of the visits lasted.
fn together(mut visits: Vec<Visit>) -> Duration {
    visits.sort_by_key(|visit| visit.from);
    let mut counted_to: Option<Instant> = None;
    visits.iter().fold(Duration::ZERO, |sum, visit| {
        let from = counted_to.map_or(visit.from, |to| to.max(visit.from));
        counted_to = Some(counted_to.map_or(visit.to, |to| to.max(visit.to)));
        sum + visit.to.saturating_duration_since(from)
    })
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Visit, together};

    #[test]
    fn visits_at_the_same_time_count_once() {
        let now = Instant::now();
        let visit =
            |from, to| Visit { from: now + Duration::from_millis(from), to: now + Duration::from_millis(to) };
        assert_eq!(
            together(vec![visit(7, 9), visit(0, 5), visit(1, 2), visit(4, 6)]),
            Duration::from_millis(8)
        );
        assert_eq!(together(Vec::new()), Duration::ZERO);
    }
}
