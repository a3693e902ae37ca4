//! The three authorizers: they fail closed, and a retry gets the decision.

use tests::{Caller, Reply, demo, path_with, paths};

use super::{Scenario, scenarios};
use crate::crashes::world::World;

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::from(scenarios!(
        "CustomerServiceAuthorizerFunction",
        "valid token" => customer_service_allows,
        "revoked token" => customer_service_denies,
    ));
    all.extend(scenarios!(
        "MessagePushAuthorizerFunction",
        "valid token" => message_push_allows,
        "unknown token" => message_push_denies,
    ));
    all.extend(scenarios!(
        "PlatformAuthorizerFunction",
        "valid token" => platform_allows,
        "unknown token" => platform_denies,
    ));
    all
}

async fn customer_service_allows(world: &World) {
    allows(world, &world.system.customer_service, &path_with(paths::USER_INFO, &[("clientId", demo::USER)]))
        .await;
}

async fn message_push_allows(world: &World) {
    allows(world, &world.system.message_push, &path_with(paths::STATUS, &[("messageId", "none")])).await;
}

async fn platform_allows(world: &World) {
    allows(world, &world.system.platform, &path_with(paths::PENDING, &[("userId", "u")])).await;
}

async fn customer_service_denies(world: &World) {
    let client = world.system.operator.create_application("a").await;
    let token = client.token().await;
    client.revoke(&token).await.is(200, "{}");
    let path = path_with(paths::USER_INFO, &[("clientId", demo::USER)]);
    let retry = denies(world, &token, &path).await;
    retry.is_error(401, 40014, "token is wrong");
}

async fn message_push_denies(world: &World) {
    let path = path_with(paths::STATUS, &[("messageId", "none")]);
    denies(world, "cn-unknown", &path).await.is_code(400, "check access_token error");
}

async fn platform_denies(world: &World) {
    let path = path_with(paths::PENDING, &[("userId", "u")]);
    denies(world, "cn-unknown", &path).await.is_code(400, "check access_token error");
}

async fn allows(world: &World, caller: &Caller, path: &str) {
    let call = async || caller.get(path).await;
    let first = world.crash(call).await;
    let retry = world.retry(call).await;
    assert_eq!(retry.status, 200, "{}", retry.body);
    assert!(first.status == 500 || first.body == retry.body, "{}", first.body);
}

async fn denies(world: &World, token: &str, path: &str) -> Reply {
    let caller = world.system.anonymous.with_token(token);
    let call = async || caller.get(path).await;
    let first = world.crash(call).await;
    let retry = world.retry(call).await;
    assert!(
        first.status == 500 || (first.status, &first.body) == (retry.status, &retry.body),
        "{}",
        first.body
    );
    retry
}
