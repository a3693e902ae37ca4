//! Measures functions: repeated starts and invocations, in random order.

use std::{io, sync::Arc, time::Duration};

use tokio::time::Instant;

use bench::process::{Bootstrap, FunctionProcess};

use crate::{
    cpu_quota::CpuQuota,
    event::{Call, HELLO},
    stub::{Stub, Visit},
};

#[derive(Debug, Clone, Copy)]
pub struct Amount {
    /// Starts of each function.
    pub starts: u32,
    /// Warm invocations after each start.
    pub invocations: u32,
    /// The longest random pause before an invocation, so that invocations begin at different points of a CPU quota's period.
    pub pause: Duration,
}

/// The unmeasured invocations after the first one, which warm a function up.
const SETTLING: u32 = 10;

/// A call and the bootstrap that answers it.
#[derive(Debug, Clone)]
pub struct Subject {
    pub call: Call,
    /// The label of the build; empty for the only one.
    pub build: String,
    pub bootstrap: Bootstrap,
    /// The CPU quota after the init. Lambda does not throttle the init.
    pub quota: Option<Arc<CpuQuota>>,
}

/// The values of one subject at one latency of the store: times in milliseconds, memory in bytes.
#[derive(Debug, Default)]
pub struct Measured {
    /// From the spawn to the first request for an event, without [`connection`](Self::connection).
    pub start: Vec<f64>,
    /// Opening the connection to the store, from reading the trusted certificates to the answer of the warm-up request.
    pub connection: Vec<f64>,
    pub first: Vec<f64>,
    /// The measured invocations after the warm-up.
    pub warm: Vec<f64>,
    /// The part of a warm invocation during which no request was at the stub. It includes the stub's TLS and HTTP, and excludes
    /// the function's work during its own pending requests.
    pub own: Vec<f64>,
    /// CPU time of a warm invocation.
    pub cpu: Vec<f64>,
    /// Resident memory after all invocations.
    pub rss: Vec<f64>,
    /// Peak resident memory.
    pub peak_rss: Vec<f64>,
}

/// Measures all subjects, in a new random order for each start: a change of the machine's load affects all alike.
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

/// Measures one start and its invocations.
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

/// The time during which at least one visit was in progress.
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
