//! The lease of an endpoint, between deliveries and operators.

use model::{AppId, BoundedText, Source, Timestamp};
use store::{
    Table,
    webhooks::{self, Lease, Release, Save, Seek},
};
use tests::System;

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

/// The endpoint of one application.
struct Endpoint {
    table: Table,
    app: AppId,
}

impl Endpoint {
    fn of(system: &System) -> Self {
        Self { table: system.webhooks_table(), app: AppId::parse("demo").unwrap() }
    }

    /// Takes the lease for 60 s, `millis` after `NOW`.
    async fn take(&self, millis: u64) -> Option<Lease> {
        webhooks::take(&self.table, Source::DEFAULT, &self.app, at(millis), at(millis + 60_000))
            .await
            .unwrap()
    }

    async fn wake(&self) {
        webhooks::wake(&self.table, Source::DEFAULT, &self.app, at(0)).await.unwrap();
    }

    async fn reset(&self) {
        webhooks::reset(&self.table, Source::DEFAULT, &self.app, Seek::Unchanged).await.unwrap();
    }

    async fn failures(&self) -> u32 {
        let progress = webhooks::progress(&self.table, Source::DEFAULT, &self.app, at(0)).await;
        progress.unwrap().delivery.failures
    }
}

/// `millis` after `NOW`.
fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(NOW + millis)
}

#[tokio::test]
async fn a_lease_is_free_when_its_time_ends_and_the_former_holder_writes_nothing() {
    let system = System::start().await;
    let endpoint = Endpoint::of(&system);
    let mut former = endpoint.take(0).await.unwrap();
    assert!(endpoint.take(59_999).await.is_none());
    let mut holder = endpoint.take(60_000).await.unwrap();
    former.delivery.failures = 9;
    assert_eq!(former.save(&endpoint.table, at(120_000), None).await.unwrap(), Save::Lost);
    assert_eq!(former.release(&endpoint.table).await.unwrap(), Release::Lost);
    former.give_up(&endpoint.table, None).await.unwrap();
    assert_eq!(endpoint.failures().await, 0);
    holder.delivery.failures = 1;
    assert_eq!(holder.save(&endpoint.table, at(150_000), None).await.unwrap(), Save::Saved);
    assert_eq!(endpoint.failures().await, 1);
    assert!(endpoint.take(149_999).await.is_none(), "the lease is renewed");
    assert!(endpoint.take(150_000).await.is_some());
}

#[tokio::test]
async fn a_lease_is_released_once_no_hint_came_and_its_holder_writes_nothing_after_that() {
    let system = System::start().await;
    let endpoint = Endpoint::of(&system);
    endpoint.wake().await;
    let mut lease = endpoint.take(0).await.unwrap();
    assert_eq!(lease.save(&endpoint.table, at(60_000), Some(at(3_600_000))).await.unwrap(), Save::Saved);
    lease.delivery.failures = 1;
    endpoint.wake().await;
    assert_eq!(lease.release(&endpoint.table).await.unwrap(), Release::Woken);
    assert_eq!(endpoint.failures().await, 0);
    assert_eq!(lease.release(&endpoint.table).await.unwrap(), Release::Released);
    assert_eq!(endpoint.failures().await, 1);
    assert_eq!(lease.save(&endpoint.table, at(60_000), None).await.unwrap(), Save::Lost);
    let next = endpoint.take(0).await.expect("no attempt has to wait");
    assert_eq!(next.delivery.failures, 1);
}

#[tokio::test]
async fn the_next_delivery_takes_the_lease_when_the_backoff_ends() {
    let system = System::start().await;
    let endpoint = Endpoint::of(&system);
    let mut lease = endpoint.take(0).await.unwrap();
    lease.delivery.failures = 1;
    endpoint.wake().await;
    lease.give_up(&endpoint.table, Some(at(1_000))).await.unwrap();
    assert_eq!(lease.save(&endpoint.table, at(60_000), None).await.unwrap(), Save::Lost);
    assert!(endpoint.take(999).await.is_none());
    assert_eq!(endpoint.take(1_000).await.unwrap().delivery.failures, 1);
}

#[tokio::test]
async fn a_reset_ends_a_running_delivery_its_backoff_and_its_failures() {
    let system = System::start().await;
    let endpoint = Endpoint::of(&system);
    let mut lease = endpoint.take(0).await.unwrap();
    lease.delivery.failures = 1;
    assert_eq!(lease.save(&endpoint.table, at(60_000), Some(at(3_600_000))).await.unwrap(), Save::Saved);
    endpoint.reset().await;
    assert_eq!(lease.save(&endpoint.table, at(60_000), None).await.unwrap(), Save::Lost);
    assert_eq!(endpoint.take(0).await.unwrap().delivery.failures, 0);
}

#[tokio::test]
async fn a_delivery_that_starts_during_a_reset_is_ended_as_well() {
    let system = System::start().await;
    let direct = Endpoint::of(&system);
    let client = store::client::at_endpoint(&system.proxy.url());
    let behind_proxy =
        Endpoint { table: Table::new(client, system.webhooks_table.clone()), app: direct.app.clone() };
    let (sender, taken) = tokio::sync::oneshot::channel();
    system.proxy.before(1, async move { drop(sender.send(direct.take(0).await.unwrap())) });
    behind_proxy.reset().await;
    let mut lease = taken.await.unwrap();
    assert_eq!(lease.save(&behind_proxy.table, at(60_000), None).await.unwrap(), Save::Lost);
}
