//! Contract, "Tokens": every row, on every route of both products.

use reqwest::Method;
use tests::{CUSTOMER_SERVICE, Caller, MESSAGE_PUSH, ManualClock, Reply, System};

const CUSTOMER_SERVICE_ROUTES: [(Method, &str); 3] = [
    (Method::POST, "/chatbot/servlet/third/msg/receive"),
    (Method::GET, "/chatbot/servlet/third/msg/chatlog/get?openId=c"),
    (Method::GET, "/chatbot/servlet/user/info/get?clientId=c"),
];
const PUSH_ROUTE: &str = "/chatbot/api/front/thirdParty/message/push";

/// What each route answers to this caller: the three of customer service, then push.
async fn every_route(caller: &Caller) -> (Vec<Reply>, Reply) {
    let mut replies = Vec::new();
    for (method, path) in CUSTOMER_SERVICE_ROUTES {
        replies.push(caller.send(method, path, Some("{}")).await);
    }
    (replies, caller.post(PUSH_ROUTE, "{}").await)
}

async fn is_missing(caller: &Caller) {
    let (customer_service, push) = every_route(caller).await;
    for reply in customer_service {
        reply.is_error(401, 41001, "token is wrong");
    }
    push.is_code(400, "parse access_token from Authorization error");
}

async fn is_refused(caller: &Caller) {
    let (customer_service, push) = every_route(caller).await;
    for reply in customer_service {
        reply.is_error(401, 40014, "token is wrong");
    }
    push.is_code(400, "check access_token error");
}

#[tokio::test]
async fn a_missing_header_another_scheme_and_a_malformed_token() {
    let system = System::start().await;
    is_missing(&system.anonymous).await;
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer    ",
        "cn-11111111-1111-4111-8111-111111111111",
        "Basic dXNlcjpwYXNz",
        "Bearer a,b",
        "Bearer a b",
        "Bearer \"cn\"",
        "Bearer a\tb",
        "Bearer\tcn-1",
        "Token cn-1",
        "Bearer令牌",
        "Bearer 令牌",
        "BearerX cn-1",
    ] {
        is_missing(&system.anonymous.with_header(header)).await;
    }
    assert_eq!(system.proxy.operations(), [""; 0], "the gateway answers these without asking anybody");
}

#[tokio::test]
async fn an_unknown_token_an_expired_one_and_one_without_the_scope() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    is_refused(&system.anonymous.with_token("cn-00000000-0000-4000-8000-000000000000")).await;
    is_refused(&system.anonymous.with_token("aZ09._~+/=-")).await;

    let both = [CUSTOMER_SERVICE, MESSAGE_PUSH];
    system.grant("no-scope", "app", &[], &[1]).await;
    is_refused(&system.anonymous.with_token("no-scope")).await;

    system.grant("scopes-of-others", "app", &["another-product", "thirdparty-customer-servic"], &[1]).await;
    is_refused(&system.anonymous.with_token("scopes-of-others")).await;

    let caller = system.anonymous.with_token("short-lived");
    system.grant_until("short-lived", "app", &both, &[1], clock.now().seconds() + 60).await;
    clock.advance_seconds(59);
    let (customer_service, push) = every_route(&caller).await;
    assert!(customer_service.iter().all(|reply| reply.status != 401));
    push.is_code(400, "Required parameter 'userIds' is not present");
    clock.advance_seconds(1);
    is_refused(&caller).await;
}

#[tokio::test]
async fn a_token_of_the_other_product_is_refused() {
    let system = System::start().await;
    let (_, push) = every_route(&system.customer_service).await;
    push.is_code(400, "check access_token error");
    let (customer_service, _) = every_route(&system.message_push).await;
    for reply in customer_service {
        reply.is_error(401, 40014, "token is wrong");
    }
}

#[tokio::test]
async fn the_scheme_is_taken_in_any_case_and_after_it_any_number_of_spaces() {
    let system = System::start().await;
    system.grant("aZ09._~+/=-", "app", &[CUSTOMER_SERVICE], &[1]).await;
    for header in ["Bearer aZ09._~+/=-", "bearer aZ09._~+/=-", "BEARER   aZ09._~+/=-", "bEaReR  aZ09._~+/=-"]
    {
        let caller = system.anonymous.with_header(header);
        caller
            .get("/chatbot/servlet/third/msg/chatlog/get?openId=c")
            .await
            .is(200, r#"{"status":0,"message":"ok","total":"0","list":[]}"#);
    }
}

#[tokio::test]
async fn a_token_may_have_scopes_of_other_products_too() {
    let system = System::start().await;
    system.grant("more", "app", &["another-product", CUSTOMER_SERVICE, MESSAGE_PUSH], &[]).await;
    let (customer_service, push) = every_route(&system.anonymous.with_token("more")).await;
    customer_service[2].is_error(403, 48001, "source is not permitted");
    push.is_code(400, "Required parameter 'userIds' is not present");
}

#[tokio::test]
async fn a_revoked_token_is_unknown() {
    let system = System::start().await;
    system.grant("to-revoke", "app", &[CUSTOMER_SERVICE], &[1]).await;
    let caller = system.anonymous.with_token("to-revoke");
    assert_eq!(caller.get("/chatbot/servlet/third/msg/chatlog/get?openId=c").await.status, 200);
    system.grant_until("to-revoke", "app", &[CUSTOMER_SERVICE], &[1], 0).await;
    caller.get("/chatbot/servlet/third/msg/chatlog/get?openId=c").await.is_error(
        401,
        40014,
        "token is wrong",
    );
}

#[tokio::test]
async fn tokens_that_cannot_be_checked_are_a_system_error() {
    let system = System::start().await;
    system.proxy.go_down();
    let (customer_service, push) = every_route(&system.anonymous.with_token("any")).await;
    for reply in customer_service {
        reply.is_error(500, -1, "system error");
    }
    push.is_code(500, "system error");
}

#[tokio::test]
async fn an_application_may_use_its_own_sources_alone() {
    let system = System::start().await;
    system.grant("two-and-three", "app", &[CUSTOMER_SERVICE], &[2, 3]).await;
    system.grant("none", "app", &[CUSTOMER_SERVICE], &[]).await;
    let caller = system.anonymous.with_token("two-and-three");
    let message = r#"{"touser":"c","msgtype":"event","eventType":"end"}"#;
    let paths = |source: &str| {
        [
            (Method::POST, format!("/chatbot/servlet/third/msg/receive?{source}")),
            (Method::GET, format!("/chatbot/servlet/third/msg/chatlog/get?openId=c&{source}")),
        ]
    };
    for (caller, source, permitted) in [
        (&caller, "source=2", true),
        (&caller, "source=3", true),
        (&caller, "source=1", false),
        (&caller, "", false),
        (&caller, "source=4", false),
        (&system.anonymous.with_token("none"), "source=1", false),
    ] {
        for (method, path) in paths(source) {
            let reply = caller.send(method, &path, Some(message)).await;
            if permitted {
                assert_eq!(reply.status, 200, "{path}");
            } else {
                reply.is_error(403, 48001, "source is not permitted");
            }
        }
        let reply = caller.get(&format!("/chatbot/servlet/user/info/get?clientId=c&{source}")).await;
        if permitted {
            reply.is_error(404, 46004, "user does not exist");
        } else {
            reply.is_error(403, 48001, "source is not permitted");
        }
    }
}
