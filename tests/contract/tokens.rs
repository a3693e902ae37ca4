//! `POST /oauth2/token`, `introspect` and `revoke`: successes.

use local::demo::USER;
use model::oauth::{ClientSecret, Scope};
use tests::{
    CUSTOMER_SERVICE, MESSAGE_PUSH, ManualClock, OAuthClient, Reply, System, TOKENS_PER_MINUTE, paths,
};

/// 2026-11-21 00:00:10 UTC, ten seconds into a minute.
const NOW: u64 = 1_795_219_210_000;
/// The lifetime of a token in seconds, as documented for partners.
const LIFETIME: u64 = 359_420;

const MESSAGE: &str = r#"{"userIds":"u","content":"x","messageId":"m","expireTime":1}"#;

/// Whether a token is valid for the customer-service product and for the push product.
async fn opens(system: &System, token: &str) -> (bool, bool) {
    let partner = system.partner(token);
    let (user, push) = (partner.user_info(&[("clientId", USER)]).await, partner.try_push(MESSAGE).await);
    for (reply, refusal) in [(&user, "token is wrong"), (&push, "check access_token error")] {
        assert!(reply.status == 200 || reply.body.contains(refusal), "{}", reply.body);
    }
    (user.status == 200, push.status == 200)
}

/// Compares the whole answer; returns the token.
#[track_caller]
fn issued(reply: &Reply, scope: &str) -> String {
    let token = reply.json()["access_token"].as_str().unwrap_or_default().to_owned();
    let left = reply.json()["expires_in"].as_u64().unwrap_or_default();
    assert!((LIFETIME - 5..=LIFETIME).contains(&left), "the remaining seconds: {left}");
    reply.is(
        200,
        &format!(
            r#"{{"access_token":"{token}","token_type":"bearer","expires_in":{left},"scope":"{scope}"}}"#
        ),
    );
    reply.is_not_cached();
    let uuid = uuid::Uuid::parse_str(token.strip_prefix("cn-").unwrap()).unwrap();
    assert_eq!((uuid.get_version_num(), token.len()), (4, 39), "cn- and a random UUID");
    token
}

#[tokio::test]
async fn a_token_has_all_approved_scopes_or_the_requested_ones() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    let both = issued(&client.ask().await, "message-push-service thirdparty-customer-service");
    assert_eq!(opens(&system, &both).await, (true, true));
    let push = issued(&client.ask_for(MESSAGE_PUSH).await, MESSAGE_PUSH);
    assert_eq!(opens(&system, &push).await, (false, true));
    let service = issued(&client.ask_for(CUSTOMER_SERVICE).await, CUSTOMER_SERVICE);
    assert_eq!(opens(&system, &service).await, (true, false));
    let twice = format!("{CUSTOMER_SERVICE}%20{MESSAGE_PUSH}+{CUSTOMER_SERVICE}");
    issued(&client.ask_for(&twice).await, "message-push-service thirdparty-customer-service");
    issued(&client.ask_for("").await, "message-push-service thirdparty-customer-service");
}

#[tokio::test]
async fn a_token_carries_the_sources_and_the_id_of_its_application() {
    let system = System::start().await;
    let token = system.operator.create_application_with("a", &Scope::OF_PARTNERS, &[7]).await.token().await;
    let partner = system.partner(&token);
    let of_source_7 = partner.user_info(&[("clientId", USER), ("source", "7")]).await;
    of_source_7.is_error(404, 46004, "user does not exist");
    partner.user_info(&[("clientId", USER)]).await.is_error(403, 48001, "source is not permitted");
    let other = system.operator.create_application("b").await.token().await;
    partner.push("u", "x", "m", 1).await;
    system.partner(&other).push("u", "other", "m", 1).await;
}

#[tokio::test]
async fn a_client_authenticates_in_the_header_or_the_body_and_sends_parameters_in_the_body_or_the_url() {
    let system = System::start().await;
    let OAuthClient { id, secret, .. } = system.operator.create_application("an app").await;
    let basic = |pair: String| {
        use base64::{Engine, prelude::BASE64_STANDARD};
        system.anonymous.with_header(&format!("basic {}", BASE64_STANDARD.encode(pair)))
    };
    let (plain, encoded) =
        (basic(format!("{id}:{secret}")), basic(format!("an+app:{}", secret.replace('-', "%2D"))));
    let nobody = &system.anonymous;
    let in_body = format!("client_id=an%20app&client_secret={}", secret.replace(' ', "+"));
    let all = "message-push-service thirdparty-customer-service";
    for (caller, query, body) in [
        (&plain, "", "grant_type=client_credentials"),
        (&encoded, "", "grant_type=client_credentials&client_id=an+app"),
        (&plain, "grant_type=client_credentials", ""),
        (nobody, "", &format!("{in_body}&grant_type=client_credentials&unknown=1&unknown=2")),
        (nobody, "grant_type=client_credentials&unknown=x", &in_body),
    ] {
        issued(&caller.post(&paths::with_query(paths::TOKEN, query), body).await, all);
    }
    let query = format!("grant_type=client_credentials&scope={MESSAGE_PUSH}");
    issued(&plain.post(&paths::with_query(paths::TOKEN, &query), "").await, MESSAGE_PUSH);
}

#[tokio::test]
async fn a_token_is_valid_for_its_stated_lifetime() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let token = system.operator.create_application("a").await.token().await;
    clock.advance_seconds(LIFETIME - 1);
    assert_eq!(opens(&system, &token).await, (true, true));
    clock.advance_seconds(1);
    assert_eq!(opens(&system, &token).await, (false, false));
}

#[tokio::test]
async fn expires_in_counts_from_the_answer() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let client = system.operator.create_application("a").await;
    // The transaction takes two seconds.
    let slow = clock.clone();
    system.proxy.fail(move |_, operation| {
        if operation == "TransactWriteItems" {
            slow.advance_seconds(2);
        }
        None
    });
    let answer = client.ask().await.json();
    assert_eq!(answer["expires_in"], LIFETIME - 2);
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(client.introspect(token).await.json()["exp"], NOW / 1000 + LIFETIME);
}

#[tokio::test]
async fn a_replaced_secret_works_for_the_grace_period() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let old = system.operator.create_application("a").await;
    let new_secret = ClientSecret::of_digits("new");
    let until = system.clock.now().seconds() + 60;
    system.operator.change("a", |application| application.rotate_secret(&new_secret, Some(until))).await;
    let new = OAuthClient::new(&system.anonymous, "a", new_secret.reveal());
    clock.advance_seconds(59);
    let (first, second) = (old.token().await, new.token().await);
    clock.advance_seconds(1);
    old.ask().await.is_oauth_error(401, "invalid_client", "client authentication failed");
    new.token().await;
    for token in [first, second] {
        assert_eq!(opens(&system, &token).await, (true, true), "a new secret ends no token");
    }
}

#[tokio::test]
async fn an_application_gets_30_tokens_a_minute() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let (client, other) =
        (system.operator.create_application("a").await, system.operator.create_application("b").await);
    for _ in 0..TOKENS_PER_MINUTE {
        client.token().await;
    }
    let limited = client.ask().await;
    limited.is_oauth_error(429, "temporarily_unavailable", "too many tokens were issued to the application");
    assert_eq!(limited.header("retry-after"), Some("50"), "the minute is ten seconds old");
    other.token().await;
    client.introspect("cn-1").await.is(200, r#"{"active":false}"#);
    clock.advance_seconds(49);
    assert_eq!(client.ask().await.header("retry-after"), Some("1"));
    clock.advance_seconds(1);
    client.token().await;
}

#[tokio::test]
async fn a_client_introspects_its_own_token() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let client = system.operator.create_application("a").await;
    let token = client.token().await;
    let (issued_at, end) = (NOW / 1000, NOW / 1000 + LIFETIME);
    let active = format!(
        r#"{{"active":true,"scope":"message-push-service thirdparty-customer-service","client_id":"a","token_type":"bearer","exp":{end},"iat":{issued_at}}}"#
    );
    let form = format!("token={token}&token_type_hint=refresh_token");
    for reply in [client.introspect(&token).await, client.post("introspect", &form).await] {
        reply.is(200, &active);
        reply.is_not_cached();
    }
    clock.advance_seconds(LIFETIME);
    client.introspect(&token).await.is(200, r#"{"active":false}"#);
}

#[tokio::test]
async fn an_unknown_foreign_or_revoked_token_is_inactive() {
    let system = System::start().await;
    let (client, other) =
        (system.operator.create_application("a").await, system.operator.create_application("b").await);
    let (foreign, dead) = (other.token().await, client.token().await);
    client.revoke(&dead).await.is(200, "{}");
    let unknown = "cn-99999999-9999-4999-8999-999999999999";
    for token in [unknown, &foreign, &dead, "%20", "%E4%BB%A4%E7%89%8C", "a%0Ab", &"x".repeat(10_000)] {
        let reply = client.introspect(token).await;
        reply.is(200, r#"{"active":false}"#);
        reply.is_not_cached();
    }
}

#[tokio::test]
async fn a_client_revokes_its_own_token_and_no_other() {
    let system = System::start().await;
    let (client, other) =
        (system.operator.create_application("a").await, system.operator.create_application("b").await);
    let (token, kept, foreign) = (client.token().await, client.token().await, other.token().await);
    for token in [&token, &token, &foreign, "cn-99999999-9999-4999-8999-999999999999", "%E4%BB%A4"] {
        let reply = client.revoke(token).await;
        reply.is(200, "{}");
        reply.is_not_cached();
    }
    assert_eq!(opens(&system, &token).await, (false, false));
    assert_eq!(opens(&system, &kept).await, (true, true));
    assert_eq!(opens(&system, &foreign).await, (true, true));
}
