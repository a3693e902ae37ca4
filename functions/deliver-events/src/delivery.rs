//! One delivery: it holds the lease of an endpoint and posts batch after batch.
//!
//! The batch is stored before it is posted. A delivery that ends between the two, or before it has stored the receiver's answer,
//! leaves the batch pending, and the next delivery posts the same entries under the same id.

use std::time::Duration;

use api::{Event, EventFailure, Metric};
use model::Timestamp;
use store::{
    Table,
    webhooks::{self, AttemptRecord, DisabledBecause, Lease, PendingBatch, Release, Save},
};
use webhook::{
    client::{Answer, Client, Outcome},
    schedule,
    signature::Signed,
};

use crate::{
    Delivery, Deps,
    batch::{self, Next},
    target::{self, Target},
};

/// The time of a lease. Each store of the state renews it.
const LEASE_MILLIS: u64 = 60_000;

/// A post starts only with this much of the lease left: its 10 seconds, and 2 for the store.
const POST_MILLIS: u64 = 12_000;

/// The time after which a delivery ends. Another one continues within a minute.
const RUN_MILLIS: u64 = 10 * 60_000;

/// The longest wait that is slept through under the lease: the second of the schedule, with its jitter.
const LONGEST_SLEEP: Duration = Duration::from_secs(33);

/// The pause before entries that cannot be posted yet are looked at again.
const HELD_MILLIS: u64 = 1_000;

/// The status by which a receiver asks to be disabled.
const GONE: u16 = 410;

/// The characters of a receiver's answer that the log of attempts keeps.
const KEPT_ANSWER: usize = 200;

/// Whether a delivery goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    GoOn,
    End,
}

/// A running delivery.
struct Run<'a> {
    deps: &'a Deps,
    event: &'a Event<Delivery>,
    lease: Lease,
    receivers: Client,
}

/// Delivers to the endpoint of `event`.
pub(crate) async fn run(deps: &Deps, event: &Event<Delivery>) -> Result<(), EventFailure> {
    let Delivery { source, app } = &event.payload;
    let started = deps.clock.now();
    let until = started.plus_millis(LEASE_MILLIS);
    let taken = webhooks::take(&event.table(&deps.webhooks), *source, app, started, until).await?;
    let Some(lease) = taken else { return Ok(()) };
    let mut run = Run { deps, event, lease, receivers: Client::new(deps.reach) };
    while deps.clock.now().millis_since(started) < RUN_MILLIS {
        match run.step().await {
            Ok(Step::GoOn) => {}
            Ok(Step::End) => return Ok(()),
            Err(error) => {
                // Stores an accepted batch and frees the lease, if the store answers again. Otherwise the lease ends by itself.
                let _ = run.give_up(None).await;
                return Err(error);
            }
        }
    }
    run.give_up(None).await.map(|_| ())
}

impl Run<'_> {
    fn webhooks(&self) -> Table {
        self.event.table(&self.deps.webhooks)
    }

    /// Posts one batch, or finds that there is none.
    async fn step(&mut self) -> Result<Step, EventFailure> {
        let Self { deps, event, .. } = *self;
        let now = deps.clock.now();
        let target = target::find(deps, event, now).await?;
        self.lease.delivery.is_paused = target.is_none();
        let Some(target) = target else {
            self.lease.delivery.forget_failures();
            return self.give_up(None).await;
        };
        let state = &mut self.lease.delivery;
        match batch::next(&event.table(&deps.chat), event.payload.source, state, now).await? {
            Next::Empty => Ok(match self.lease.release(&self.webhooks()).await? {
                Release::Woken => Step::GoOn,
                Release::Released | Release::Lost => Step::End,
            }),
            Next::Held => self.wait_until(None, deps.clock.now().plus_millis(HELD_MILLIS)).await,
            Next::Batch { body, entries } => {
                if self.save(None).await? == Save::Lost {
                    return Ok(Step::End);
                }
                let has_time = self.lease.until.millis_since(deps.clock.now()) >= POST_MILLIS;
                match self.lease.delivery.pending.clone() {
                    Some(pending) if has_time => self.post(&target, &pending, &body, entries).await,
                    _ => Ok(Step::GoOn),
                }
            }
        }
    }

    /// Posts the pending batch. A success is stored with the next batch, or with the end of the feed.
    async fn post(
        &mut self,
        target: &Target,
        pending: &PendingBatch,
        body: &str,
        entries: usize,
    ) -> Result<Step, EventFailure> {
        let at = self.deps.clock.now();
        let timestamp = i64::try_from(at.seconds()).unwrap_or_default();
        let message = Signed { id: &pending.id, timestamp, body: body.as_bytes() };
        let outcome = self.receivers.post(&target.url, message, &target.secrets).await;
        let now = self.deps.clock.now();
        let is_success = |status: u16| (200..300).contains(&status);
        let (outcome, answer) = match outcome {
            Outcome::Answered(answer) => (answer.status.to_string(), Some(answer)),
            Outcome::Failed(failure) => (failure.to_string(), None),
        };
        let failed = answer.as_ref().filter(|answer| !is_success(answer.status));
        self.lease.delivery.remember(AttemptRecord {
            at,
            id: pending.id.clone(),
            entries,
            outcome,
            millis: now.millis_since(at),
            answer: failed.map(|answer| answer.body.chars().take(KEPT_ANSWER).collect()),
        });
        if answer.as_ref().is_some_and(|answer| is_success(answer.status)) {
            self.lease.delivery.accept()?;
            self.event.count(Metric::MessagesDelivered, entries);
            return Ok(Step::GoOn);
        }
        self.event.count(Metric::DeliveriesFailed, 1);
        // A connection that fails may stay in the client's pool.
        self.receivers = Client::new(self.deps.reach);
        self.fail(target, answer.as_ref(), now).await
    }

    /// Disables the endpoint, or waits for the next attempt: under the lease if the wait is short.
    async fn fail(
        &mut self,
        target: &Target,
        answer: Option<&Answer>,
        now: Timestamp,
    ) -> Result<Step, EventFailure> {
        if answer.is_some_and(|answer| answer.status == GONE) {
            return self.disable(target, DisabledBecause::Gone).await;
        }
        let state = &mut self.lease.delivery;
        state.failures = state.failures.saturating_add(1);
        let failing_since = *state.failing_since.get_or_insert(now);
        let failing_for = Duration::from_millis(now.millis_since(failing_since));
        let retry_after = answer.and_then(|answer| answer.retry_after);
        let wait = match schedule::next(state.failures, failing_for, retry_after, fastrand::u8(..)) {
            schedule::Next::RetryAfter(wait) => wait,
            schedule::Next::Disable => return self.disable(target, DisabledBecause::Failing).await,
        };
        let due = now.plus_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        if wait > LONGEST_SLEEP {
            return self.give_up(Some(due)).await;
        }
        self.wait_until(Some(due), due).await
    }

    /// Stores the state, and waits under the lease.
    async fn wait_until(
        &mut self,
        next_attempt_at: Option<Timestamp>,
        due: Timestamp,
    ) -> Result<Step, EventFailure> {
        if self.save(next_attempt_at).await? == Save::Lost {
            return Ok(Step::End);
        }
        self.deps.clock.sleep_until(due).await;
        Ok(Step::GoOn)
    }

    async fn save(&mut self, next_attempt_at: Option<Timestamp>) -> Result<Save, EventFailure> {
        let table = self.webhooks();
        let until = self.deps.clock.now().plus_millis(LEASE_MILLIS);
        Ok(self.lease.save(&table, until, next_attempt_at).await?)
    }

    async fn give_up(&self, next_attempt_at: Option<Timestamp>) -> Result<Step, EventFailure> {
        self.lease.give_up(&self.webhooks(), next_attempt_at).await?;
        Ok(Step::End)
    }

    async fn disable(&self, target: &Target, because: DisabledBecause) -> Result<Step, EventFailure> {
        let now = self.deps.clock.now();
        if webhooks::disable(&self.webhooks(), &target.endpoint, because, now).await? {
            self.event.count(Metric::EndpointsDisabled, 1);
        }
        self.give_up(None).await
    }
}
