//! The errors of the token API and of its gateway: RFC 6749 §5.2.

use base64::{Engine, prelude::BASE64_STANDARD};
use local::demo::USER;
use model::oauth::{ApplicationStatus, Scope};
use reqwest::Method;
use tests::{CUSTOMER_SERVICE, Caller, Fault, MESSAGE_PUSH, OAuthClient, Reply, System, paths};

const ENDPOINTS: [&str; 3] = ["token", "introspect", "revoke"];

/// A form that each endpoint accepts.
const GOOD: &str = "grant_type=client_credentials&token=cn-1";

#[tokio::test]
async fn each_parameter_is_required_once_and_validated() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    for (endpoint, form, status, error, description) in [
        ("token", "", 400, "invalid_request", "grant_type is missing"),
        ("token", "grant_type=", 400, "invalid_request", "grant_type is missing"),
        ("token", r#"{"grant_type":"client_credentials"}"#, 400, "invalid_request", "grant_type is missing"),
        (
            "token",
            "grant_type=client_credentials&grant_type=client_credentials",
            400,
            "invalid_request",
            "grant_type is there more than once",
        ),
        (
            "token",
            "grant_type=client_credentials&scope=message-push-service&scope=message-push-service",
            400,
            "invalid_request",
            "scope is there more than once",
        ),
        (
            "token",
            "grant_type=password&username=a&password=b",
            400,
            "unsupported_grant_type",
            "grant_type must be client_credentials",
        ),
        (
            "token",
            "grant_type=refresh_token",
            400,
            "unsupported_grant_type",
            "grant_type must be client_credentials",
        ),
        ("introspect", "", 400, "invalid_request", "token is missing"),
        ("introspect", "token=", 400, "invalid_request", "token is missing"),
        ("introspect", "token=a&token=b", 400, "invalid_request", "token is there more than once"),
        ("revoke", "", 400, "invalid_request", "token is missing"),
        ("revoke", "token=a&token=a", 400, "invalid_request", "token is there more than once"),
    ] {
        client.post(endpoint, form).await.is_oauth_error(status, error, description);
    }
    let again = paths::with_query(paths::TOKEN, "grant_type=client_credentials");
    let basic = BASE64_STANDARD.encode(format!("a:{}", client.secret));
    let caller = system.anonymous.with_header(&format!("Basic {basic}"));
    caller.post(&again, "grant_type=client_credentials").await.is_oauth_error(
        400,
        "invalid_request",
        "grant_type is there more than once",
    );
    // A token in a URL would be logged on the way, thus it is not read there.
    let in_url = paths::with_query(paths::INTROSPECT, "token=cn-1");
    caller.post(&in_url, "").await.is_oauth_error(400, "invalid_request", "token is missing");
}

#[tokio::test]
async fn only_approved_scopes_are_granted() {
    let system = System::start().await;
    let client = system.operator.create_application_with("a", &[Scope::MessagePush], &[1]).await;
    let refused = |reply: Reply| {
        reply.is_oauth_error(400, "invalid_scope", "a scope is not approved for the application");
    };
    for scope in [
        CUSTOMER_SERVICE,
        "message-push-service+thirdparty-customer-service",
        "Message-Push-Service",
        "message-push-service++",
        "+message-push-service",
        "%E8%8C%83",
        "a%22b",
        "*",
    ] {
        refused(client.ask_for(scope).await);
    }
    system
        .operator
        .change("a", |application| {
            application.request_scope(CUSTOMER_SERVICE);
        })
        .await;
    refused(client.ask_for(CUSTOMER_SERVICE).await);
    assert_eq!(client.ask().await.json()["scope"], MESSAGE_PUSH, "a requested scope is not granted");
    system
        .operator
        .change("a", |application| {
            application.reject_scope(MESSAGE_PUSH).unwrap();
        })
        .await;
    refused(client.ask().await);
    refused(client.ask_for(MESSAGE_PUSH).await);
}

#[tokio::test]
async fn missing_or_wrong_credentials_are_an_invalid_client() {
    let system = System::start().await;
    let OAuthClient { secret, .. } = system.operator.create_application("a").await;
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    let long = basic(&format!("{}:{secret}", "a".repeat(65)));
    for path in [paths::TOKEN, paths::INTROSPECT, paths::REVOKE] {
        for header in [
            "Basic",
            "Basic ",
            "Basic !!!",
            "Bearer cn-11111111-1111-4111-8111-111111111111",
            "Basic YQ==",
            "Basic /////w==",
            &basic(&format!("a:{secret}x")),
            &basic("a:"),
            &basic(&format!(":{secret}")),
            &basic(&format!("A:{secret}")),
            &basic(&format!("b:{secret}")),
            &long,
        ] {
            let reply = system.anonymous.with_header(header).post(path, GOOD).await;
            reply.is_oauth_error(401, "invalid_client", "client authentication failed");
        }
        for body in [
            GOOD.to_owned(),
            format!("{GOOD}&client_id=a"),
            format!("{GOOD}&client_secret={secret}"),
            format!("{GOOD}&client_id=b&client_secret={secret}"),
            format!("{GOOD}&client_id=a&client_secret=x"),
        ] {
            let reply = system.anonymous.post(path, body).await;
            reply.is_oauth_error(401, "invalid_client", "client authentication failed");
        }
    }
}

#[tokio::test]
async fn a_client_authenticates_in_one_way_and_never_in_the_url() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    for endpoint in ENDPOINTS {
        for form in
            ["client_secret=x", "client_id=b", &format!("client_id=a&client_secret={}", client.secret)]
        {
            client.post(endpoint, &format!("{GOOD}&{form}")).await.is_oauth_error(
                400,
                "invalid_request",
                "there is more than one client authentication",
            );
        }
        for query in [format!("client_secret={}", client.secret), "client_id=a".to_owned()] {
            client.post(&format!("{endpoint}?{query}"), GOOD).await.is_oauth_error(
                400,
                "invalid_request",
                "client credentials do not belong in the URL",
            );
        }
    }
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_get_the_same_answer_after_the_same_reads() {
    let system = System::start().await;
    let known = system.operator.create_application("a").await;
    for endpoint in ENDPOINTS {
        let mut seen = Vec::new();
        for id in ["a", "b"] {
            system.proxy.forget();
            let reply = OAuthClient::new(&system.anonymous, id, &format!("{}x", known.secret))
                .post(endpoint, GOOD)
                .await;
            reply.is_oauth_error(401, "invalid_client", "client authentication failed");
            seen.push((reply.body, system.proxy.operations()));
        }
        assert_eq!(seen[0], seen[1]);
    }
}

#[tokio::test]
async fn only_the_applications_own_client_learns_that_it_is_disabled() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    system
        .operator
        .change("a", |application| {
            application.set_status(ApplicationStatus::Disabled);
        })
        .await;
    for endpoint in ENDPOINTS {
        client.post(endpoint, GOOD).await.is_oauth_error(
            400,
            "unauthorized_client",
            "the application is disabled",
        );
        OAuthClient::new(&system.anonymous, "a", "x").post(endpoint, GOOD).await.is_oauth_error(
            401,
            "invalid_client",
            "client authentication failed",
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_form_or_too_large_is_refused() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    let basic = BASE64_STANDARD.encode(format!("a:{}", client.secret));
    let caller = system.anonymous.with_header(&format!("Basic {basic}"));
    let form = caller
        .request(Method::POST, paths::TOKEN)
        .header("content-type", "application/x-www-form-urlencoded");
    Caller::reply(form.body(b"grant_type=\xff".to_vec())).await.is_oauth_error(
        400,
        "invalid_request",
        "the body is not a form in UTF-8",
    );
    let of_size = |size: usize| format!("grant_type=client_credentials&x={}", "x".repeat(size - 32));
    assert_eq!(caller.post(paths::TOKEN, of_size(262_144)).await.status, 200);
    for size in [262_145, 11 * 1024 * 1024] {
        caller.post(paths::TOKEN, of_size(size)).await.is_oauth_error(
            413,
            "invalid_request",
            "the body is too large",
        );
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_answered_by_the_gateway() {
    let system = System::start().await;
    for (method, path) in [
        (Method::GET, paths::TOKEN),
        (Method::PUT, paths::TOKEN),
        (Method::GET, paths::INTROSPECT),
        (Method::DELETE, paths::REVOKE),
        (Method::POST, "/oauth2/authorize"),
        (Method::POST, "/oauth2"),
        (Method::POST, &format!("{}/x", paths::TOKEN)),
    ] {
        let reply = system.anonymous.send(method, path, Some(GOOD)).await;
        reply.is_oauth_error(404, "invalid_request", "there is no such path or method");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_fault_is_a_server_error() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    for fault in Fault::ALL {
        system.proxy.fail(move |_, _| Some(fault));
        for endpoint in ENDPOINTS {
            client.post(endpoint, GOOD).await.is_oauth_error(500, "server_error", "system error");
        }
        system.proxy.recover();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_issued_once_whichever_fault_occurs() {
    let faults = Fault::ALL.into_iter().chain([Fault::TransactionThrottled, Fault::TransactionConflict]);
    for fault in faults.filter(|fault| *fault != Fault::Refused) {
        let system = System::start().await;
        let client = system.operator.create_application("a").await;
        // Request 2 is the transaction, after two reads.
        system.proxy.fail(move |number, _| (number == 2).then_some(fault));
        let token = client.token().await;
        assert_eq!(system.partner(&token).user_info(&[("clientId", USER)]).await.status, 200);
        assert_eq!(system.operator.tokens_of("a").await.len(), 1, "{fault:?}");
    }
}
