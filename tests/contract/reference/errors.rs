//! Provokes each documented error.

use jsonschema::draft202012;
use local::gateway::REQUEST_LIMIT;
use model::{BODY_LIMIT, oauth::ApplicationStatus};
use serde_json::{Value, json};
use tests::{
    CUSTOMER_SERVICE, Fault, OAuthClient, REFERENCE, Reply, System, TOKENS_PER_MINUTE, reference::Operation,
};

use super::{
    api,
    call::{Call, caller},
    offence::{Offence, offence},
    template,
};

#[tokio::test]
async fn every_documented_error_follows_from_breaking_its_rule_and_the_bound_itself_is_valid() {
    for operation in &REFERENCE.operations {
        let system = System::start().await;
        let errors = operation.answers.iter().filter(|(status, _)| **status >= 400);
        for (status, name, shown) in errors.flat_map(|(status, answer)| {
            answer.examples.iter().map(move |(name, shown)| (*status, name, shown))
        }) {
            for reply in provoke(&system, operation, name, shown).await {
                assert_eq!((reply.status, &reply.json()), (status, shown), "{} {name}", operation.id);
            }
            system.proxy.recover();
        }
    }
}

/// The answers to calls that should get the error `shown`.
async fn provoke(system: &System, operation: &Operation, name: &str, shown: &Value) -> Vec<Reply> {
    let mut call = Call::examples(operation).remove(0);
    let anybody = caller(system, operation);
    let form = call.body_text(operation).unwrap_or_default();
    let raw =
        async |body: &[u8]| vec![call.send_as(&operation.method, operation, &anybody, Some(body)).await];
    match name {
        "invalid-url" => vec![call.send_as("PUT", operation, &anybody, None::<Vec<u8>>).await],
        "body-empty" => raw(b" \n").await,
        "body-not-json" => raw(b"{").await,
        "not-a-form" => raw(b"a=\xff").await,
        "body-too-large" => {
            // The body of a GET is limited by the gateway only.
            raw(&vec![b' '; if operation.body.is_some() { BODY_LIMIT } else { REQUEST_LIMIT } + 1]).await
        }
        "system-error" => {
            system.proxy.fail(|_, _| Some(Fault::InternalError));
            vec![call.send(operation, &anybody).await]
        }
        "throttled" => {
            is_the_templates(operation, "THROTTLED", shown);
            Vec::new()
        }
        "no-token" => vec![call.send(operation, &system.anonymous).await],
        "wrong-token" => vec![call.send(operation, &system.anonymous.with_token("unknown")).await],
        "client-not-authenticated" => vec![
            call.send(operation, &system.anonymous).await,
            call.send(operation, &system.anonymous.with_header("Basic ZGVtbzp4")).await,
        ],
        "source-not-permitted" => {
            call.query.insert("source".to_owned(), json!(2));
            vec![call.send(operation, &anybody).await]
        }
        "user-unknown" => {
            call.query.insert("clientId".to_owned(), json!("nobody"));
            vec![call.send(operation, &anybody).await]
        }
        "messageId-taken" => {
            assert_eq!(call.send(operation, &anybody).await.status, 200);
            (call.body["content"], call.body["eventType"]) = (json!("different"), json!("request"));
            vec![call.send(operation, &anybody).await]
        }
        "messageId-recalled" => {
            call.body["messageId"] = json!("recalled");
            assert_eq!(call.send(operation, &anybody).await.status, 200);
            system.message_push.recall("recalled").await;
            vec![call.send(operation, &anybody).await]
        }
        "message-unknown" => {
            call.body["messageId"] = json!("unknown");
            vec![call.send(operation, &anybody).await]
        }
        "msgId-taken" | "entryId-taken" => {
            call.body = json!({"touser": "c", "msgtype": "evaluate", "url": "https://a", "msgId": "taken",
                "openId": "c", "question": "q", "reply": "r", "entryId": "taken"});
            assert_eq!(call.send(operation, &anybody).await.status, 200);
            (call.body["url"], call.body["reply"]) = (json!("https://b"), json!("other"));
            vec![call.send(operation, &anybody).await]
        }
        "credentials-in-url" => {
            call.query.insert("client_id".to_owned(), json!("demo"));
            vec![call.send(operation, &anybody).await]
        }
        "two-authentications" => raw(format!("{form}&client_secret=x").as_bytes()).await,
        "grant_type-not-supported" => raw(b"grant_type=password").await,
        "scope-not-approved" => raw(format!("{form}&scope=chatbot-platform").as_bytes()).await,
        "application-disabled" => {
            let client = system.operator.create_application("disabled").await;
            system
                .operator
                .change("disabled", |application| application.status = ApplicationStatus::Disabled)
                .await;
            vec![post(&client, operation, &form).await]
        }
        "too-many-tokens" => too_many(system, operation, &form).await,
        name if operation.security.0 == "client" => {
            let (parameter, fault) = name.rsplit_once('-').unwrap();
            let body = match fault {
                "missing" => String::new(),
                "repeated" => format!("{form}&{parameter}=x&{parameter}=x"),
                other => panic!("{other}: unknown fault"),
            };
            raw(body.as_bytes()).await
        }
        _ => break_rule(system, operation, shown["message"].as_str().unwrap()).await,
    }
}

/// Breaks the rule that an error's text names. Before, calls at the bound of the rule must succeed. The document's schemas must
/// agree on both.
async fn break_rule(system: &System, operation: &Operation, text: &str) -> Vec<Reply> {
    let Offence { wrong, right } = offence(operation, text);
    let mut caller = caller(system, operation);
    if operation.security.0 == "customerService" {
        system.operator.grant("each-bound", "demo", &[CUSTOMER_SERVICE], &[1, 2_147_483_647]).await;
        caller = system.anonymous.with_token("each-bound");
    }
    for call in &right {
        let mut call = call.clone();
        if !text.contains("messageId") {
            call = call.with_own_message_id(operation);
        }
        let reply = call.send(operation, &caller).await;
        assert!(is_taken(&reply), "{text}: {}", reply.body);
        assert!(is_of_its_schemas(operation, &call), "{}, {text}: {call:?} is good", operation.id);
    }
    let mut replies = Vec::new();
    for call in &wrong {
        // No schema describes valid cursors.
        if text != "cursor: is not valid" {
            assert!(!is_of_its_schemas(operation, call), "{}, {text}: {call:?} is wrong", operation.id);
        }
        replies.push(call.send(operation, &caller).await);
    }
    replies
}

/// Whether the parameters of a call were accepted, also if the user or message does not exist.
pub(super) fn is_taken(reply: &Reply) -> bool {
    reply.status == 200
        || reply.json()["errcode"] == 46004
        || reply.json()["message"] == "message does not exist"
}

/// Whether a call matches the document's schemas.
fn is_of_its_schemas(operation: &Operation, call: &Call) -> bool {
    let body = operation.body.as_ref();
    let is_body = body.is_none_or(|body| draft202012::is_valid(&body.schema, &call.body));
    is_body
        && operation.parameters.iter().all(|parameter| match call.query.get(&parameter.name) {
            Some(value) => draft202012::is_valid(&parameter.schema, value),
            None => !parameter.required,
        })
}

async fn post(client: &OAuthClient, operation: &Operation, form: &str) -> Reply {
    client.post(operation.path.trim_start_matches("/oauth2/"), form).await
}

async fn too_many(system: &System, operation: &Operation, form: &str) -> Vec<Reply> {
    let client = system.operator.create_application("hasty").await;
    // Twice, since a minute may end meanwhile.
    for _ in 0..=2 * TOKENS_PER_MINUTE {
        let reply = post(&client, operation, form).await;
        if reply.status != 200 {
            return vec![reply];
        }
    }
    panic!("no request was refused")
}

/// The gateway does not throttle here: the answer in the template is compared instead.
fn is_the_templates(operation: &Operation, response_type: &str, shown: &Value) {
    let template = template();
    let response = &api(&template, operation).gateway_responses[response_type];
    assert_eq!(
        (response.status, serde_json::from_str::<Value>(&response.body).unwrap()),
        (429, shown.clone())
    );
}
