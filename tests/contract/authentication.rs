//! Tokens: every error on every route of both products.

use tests::{CUSTOMER_SERVICE, Caller, MESSAGE_PUSH, ManualClock, Partner, Reply, System, end_event};

/// The answers of the three customer-service routes and of the push route.
async fn every_route(caller: &Caller) -> (Vec<Reply>, Reply) {
    let partner = Partner::new(caller.clone());
    let replies = vec![
        partner.try_receive("{}").await,
        partner.chatlog(&[("openId", "c")]).await,
        partner.user_info(&[("clientId", "c")]).await,
    ];
    (replies, partner.try_push("{}").await)
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
async fn a_missing_or_malformed_token_is_rejected_without_a_read() {
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
    assert_eq!(system.proxy.operations(), [""; 0], "the gateway answers without a read");
}

#[tokio::test]
async fn an_unknown_or_expired_token_or_one_without_the_scope_is_rejected() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    is_refused(&system.anonymous.with_token("cn-00000000-0000-4000-8000-000000000000")).await;
    is_refused(&system.anonymous.with_token("aZ09._~+/=-")).await;

    let both = [CUSTOMER_SERVICE, MESSAGE_PUSH];
    system.operator.grant("no-scope", "app", &[], &[1]).await;
    is_refused(&system.anonymous.with_token("no-scope")).await;

    system
        .operator
        .grant("scopes-of-others", "app", &["another-product", "thirdparty-customer-servic"], &[1])
        .await;
    is_refused(&system.anonymous.with_token("scopes-of-others")).await;

    let caller = system.anonymous.with_token("short-lived");
    system.operator.grant_until("short-lived", "app", &both, &[1], clock.now().seconds() + 60).await;
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
async fn the_scheme_is_case_insensitive_and_followed_by_one_or_more_spaces() {
    let system = System::start().await;
    system.operator.grant("aZ09._~+/=-", "app", &[CUSTOMER_SERVICE], &[1]).await;
    for header in ["Bearer aZ09._~+/=-", "bearer aZ09._~+/=-", "BEARER   aZ09._~+/=-", "bEaReR  aZ09._~+/=-"]
    {
        let partner = Partner::new(system.anonymous.with_header(header));
        partner
            .chatlog(&[("openId", "c")])
            .await
            .is(200, r#"{"status":0,"message":"ok","total":"0","list":[]}"#);
    }
}

#[tokio::test]
async fn a_token_may_have_scopes_of_other_products_too() {
    let system = System::start().await;
    system.operator.grant("more", "app", &["another-product", CUSTOMER_SERVICE, MESSAGE_PUSH], &[]).await;
    let (customer_service, push) = every_route(&system.anonymous.with_token("more")).await;
    customer_service[2].is_error(403, 48001, "source is not permitted");
    push.is_code(400, "Required parameter 'userIds' is not present");
}

#[tokio::test]
async fn a_revoked_token_is_unknown() {
    let system = System::start().await;
    system.operator.grant("to-revoke", "app", &[CUSTOMER_SERVICE], &[1]).await;
    let partner = system.partner("to-revoke");
    assert_eq!(partner.chatlog(&[("openId", "c")]).await.status, 200);
    system.operator.grant_until("to-revoke", "app", &[CUSTOMER_SERVICE], &[1], 0).await;
    partner.chatlog(&[("openId", "c")]).await.is_error(401, 40014, "token is wrong");
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
async fn an_application_may_use_its_own_sources_only() {
    let system = System::start().await;
    system.operator.grant("two-and-three", "app", &[CUSTOMER_SERVICE], &[2, 3]).await;
    system.operator.grant("none", "app", &[CUSTOMER_SERVICE], &[]).await;
    let two_and_three = system.partner("two-and-three");
    for (partner, source, permitted) in [
        (&two_and_three, "source=2", true),
        (&two_and_three, "source=3", true),
        (&two_and_three, "source=1", false),
        (&two_and_three, "", false),
        (&two_and_three, "source=4", false),
        (&system.partner("none"), "source=1", false),
    ] {
        let received = partner.try_receive_with(source, end_event("c")).await;
        for reply in [received, partner.chatlog_with(&format!("openId=c&{source}")).await] {
            if permitted {
                assert_eq!(reply.status, 200, "{source}");
            } else {
                reply.is_error(403, 48001, "source is not permitted");
            }
        }
        let reply = partner.user_info_with(&format!("clientId=c&{source}")).await;
        if permitted {
            reply.is_error(404, 46004, "user does not exist");
        } else {
            reply.is_error(403, 48001, "source is not permitted");
        }
    }
}
