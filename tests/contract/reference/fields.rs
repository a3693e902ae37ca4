//! Each field of an answer that the document describes, seen.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{REFERENCE, System, reference::Operation};

use super::call::{Call, caller};

#[tokio::test]
async fn every_field_of_an_answer_that_is_described_is_in_some_answer() {
    let system = System::start().await;
    let mut seen = BTreeSet::new();
    // Twice: what one call leaves another one reads, which may be before it.
    for operation in REFERENCE.operations.iter().chain(&REFERENCE.operations) {
        for call in all_that_there_is(operation) {
            let reply = call.send(operation, &caller(&system, operation)).await;
            assert_eq!(reply.status, 200, "{}: {}", operation.id, reply.body);
            fields(&operation.id, &reply.json(), &mut seen);
        }
    }
    let mut described = BTreeSet::new();
    for operation in &REFERENCE.operations {
        described_fields(&operation.id, &operation.answers[&200].schema, &mut described);
    }
    assert_eq!(seen, described);
}

/// Calls whose answers have all that an operation may answer.
fn all_that_there_is(operation: &Operation) -> Vec<Call> {
    let examples = Call::examples(operation);
    let mut limited = examples.clone();
    for call in &mut limited {
        call.query.insert("limit".to_owned(), json!(1));
    }
    match operation.id.as_str() {
        // More messages than a page of an inbox has.
        "pushMessage" => (0..21)
            .map(|number| {
                let mut call = examples[0].clone();
                call.body["messageId"] = json!(format!("m-{number}"));
                call
            })
            .collect(),
        // Messages of every type, to the chat that is read.
        "receiveMessage" => examples
            .into_iter()
            .map(|mut call| {
                call.body["touser"] = json!("dc71a6ba-24b6-4ed9-b865-837f2a7e158f");
                call
            })
            .collect(),
        "getChatlog" | "getPushStatus" => {
            for call in &mut limited {
                call.query.entry("messageId").and_modify(|id| *id = json!("m-0"));
            }
            limited
        }
        "introspectToken" => {
            let mut unknown = examples[0].clone();
            unknown.body["token"] = json!("unknown");
            [examples, vec![unknown]].concat()
        }
        _ => examples,
    }
}

fn fields(place: &str, answer: &Value, seen: &mut BTreeSet<String>) {
    for (name, inner) in answer.as_object().into_iter().flatten() {
        seen.insert(format!("{place}.{name}"));
        fields(&format!("{place}.{name}"), inner, seen);
    }
    for item in answer.as_array().into_iter().flatten() {
        fields(place, item, seen);
    }
}

fn described_fields(place: &str, schema: &Value, described: &mut BTreeSet<String>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        described.insert(format!("{place}.{name}"));
        described_fields(&format!("{place}.{name}"), inner, described);
    }
    for variant in schema["oneOf"].as_array().into_iter().flatten() {
        described_fields(place, variant, described);
    }
    if !schema["items"].is_null() {
        described_fields(place, &schema["items"], described);
    }
}
