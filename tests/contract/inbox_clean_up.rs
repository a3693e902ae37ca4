//! Deliveries that are no longer shown: an inbox skips them and removes them within bounds.

use tests::{Fault, ManualClock, System};

use super::inboxes::{self, ids};

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

#[tokio::test]
async fn expired_deliveries_at_the_front_never_make_a_page_fail_and_are_removed_in_bounds() {
    let system = System::start().await;
    // Expired an hour ago and not yet removed by TTL.
    inboxes::fill(&system, "u", 0..450, -25 * 3_600_000).await;
    system.message_push.push("u", "x", "live", 1).await;
    let (mut cursor, mut seen, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        system.proxy.forget();
        let data = system.platform.pending("u", &cursor).await;
        let queries = system.proxy.operations().iter().filter(|name| *name == "Query").count();
        assert!(queries <= 5, "{queries}");
        seen.extend(ids(&data));
        pages += 1;
        match data["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!((seen, pages), (vec!["live".to_owned()], 3));
    // Later pages skip deliveries that were not removed in time.
    for _ in 0..10 {
        system.platform.contents("u").await;
    }
    let left = system.deliveries_of("u").await.len();
    assert!(left <= 41, "fewer than a query reads are left to TTL: {left}");
    assert_eq!(ids(&system.platform.pending("u", "").await), ["live"]);
}

#[tokio::test]
async fn a_slow_removal_does_not_delay_a_page() {
    let system = System::start().await;
    inboxes::fill(&system, "u", 0..120, -25 * 3_600_000).await;
    system.message_push.push("u", "x", "live", 1).await;
    system.proxy.fail(|_, operation| (operation == "DeleteItem").then_some(Fault::Stalled));
    assert_eq!(ids(&system.platform.pending("u", "").await), ["live"]);
    system.proxy.fail(|_, operation| (operation == "DeleteItem").then_some(Fault::InternalError));
    assert_eq!(ids(&system.platform.pending("u", "").await), ["live"]);
}

#[tokio::test]
async fn a_recalled_delivery_is_skipped_and_removed() {
    let system = System::start().await;
    for number in 0..30 {
        system.message_push.push("u", "x", &format!("r{number}"), 1).await;
        system.message_push.recall(&format!("r{number}")).await;
    }
    system.message_push.push("u", "x", "live", 1).await;
    assert_eq!(ids(&system.platform.pending("u", "").await), ["live"]);
    assert_eq!(system.deliveries_of("u").await.len(), 1);
}

#[tokio::test]
async fn a_removal_spares_a_delivery_that_was_accepted_again() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u", "x", "m", 1).await;
    let shown = system.platform.ack_id("u", "demo", "m").await;
    clock.advance_seconds(1);
    system.message_push.push("u", "x", "m", 2).await;
    system.platform.ack("u", &[shown], "delivered").await;
    assert_eq!(system.deliveries_of("u").await.len(), 1, "the delivery of the second acceptance stays");
    assert_eq!(system.platform.contents("u").await, [""; 0], "it is not shown");
    assert_eq!(system.deliveries_of("u").await.len(), 0, "and the next page removes it");
}

#[tokio::test]
async fn an_inbox_full_of_acknowledged_repeats_is_answered_and_cleared() {
    let system = System::start().await;
    for number in 0..230 {
        let id = number.to_string();
        system.message_push.push("u", "x", &id, 1).await;
        if number < 229 {
            system.platform.ack_message("u", &id, "read").await;
            system.message_push.push("u", "x", &id, 1).await;
        }
    }
    assert_eq!(system.platform.contents("u").await, ["x"], "page by page");
    assert_eq!(system.deliveries_of("u").await.len(), 1);
}

#[tokio::test]
async fn a_page_whose_later_query_fails_keeps_its_removals() {
    let system = System::start().await;
    inboxes::fill(&system, "u", 0..200, -25 * 3_600_000).await;
    // The authorizer's read, a query, and then removals only.
    system
        .proxy
        .fail(|number, operation| (number >= 2 && operation == "Query").then_some(Fault::InternalError));
    let data = system.platform.pending("u", "").await;
    assert_eq!(ids(&data), [""; 0]);
    assert_eq!(system.deliveries_of("u").await.len(), 160, "the deliveries that were read are removed");
    system.proxy.recover();
    system.message_push.push("u", "x", "m", 1).await;
    assert_eq!(ids(&system.platform.pending("u", data["cursor"].as_str().unwrap()).await), ["m"]);
}
