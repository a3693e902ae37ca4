//! Each documented webhook is sent, and each of its fields and words occurs.
//!
//! [`tests::Receiver`] checks the other direction in all tests: it panics at an undocumented webhook.

use std::collections::BTreeSet;

use jsonschema::draft202012;
use serde_json::{Value, json};
use tests::{ManualClock, REFERENCE, Receiver, Setup, Stream, System};

use super::{
    call::{Call, caller},
    fields::{described, fields},
};

#[test]
fn every_documented_body_matches_its_schema() {
    for (kind, webhook) in &REFERENCE.webhooks {
        let schema = draft202012::new(&webhook.schema).unwrap();
        for (name, example) in &webhook.examples {
            assert!(schema.is_valid(example), "{kind} {name}");
        }
    }
}

#[tokio::test]
async fn every_documented_webhook_is_sent_with_each_field_and_word() {
    let clock = ManualClock::at(1_795_219_210_000);
    let setup = Setup { clock: Some(clock.clone()), stream: Stream::Dropped, ..Setup::default() };
    let system = System::start_with(setup).await;
    let receiver = Receiver::start();
    system.set_webhook("demo", &receiver.url()).await;
    let say = REFERENCE.operation("sendUserMessage");
    for call in Call::examples(say) {
        let call = call.with_own_message_id(say);
        assert_eq!(call.send(say, &caller(&system, say)).await.status, 200);
    }
    assert!(system.delivery("demo").await);
    let test = webhook::payload::endpoint_test(&system.clock.now().rfc3339());
    REFERENCE.check_webhook_body(&test);
    let bodies = receiver.received().into_iter().map(|webhook| webhook.body).chain([test]);

    let mut seen = BTreeSet::new();
    for body in bodies {
        let body: Value = serde_json::from_str(&body).unwrap();
        fields(body["type"].as_str().unwrap(), &body, &mut seen);
    }
    for (kind, webhook) in &REFERENCE.webhooks {
        let described = described(kind, &webhook.schema);
        let unseen: Vec<_> = described.difference(&seen).collect();
        assert!(unseen.is_empty(), "{unseen:?}");
    }
}

#[test]
#[should_panic(expected = "Additional properties are not allowed")]
fn a_field_that_is_not_documented_is_found() {
    let body = json!({"type": "endpoint.test", "timestamp": "2026-11-27T00:00:00.000Z", "data": {"more": 1}});
    REFERENCE.check_webhook_body(&body.to_string());
}
