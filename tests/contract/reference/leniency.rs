//! The system accepts exactly the bodies that match the schema: each parameter with each kind of JSON value.

use jsonschema::draft202012;
use serde_json::json;
use tests::{REFERENCE, System};

use super::{
    call::caller,
    errors::is_taken,
    offence::{base, place},
    schema::fields,
};

#[tokio::test]
async fn a_body_is_accepted_if_and_only_if_it_matches_its_schema() {
    let system = System::start().await;
    let values = [
        json!(null),
        json!(""),
        json!(" \t"),
        json!(1),
        json!(123_456_789_012_345_678_u64),
        json!("007"),
        json!("x"),
        json!("https://example.com"),
        json!("2020-05-12 08:30:00"),
        json!(true),
        json!(1.5),
        json!([]),
        json!({}),
    ];
    let of_json = REFERENCE
        .operations
        .iter()
        .filter(|operation| operation.body.as_ref().is_some_and(|body| !body.is_form));
    for operation in of_json {
        let schema = &operation.body.as_ref().unwrap().schema;
        let validator = draft202012::new(schema).unwrap();
        for name in fields(schema) {
            let place = place(operation, &name);
            let base = base(operation, &place);
            for value in &values {
                let mut call = place.set(&base, Some(value.clone()));
                if name != "messageId" {
                    call = call.with_own_message_id(operation);
                }
                let reply = call.send(operation, &caller(&system, operation)).await;
                let is_taken = is_taken(&reply);
                let is_of_its_schema = validator.is_valid(&call.body);
                assert_eq!(is_taken, is_of_its_schema, "{} {name} {value}: {}", operation.id, reply.body);
            }
        }
    }
}
