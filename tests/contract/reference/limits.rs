//! The documented limits of requests and their errors.

use local::{TEMPLATE, demo::CHAT, docs::DOCUMENT, template::Stack};
use model::{BODY_LIMIT, BoundedText, UserId, oauth::TokenLifetime, push::UserIds};
use serde_json::{Value, json};
use tests::{REFERENCE, Reply, System, TOKENS_PER_MINUTE, end_event};

use super::{
    call::{Call, caller},
    schema::{fields, walk},
};
use crate::sync;

// A limit that is in the document only would have no error.
#[test]
fn every_limit_of_a_request_has_an_error_that_names_it() {
    for operation in &REFERENCE.operations {
        let Some(answer) = operation.answers.get(&400) else { panic!("{}", operation.id) };
        let texts: Vec<_> = answer.examples.values().filter_map(|error| error["message"].as_str()).collect();
        let names = |text: &str, name: &str| text.split(['.', ':', '\'']).any(|part| part == name);
        let is_said = |name: &str, limit: &str| {
            texts.iter().any(|text| names(text, name) && text.to_lowercase().contains(limit))
        };
        let mut limits: Vec<_> = operation
            .parameters
            .iter()
            .flat_map(|parameter| limits_of(&parameter.name, &parameter.schema))
            .collect();
        let json = operation.body.iter().filter(|body| !body.is_form);
        limits.extend(json.flat_map(|body| limits_of("", &body.schema)));
        for (name, limit) in limits {
            assert!(is_said(&name, &limit), "{}: {name}, {limit}", operation.id);
        }
    }
}

// A parameter that is in the document only would have no error, since no function reads it.
#[test]
fn every_parameter_has_an_error_that_names_it() {
    for operation in &REFERENCE.operations {
        let texts = operation.answers[&400].examples.values();
        let texts: Vec<_> = texts
            .filter_map(|error| error["message"].as_str().or(error["error_description"].as_str()))
            .collect();
        let mut names: Vec<_> = operation.parameters.iter().map(|parameter| parameter.name.clone()).collect();
        names.extend(operation.body.iter().flat_map(|body| fields(&body.schema)));
        // The chat window's cursor has another name. The hint is ignored, as RFC 7662 allows.
        for name in names.iter().filter(|name| !["after", "token_type_hint"].contains(&name.as_str())) {
            let is_named = |text: &&str| text.split(['.', ':', '\'', ' ']).any(|part| part == leaf(name));
            assert!(texts.iter().any(is_named), "{}: {name}", operation.id);
        }
    }
}

/// The limits in a schema: the parameter and the text that its error must have.
fn limits_of(name: &str, schema: &Value) -> Vec<(String, String)> {
    let mut limits = Vec::new();
    walk(name, schema, &mut |name, schema| {
        let mut add = |name: &str, limit: String| limits.push((leaf(name).to_owned(), limit));
        for (keyword, words) in
            [("maxLength", "length exceeds the max value"), ("maxItems", "size exceeds the max value")]
        {
            if let Some(max) = schema[keyword].as_u64() {
                add(name, format!("{words} [{max}]"));
            }
        }
        if let (Some(min), Some(max)) = (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
            add(name, format!("value must be between {min} and {max}"));
        }
        let is_text = schema["type"].as_array().is_some_and(|types| types.contains(&json!("string")));
        if is_text && schema["minimum"].is_null() {
            add(name, "must be a string".to_owned());
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if schema["properties"][required].get("properties").is_none() {
                add(required, "is not present".to_owned());
            }
        }
        for (field, inner) in schema["properties"].as_object().into_iter().flatten() {
            if inner["type"] == "object" {
                add(field, "must be an object".to_owned());
            }
        }
    });
    limits
}

fn leaf(name: &str) -> &str {
    name.rsplit('.').next().unwrap()
}

#[test]
fn limits_in_the_prose_of_the_document_are_correct() {
    let prose = DOCUMENT.split_whitespace().collect::<Vec<_>>().join(" ");
    let (users, length) = (UserIds::MAX_SIZE, UserId::MAX_LENGTH);
    let body = format!("{},{} bytes", BODY_LIMIT / 1000, BODY_LIMIT % 1000);
    for said in [
        format!("A body is at most {body}"),
        format!("The body has more than {body}"),
        format!("take {TOKENS_PER_MINUTE} tokens in a minute"),
        format!("Push a message to up to {users} users"),
        format!("Up to {users} users, comma-separated, each at most {length} long"),
        format!("最多 {users} 个，每个最长 {length}"),
    ] {
        assert!(prose.contains(&said), "{said}");
    }
    let stack = Stack::parse(TEMPLATE).unwrap();
    let default = |name: &str| stack.parameter(name).unwrap()["Default"].as_u64().unwrap();
    for said in [
        format!(
            "By default each endpoint of the push API takes {} calls a second and bursts of {}",
            default("PushThrottlingRate"),
            default("PushThrottlingBurst")
        ),
        format!(
            "of the token API {} and {}",
            default("TokenThrottlingRate"),
            default("TokenThrottlingBurst")
        ),
        format!(
            "each other endpoint {} and {}",
            default("ReadThrottlingRate"),
            default("ReadThrottlingBurst")
        ),
        format!(
            "推送接口每秒 {} 次、突发 {} 次",
            default("PushThrottlingRate"),
            default("PushThrottlingBurst")
        ),
        format!("kept for {} days", default("MessageRetentionDays")),
    ] {
        assert!(prose.contains(&said), "{said}");
    }
    // The size of a POST is limited by the function, that of a GET by the gateway.
    for operation in &REFERENCE.operations {
        let of_the_body = operation.answers[&413].description.contains(&body);
        assert_eq!(of_the_body, operation.body.is_some(), "{}", operation.id);
    }
    let expires_in = &REFERENCE.operation("issueToken").answers[&200].schema["properties"]["expires_in"];
    assert_eq!((&expires_in["minimum"], &expires_in["maximum"]), (&json!(0), &json!(TokenLifetime::MAX)));
}

#[tokio::test]
async fn an_omitted_parameter_has_its_documented_default() {
    let system = System::start().await;
    // More than a page of the chat window, of a status and of a feed, so that a wrong default shows.
    for _ in 0..=100 {
        system.customer_service.receive(end_event(CHAT)).await;
    }
    let push_message = REFERENCE.operation("pushMessage");
    for hundred in 0..=10 {
        let mut push = Call::examples(push_message).remove(0);
        let users: Vec<_> = (0..100).map(|number| format!("{hundred}-{number}")).collect();
        push.body["userIds"] = json!(users.join(","));
        push.send(push_message, &system.message_push).await;
    }
    let an_hour_ago = system.clock.now().millis() - 3_600_000;
    sync::store_many(&system, 1_001, "x", an_hour_ago).await;
    for operation in &REFERENCE.operations {
        let caller = caller(&system, operation);
        for parameter in
            operation.parameters.iter().filter(|parameter| parameter.schema.get("default").is_some())
        {
            let mut call = Call::examples(operation).remove(0);
            call.query.insert(parameter.name.clone(), parameter.schema["default"].clone());
            let given = call.send(operation, &caller).await;
            call.query.remove(&parameter.name);
            let not_given = call.send(operation, &caller).await;
            assert_eq!(size(&given), size(&not_given), "{}", operation.id);
        }
    }
}

/// The status of an answer and the number of its list elements.
fn size(reply: &Reply) -> (u16, usize) {
    let body = reply.json();
    let lists = [&body["list"], &body["data"]["messages"], &body["data"]["users"]];
    (reply.status, lists.into_iter().filter_map(Value::as_array).map(Vec::len).sum())
}
