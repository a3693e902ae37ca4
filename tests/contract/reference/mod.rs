//! `docs/openapi.yaml` describes the system: each documented call gets a documented answer.
//!
//! [`tests::Caller`] checks the other direction in all tests: it panics at an undocumented answer.

mod call;
mod errors;
mod fields;
mod leniency;
mod limits;
mod offence;
mod schema;
mod webhooks;

use std::collections::BTreeSet;

use jsonschema::draft202012;
use local::{
    TEMPLATE,
    template::{Api, Template},
};
use serde_json::Value;
use tests::{REFERENCE, System, reference::Operation};

use call::{Call, caller};

fn template() -> Template {
    Template::parse(TEMPLATE).unwrap()
}

/// The template's API with the route of an operation.
fn api<'t>(template: &'t Template, operation: &Operation) -> &'t Api {
    let is_its = |api: &&Api| api.routes.iter().any(|route| route.path == operation.path);
    template.apis.iter().find(is_its).unwrap()
}

#[test]
fn the_documented_routes_and_scopes_are_those_of_the_template() {
    let template = template();
    let routed: BTreeSet<_> = template
        .apis
        .iter()
        .flat_map(|api| {
            let scope = api.authorizer.as_ref().map(|authorizer| {
                let function = template.functions.iter().find(|function| function.id == authorizer.function);
                function.unwrap().environment.get::<String>("REQUIRED_SCOPE").unwrap()
            });
            api.routes.iter().map(move |route| (route.method.clone(), route.path.clone(), scope.clone()))
        })
        .collect();
    let documented: BTreeSet<_> = REFERENCE
        .operations
        .iter()
        .map(|operation| (operation.method.clone(), operation.path.clone(), operation.security.1.clone()))
        .collect();
    assert_eq!(documented, routed);
}

#[test]
fn every_documented_answer_and_body_matches_its_schema() {
    for operation in &REFERENCE.operations {
        for (status, answer) in &operation.answers {
            let schema = draft202012::new(&answer.schema).unwrap();
            for (name, example) in &answer.examples {
                assert!(schema.is_valid(example), "{} {status} {name}", operation.id);
            }
        }
        if let Some(body) = &operation.body {
            let schema = draft202012::new(&body.schema).unwrap();
            for (name, example) in &body.examples {
                assert!(schema.is_valid(example), "{} {name}", operation.id);
            }
        }
    }
}

#[tokio::test]
async fn every_documented_call_gets_a_documented_answer() {
    let system = System::start().await;
    for operation in &REFERENCE.operations {
        let shown = operation.answers[&200].examples.values().map(shape).collect::<Vec<_>>();
        for call in Call::examples(operation) {
            let reply = call.send(operation, &caller(&system, operation)).await;
            assert_eq!(reply.status, 200, "{} {call:?}: {}", operation.id, reply.body);
            let answer = shape(&reply.json());
            assert!(shown.contains(&answer), "{}: {answer}", operation.id);
        }
    }
}

/// The field names of an answer, and those of the first element of each list.
pub(crate) fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(name, inner)| (name.clone(), shape(inner))).collect(),
        Value::Array(items) => items.iter().take(1).map(shape).collect(),
        _ => Value::Null,
    }
}

#[test]
fn the_gateways_own_answers_are_documented_for_each_operation() {
    let template = template();
    for operation in &REFERENCE.operations {
        for (kind, response) in &api(&template, operation).gateway_responses {
            // These need an addition of the operator: a validator, an API key or AWS WAF.
            if [
                "BAD_REQUEST_BODY",
                "BAD_REQUEST_PARAMETERS",
                "INVALID_API_KEY",
                "UNSUPPORTED_MEDIA_TYPE",
                "WAF_FILTERED",
            ]
            .contains(&kind.as_str())
            {
                continue;
            }
            let answer = &operation.answers[&response.status];
            let body: Value = serde_json::from_str(&response.body).unwrap();
            assert!(answer.examples.values().any(|shown| *shown == body), "{} {kind}: {body}", operation.id);
        }
    }
}

#[test]
fn an_error_number_or_name_is_listed_if_and_only_if_some_error_has_it() {
    let mut listed = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for operation in &REFERENCE.operations {
        for (_, answer) in operation.answers.iter().filter(|(status, _)| **status >= 400) {
            for name in ["errcode", "code", "error"] {
                let values = answer.schema["properties"][name]["enum"].as_array().into_iter().flatten();
                listed.extend(values.map(|value| format!("{name} {value}")));
                let values = answer.examples.values().filter_map(|error| error.get(name));
                shown.extend(values.map(|value| format!("{name} {value}")));
            }
        }
    }
    assert_eq!(listed, shown);
}
