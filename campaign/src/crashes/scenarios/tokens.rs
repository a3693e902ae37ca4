//! Issuing, introspecting and revoking tokens. A request without an answer may have stored a token that nobody has.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tests::{OAuthClient, Reply, TOKENS_PER_MINUTE, demo, paths};

use super::{Scenario, scenarios};
use crate::crashes::world::{World, fail};

pub(super) fn all() -> Vec<Scenario> {
    scenarios!(
        "IssueTokenFunction",
        "token, HTTP Basic" => basic,
        "token, credentials in the form" => form,
        "token beyond the limit of a minute" => beyond_the_limit,
        "token with a wrong secret" => wrong_secret,
        "introspection" => introspection,
        "introspection of another application's token" => introspection_of_others,
        "revocation" => revocation,
        "revocation of another application's token" => revocation_of_others,
    )
    .into()
}

const USER_INFO: &[(&str, &str)] = &[("clientId", demo::USER)];

/// The status of a call with a token.
async fn status_with(world: &World, token: &str) -> u16 {
    world.system.partner(token).user_info(USER_INFO).await.status
}

fn client(world: &World) -> OAuthClient {
    OAuthClient::new(&world.system.anonymous, demo::CLIENT_ID, demo::CLIENT_SECRET)
}

fn allow_unknown_tokens(world: &World) {
    world.allow(
        "a token that nobody got stays until its end; it counts towards the limit of its minute",
        |item| item.contains("TOKEN#<hash>") || item.contains("ISSUED#<minute>"),
    );
}

async fn basic(world: &World) {
    let client = client(world);
    issues(world, async || client.ask().await).await;
}

async fn form(world: &World) {
    let (id, secret) = (demo::CLIENT_ID, demo::CLIENT_SECRET);
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    issues(world, async || world.system.anonymous.post(paths::TOKEN, form.clone()).await).await;
}

/// Each token that was answered works.
async fn issues(world: &World, call: impl AsyncFn() -> Reply) {
    allow_unknown_tokens(world);
    let first = world.crash(&call).await;
    let retry = world.retry(&call).await;
    assert_eq!(retry.status, 200, "{}", retry.body);
    for reply in [first, retry].iter().filter(|reply| reply.status == 200) {
        let token = reply.json()["access_token"].as_str().unwrap_or_default().to_owned();
        assert_eq!(status_with(world, &token).await, 200);
    }
}

async fn beyond_the_limit(world: &World) {
    // The minute may end during the case.
    let minute = world.system.clock.now().seconds() / 60;
    for minute in [minute, minute + 1] {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let number = |value: u64| AttributeValue::N(value.to_string());
        let put = world
            .system
            .dynamodb
            .put_item()
            .table_name(&world.system.access_table)
            .item("pk", text("APP#demo"))
            .item("sk", text(&format!("ISSUED#{minute}")))
            .item("issued", number(u64::try_from(TOKENS_PER_MINUTE).unwrap_or_default()))
            .item("expireAt", number((minute + 1) * 60));
        put.send().await.unwrap_or_else(|error| fail(&error.to_string()));
    }
    let client = client(world);
    let call = async || client.ask().await;
    assert_ne!(world.crash(call).await.status, 200);
    let retry = world.retry(call).await;
    assert_eq!(retry.status, 429, "{}", retry.body);
}

async fn wrong_secret(world: &World) {
    let client = OAuthClient::new(&world.system.anonymous, demo::CLIENT_ID, "cs-wrong");
    let call = async || client.ask().await;
    assert_ne!(world.crash(call).await.status, 200);
    assert_eq!(world.retry(call).await.status, 401);
}

async fn introspection(world: &World) {
    let client = client(world);
    let call = async || client.introspect(demo::CUSTOMER_SERVICE_TOKEN).await;
    let first = world.crash(call).await;
    let retry = world.retry(call).await;
    assert_eq!((retry.status, &retry.json()["active"]), (200, &json!(true)));
    assert!(first.status == 500 || first.body == retry.body);
}

async fn introspection_of_others(world: &World) {
    let other = world.system.operator.create_application("other").await;
    let call = async || other.introspect(demo::CUSTOMER_SERVICE_TOKEN).await;
    let first = world.crash(call).await;
    assert!(first.status == 500 || first.json() == json!({"active": false}));
    assert_eq!(world.retry(call).await.json(), json!({"active": false}));
}

async fn revocation(world: &World) {
    let client = client(world);
    let call = async || client.revoke(demo::CUSTOMER_SERVICE_TOKEN).await;
    let first = world.crash(call).await;
    if first.status == 200 {
        assert_eq!(status_with(world, demo::CUSTOMER_SERVICE_TOKEN).await, 401);
    }
    world.retry(call).await.is(200, "{}");
    assert_eq!(status_with(world, demo::CUSTOMER_SERVICE_TOKEN).await, 401);
}

async fn revocation_of_others(world: &World) {
    let other = world.system.operator.create_application("other").await;
    let call = async || other.revoke(demo::CUSTOMER_SERVICE_TOKEN).await;
    world.crash(call).await;
    world.retry(call).await.is(200, "{}");
    assert_eq!(status_with(world, demo::CUSTOMER_SERVICE_TOKEN).await, 200);
}
