//! Retries: the quota of an instance, the budgets of a login, and the request token of a transaction.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use local::demo::USER;
use model::{BoundedText, ClientId, Source};
use serde_json::{Value, json};
use store::{Meter, StoreError, Table, users};
use tests::{Fault, ManualClock, OAuthClient, System};

use super::inboxes::{self, ids};

/// An instance of a function: a client with its connection and its quota.
fn instance(system: &System) -> Table {
    Table::new(store::client::at_endpoint(&system.proxy.url()), &system.chat_table)
}

/// The table as one request of an instance sees it: with a budget of 3 s and 10 retries.
fn request(instance: &Table) -> Table {
    instance.metered(&Meter::default())
}

/// Reads a user that does not exist: one operation.
async fn read(system: &System, table: &Table) -> Result<(), StoreError> {
    let client = ClientId::parse("nobody").unwrap();
    let found = users::find(table, Source::DEFAULT, client, system.clock.now()).await?;
    assert_eq!(found, None);
    Ok(())
}

/// Whether a request of an instance retries after a fault, which it does unless its quota is empty.
async fn has_retries(system: &System, instance: &Table) -> bool {
    system.proxy.fail(|number, _| (number == 0).then_some(Fault::InternalError));
    let is_read = read(system, &request(instance)).await.is_ok();
    assert_eq!(system.proxy.operations().len(), if is_read { 2 } else { 1 });
    is_read
}

#[tokio::test]
async fn a_permanent_fault_of_a_request_empties_the_quota_of_its_instance() {
    let system = System::start().await;
    let instance = instance(&system);
    system.proxy.fail(|_, _| Some(Fault::InternalError));
    assert!(read(&system, &request(&instance)).await.is_err());
    assert_eq!(system.proxy.operations(), ["GetItem", "GetItem"]);
    assert!(!has_retries(&system, &instance).await);
}

#[tokio::test]
async fn a_patient_caller_leaves_the_quota_of_the_instance_alone() {
    let system = System::start().await;
    let instance = instance(&system);
    // Without a request, a caller has 15 s per operation and retries of its own: more than a quota of 10.
    for _ in 0..12 {
        system.proxy.fail(|_, _| Some(Fault::InternalError));
        assert!(read(&system, &instance).await.is_err());
        assert_eq!(system.proxy.operations(), ["GetItem", "GetItem"]);
    }
    assert!(has_retries(&system, &instance).await);
}

#[tokio::test]
async fn a_patient_caller_has_retries_while_the_quota_is_empty() {
    let system = System::start().await;
    let instance = instance(&system);
    system.proxy.fail(|_, _| Some(Fault::InternalError));
    assert!(read(&system, &request(&instance)).await.is_err());
    system.proxy.fail(|number, _| (number == 0).then_some(Fault::InternalError));
    assert_eq!(read(&system, &instance).await, Ok(()));
    // Its success does not refill the quota either.
    assert!(!has_retries(&system, &instance).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_reaches_its_deadline_leaves_the_quota_alone() {
    let system = System::start().await;
    let instance = instance(&system);
    let request = request(&instance);
    // Each answer is in time, and the fifth would come after 3 s.
    system.proxy.slow_down(700);
    let started = Instant::now();
    let mut answered = 0;
    let error = loop {
        match read(&system, &request).await {
            Ok(()) => answered += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.fault, store::Fault::TimedOut);
    assert!(answered <= 4, "{answered}");
    assert_eq!(system.proxy.operations().len(), answered + 1, "no retry");
    assert!(started.elapsed() < store::REQUEST_TIME + Duration::from_secs(1), "{:?}", started.elapsed());
    system.proxy.slow_down(0);
    assert!(has_retries(&system, &instance).await);
}

/// Issues a token while the first attempts of its transaction meet `faults`. Returns the client request token of each attempt.
async fn request_tokens(system: &System, client: &OAuthClient, faults: &'static [Fault]) -> Vec<String> {
    let attempts = AtomicUsize::new(0);
    system.proxy.fail(move |_, operation| {
        let number = (operation == "TransactWriteItems").then(|| attempts.fetch_add(1, Ordering::Relaxed))?;
        faults.get(number).copied()
    });
    let token = client.token().await;
    let recorded = system.proxy.recorded();
    system.proxy.recover();
    let partner = system.partner(&token);
    assert_eq!(partner.user_info(&[("clientId", USER)]).await.status, 200, "{faults:?}: the token is valid");
    let transactions = recorded.iter().filter(|asked| asked.operation == "TransactWriteItems");
    let tokens = transactions.map(|asked| asked.request["ClientRequestToken"].as_str().unwrap().to_owned());
    tokens.collect()
}

/// The tokens that an application got in this minute, as its rate limit counts them.
async fn issued(system: &System, app: &str) -> Value {
    let items = system.access_items().await;
    let is_counter = |item: &&tests::Item| {
        item["pk"] == format!("APP#{app}")
            && item["sk"].as_str().is_some_and(|sort| sort.starts_with("ISSUED#"))
    };
    let counters: Vec<_> = items.iter().filter(is_counter).collect();
    assert_eq!(counters.len(), 1);
    counters[0]["issued"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_retried_after_a_fault_with_its_request_token_and_applied_once() {
    let cases: [&[Fault]; 7] = [
        &[Fault::InternalError],
        &[Fault::Cut],
        &[Fault::ReplyLost],
        &[Fault::Stalled],
        // The first attempt may be applied: the token stays also after a cancellation.
        &[Fault::ReplyLost, Fault::TransactionConflict],
        &[Fault::Cut, Fault::TransactionThrottled],
        &[Fault::InternalError, Fault::TransactionConflict, Fault::TransactionThrottled],
    ];
    for faults in cases {
        let system = System::start_at(&ManualClock::at(1_795_219_210_000)).await;
        let client = system.operator.create_application("a").await;
        let tokens = request_tokens(&system, &client, faults).await;
        assert_eq!(tokens.len(), faults.len() + 1, "{faults:?}");
        assert!(tokens.iter().all(|token| *token == tokens[0]), "{faults:?}: {tokens:?}");
        assert_eq!(issued(&system, "a").await, json!(1), "{faults:?}");
        assert_eq!(system.operator.tokens_of("a").await.len(), 1, "{faults:?}");
    }
}

#[tokio::test]
async fn a_cancelled_transaction_is_retried_with_a_new_request_token() {
    let cases: [&[Fault]; 3] = [
        &[Fault::TransactionConflict],
        &[Fault::TransactionThrottled],
        &[Fault::TransactionConflict, Fault::TransactionThrottled],
    ];
    for faults in cases {
        let system = System::start_at(&ManualClock::at(1_795_219_210_000)).await;
        let client = system.operator.create_application("a").await;
        let mut tokens = request_tokens(&system, &client, faults).await;
        tokens.sort_unstable();
        tokens.dedup();
        assert_eq!(tokens.len(), faults.len() + 1, "{faults:?}");
        assert_eq!(issued(&system, "a").await, json!(1), "{faults:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_of_a_login_does_not_spend_the_retries_of_the_users_record() {
    let system = System::start().await;
    // The first query reads expired deliveries only, thus a login needs two.
    inboxes::fill(&system, "u", 0..45, -25 * 3_600_000).await;
    system.message_push.push("u", "x", "live", 1).await;
    let (writes, queries) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Five retries of the write and six of the inbox: 11 in all, where one budget has ten.
    system.proxy.fail(move |_, operation| {
        let is_throttled = match operation {
            "PutItem" => writes.fetch_add(1, Ordering::Relaxed) < 5,
            "Query" => ![3, 7].contains(&queries.fetch_add(1, Ordering::Relaxed)),
            _ => false,
        };
        is_throttled.then_some(Fault::Throttled)
    });
    let data = system.platform.login("u", "c").await;
    let operations = system.proxy.operations();
    let count = |name: &str| operations.iter().filter(|operation| *operation == name).count();
    assert_eq!((ids(&data), data.get("cursor")), (vec!["live".to_owned()], None));
    assert_eq!((count("PutItem"), count("Query")), (5 + 1, 2 * (3 + 1)));
    system.proxy.recover();
    assert_eq!(system.customer_service.user_info(&[("clientId", "c")]).await.status, 200);
}
