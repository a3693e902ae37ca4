//! Disabling an application, rejecting a scope and revoking a token take effect at once and completely, also concurrently
//! with other calls, and leave nothing in the table.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use model::oauth::{ApplicationStatus, BearerToken};
use serde_json::json;
use store::tokens::IssuedToken;
use tests::{
    CUSTOMER_SERVICE, Item, MESSAGE_PUSH, ManualClock, OAuthClient, System, TOKENS_PER_MINUTE, paths,
    push_request, until_answered,
};

async fn is_good(system: &System, token: &str) -> bool {
    let reply = system.partner(token).try_push(push_request("u", "x", "m", 1)).await;
    assert!(reply.status == 200 || reply.body.contains("check access_token error"), "{}", reply.body);
    reply.status == 200
}

/// The kinds of an application's stored items, without its history.
async fn left_of(system: &System, id: &str) -> Vec<String> {
    let items = system.access_items().await;
    let is_of =
        |item: &&Item| item["pk"] == format!("APP#{id}") || (item["sk"] == "TOKEN" && item["appId"] == id);
    let mut kinds: Vec<_> = items
        .iter()
        .filter(is_of)
        .map(|item| item["sk"].as_str().unwrap().split('#').next().unwrap().to_owned())
        .collect();
    kinds.retain(|kind| !["AUDIT", "ISSUED"].contains(&kind.as_str()));
    kinds
}

#[tokio::test]
async fn all_tokens_of_an_application_are_revoked_however_many() {
    let system = System::start().await;
    system.operator.create_application("a").await;
    let other = system.operator.create_application("b").await.token().await;
    let many: Vec<_> = (0..120).map(|number| format!("cn-many-{number}")).collect();
    for token in &many {
        system.operator.grant(token, "a", &[MESSAGE_PUSH], &[1]).await;
    }
    assert!(is_good(&system, &many[0]).await && is_good(&system, &many[119]).await);
    assert_eq!(system.operator.revoke_tokens("a", |_| true).await, 120);
    for token in [&many[0], &many[60], &many[119]] {
        assert!(!is_good(&system, token).await);
    }
    assert_eq!(left_of(&system, "a").await, [""; 0]);
    assert!(is_good(&system, &other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_outlives_an_application_that_is_disabled_while_it_requests_tokens() {
    for round in 0..5 {
        let system = System::start().await;
        let client = system.operator.create_application("a").await;
        let ask = async || client.ask().await;
        let asking = (0..20).map(|_| until_answered(&ask));
        let disabling = async {
            tokio::time::sleep(std::time::Duration::from_millis(round * 8)).await;
            system
                .operator
                .change("a", |application| {
                    application.set_status(ApplicationStatus::Disabled);
                })
                .await;
            system.operator.revoke_tokens("a", |_| true).await;
        };
        let (replies, ()) = tokio::join!(join_all(asking), disabling);
        for reply in replies {
            match reply.status {
                200 => assert!(!is_good(&system, reply.json()["access_token"].as_str().unwrap()).await),
                _ => reply.is_oauth_error(400, "unauthorized_client", "the application is disabled"),
            }
        }
        assert_eq!(left_of(&system, "a").await, [""; 0]);
        client.ask().await.is_oauth_error(400, "unauthorized_client", "the application is disabled");
    }
}

#[tokio::test]
async fn a_rejected_scope_ends_its_tokens_and_no_others() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    let (both, push) = (client.token().await, client.ask_for(MESSAGE_PUSH).await);
    let push = push.json()["access_token"].as_str().unwrap().to_owned();
    system
        .operator
        .change("a", |application| {
            application.reject_scope(CUSTOMER_SERVICE).unwrap();
        })
        .await;
    let has_it = |token: &IssuedToken| token.scopes.iter().any(|scope| scope == CUSTOMER_SERVICE);
    assert_eq!(system.operator.revoke_tokens("a", has_it).await, 1);
    assert!(!is_good(&system, &both).await);
    assert!(is_good(&system, &push).await);
    assert_eq!(client.ask().await.json()["scope"], MESSAGE_PUSH);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_get_no_more_tokens_than_the_limit() {
    let clock = ManualClock::at(1_795_219_210_000);
    let system = System::start_at(&clock).await;
    let client = system.operator.create_application("a").await;
    let replies = join_all((0..TOKENS_PER_MINUTE + 15).map(|_| client.ask())).await;
    let answered = |status: u16| replies.iter().filter(move |reply| reply.status == status);
    // A request that was answered 500 may count; on an idle machine there is none.
    let (granted, failed) = (answered(200).count(), answered(500).count());
    assert!((TOKENS_PER_MINUTE.saturating_sub(failed)..=TOKENS_PER_MINUTE).contains(&granted), "{granted}");
    let different: BTreeSet<_> = answered(200).map(|reply| reply.body.clone()).collect();
    assert_eq!(different.len(), granted);
    assert_eq!(granted + failed + answered(429).count(), replies.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_concurrently_is_deleted() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    let token = client.token().await;
    let revoke = async || client.revoke(&token).await;
    for reply in join_all((0..10).map(|_| until_answered(&revoke))).await {
        reply.is(200, "{}");
    }
    assert!(!is_good(&system, &token).await);
    assert_eq!(left_of(&system, "a").await, [""; 0]);
}

#[tokio::test]
async fn issuing_a_token_is_two_round_trips_and_so_is_revoking_it() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    system.proxy.forget();
    let token = client.token().await;
    assert_eq!(
        system.proxy.operations(),
        ["GetItem", "GetItem", "TransactWriteItems"],
        "two side by side, then one"
    );
    let units: Vec<_> = system.proxy.recorded().iter().map(|recorded| recorded.units).collect();
    assert_eq!(units, [1.0, 1.0, 8.0], "a check, a counter and two items, each at twice its size");
    system.proxy.forget();
    assert_eq!(client.introspect(&token).await.status, 200);
    assert_eq!(system.proxy.operations(), ["GetItem", "GetItem"], "side by side");
    system.proxy.forget();
    assert_eq!(client.revoke(&token).await.status, 200);
    assert_eq!(system.proxy.operations(), ["GetItem", "TransactWriteItems"]);
    system.proxy.forget();
    client.post("token", "grant_type=password").await;
    client.post("introspect", "").await;
    system.anonymous.post(paths::TOKEN, "grant_type=client_credentials").await;
    assert_eq!(system.proxy.operations(), [""; 0], "a refused request does not call DynamoDB");
}

#[tokio::test]
async fn the_table_holds_neither_a_token_nor_a_secret() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    let new = model::oauth::ClientSecret::of_digits("the new one");
    system.operator.change("a", |application| application.rotate_secret(&new, Some(u64::MAX))).await;
    let mut secrets = vec![client.secret.clone(), new.reveal().to_owned()];
    secrets.push(client.token().await);
    secrets.push(OAuthClient::new(&system.anonymous, "a", new.reveal()).token().await);
    let revoked = client.token().await;
    client.revoke(&revoked).await;
    secrets.extend([
        revoked,
        local::demo::CLIENT_SECRET.to_owned(),
        local::demo::CUSTOMER_SERVICE_TOKEN.to_owned(),
        local::demo::MESSAGE_PUSH_TOKEN.to_owned(),
    ]);
    let table = json!(system.access_items().await).to_string();
    assert!(table.contains(&BearerToken::parse(&secrets[2]).unwrap_or_else(|_| panic!()).hash().to_string()));
    for secret in secrets {
        assert!(!table.contains(&secret) && !table.contains(secret.split_at(3).1), "{secret}");
    }
    assert!(!table.contains("\"cn-") && !table.contains("\"cs-"));
}

#[tokio::test]
async fn a_token_without_an_application_record_is_valid() {
    let system = System::start().await;
    let hash = model::sha256_hex("cn-by-hand");
    let (text, end) = (|text: &str| AttributeValue::S(text.to_owned()), system.clock.now().seconds() + 60);
    let put = system.dynamodb.put_item().table_name(&system.access_table);
    put.item("pk", text(&format!("TOKEN#{hash}")))
        .item("sk", text("TOKEN"))
        .item("appId", text("old"))
        .item("scopes", AttributeValue::L(vec![text(MESSAGE_PUSH)]))
        .item("expireAt", AttributeValue::N(end.to_string()))
        .send()
        .await
        .unwrap();
    assert!(is_good(&system, "cn-by-hand").await);
}
