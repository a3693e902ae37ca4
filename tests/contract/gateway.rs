//! The gateway's own answers, which have the envelope of their product.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use local::{
    demo::{CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN, USER},
    functions::{Code, FunctionError, Outcome},
    template::Throttle,
};
use reqwest::Method;
use tests::{Caller, Setup, System, path_with, paths};

/// A function with the same outcome for every event.
fn always(outcome: Outcome) -> Code {
    Arc::new(move |_, _| {
        let outcome = outcome.clone();
        Box::pin(async move { outcome })
    })
}

#[tokio::test]
async fn an_unknown_path_or_method_is_an_invalid_url_of_the_nearest_product() {
    let system = System::start().await;
    let below = |path: &str| format!("{path}/x");
    let capitalized = paths::RECEIVE.replace("/chatbot", "/Chatbot");
    for caller in [&*system.customer_service, &*system.message_push, &system.anonymous] {
        for (method, path) in [
            (Method::GET, "/"),
            (Method::GET, "/nowhere"),
            (Method::GET, paths::RECEIVE),
            (Method::PUT, paths::RECEIVE),
            (Method::POST, paths::CHATLOG),
            (Method::DELETE, paths::USER_INFO),
            (Method::POST, &capitalized),
            (Method::GET, &below(paths::USER_INFO)),
            (Method::OPTIONS, paths::USER_INFO),
            (Method::GET, "/%00/..%2f?x=%ff"),
        ] {
            caller.send(method, path, None::<&str>).await.is_error(404, 40066, "invalid url");
        }
        for (method, path) in [
            (Method::GET, paths::PUSH),
            (Method::PATCH, paths::PUSH),
            (Method::POST, &paths::PUSH.replace("push", "pull")),
            (Method::POST, &below(paths::PUSH)),
            (Method::POST, "/chatbot/api/"),
        ] {
            caller.send(method, path, None::<&str>).await.is_code(404, "invalid url");
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_is_another_path() {
    let system = System::start().await;
    for slashes in ["/", "//"] {
        let path = format!("{}{slashes}", paths::RECEIVE);
        system.customer_service.post(&path, "{}").await.is_error(404, 40066, "invalid url");
    }
    system.message_push.post(&format!("{}/", paths::PUSH), "{}").await.is_code(404, "invalid url");
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_reaches_the_function_as_it_is() {
    let system = System::start().await;
    let bodies: [&[u8]; 4] =
        [b"{\"touser\":\"\xff\"}", b"\xff\xfe{\x00}\x00", b"{}\xc3", b"{\"\xed\xa0\x80\":1}"];
    for body in bodies {
        let post = |path, token| {
            let request = system
                .anonymous
                .request(Method::POST, path)
                .header("authorization", format!("Bearer {token}"));
            Caller::reply(request.header("content-type", "application/json").body(body))
        };
        let received = post(paths::RECEIVE, CUSTOMER_SERVICE_TOKEN).await;
        received.is_error(400, 47001, "body is not valid JSON");
        for (path, token) in [(paths::PUSH, MESSAGE_PUSH_TOKEN), (paths::SEND_USER_MESSAGE, PLATFORM_TOKEN)] {
            post(path, token).await.is_code(400, "body is not valid JSON");
        }
    }
}

#[tokio::test]
async fn a_function_that_fails_or_answers_in_another_format_is_a_system_error() {
    let outcomes = [
        Err(FunctionError::Returned("panicked at src/lib.rs: secret".into())),
        Err(FunctionError::Crashed),
        Ok(String::new()),
        Ok("null".to_owned()),
        Ok(r#"{"body":"no status"}"#.to_owned()),
        Ok(r#"{"statusCode":200,"body":{"not":"text"}}"#.to_owned()),
        Ok(format!(r#"{{"statusCode":200,"body":"{}"}}"#, "x".repeat(6 * 1024 * 1024))),
    ];
    for outcome in outcomes {
        let replaced =
            vec![("GetChatlogFunction", always(outcome.clone())), ("PushMessageFunction", always(outcome))];
        let system = System::start_with(Setup { replaced, ..Setup::default() }).await;
        system.customer_service.chatlog(&[("openId", "c")]).await.is_error(500, -1, "system error");
        system.message_push.try_push("{}").await.is_code(500, "system error");
    }
}

#[tokio::test]
async fn a_function_that_panics_or_never_ends_is_a_system_error() {
    let panics: Code = Arc::new(|_, _| Box::pin(async { panic!("as planned") }));
    let hangs: Code = Arc::new(|_, _| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_hours(1)).await;
            Err(FunctionError::Crashed)
        })
    });
    let replaced = vec![("GetChatlogFunction", panics), ("PushMessageFunction", hangs)];
    let system = System::start_with(Setup { replaced, ..Setup::default() }).await;
    system.customer_service.chatlog(&[("openId", "c")]).await.is_error(500, -1, "system error");
    system.message_push.try_push("{}").await.is_code(500, "system error");
}

#[tokio::test]
async fn a_malformed_answer_of_the_authorizer_denies_access() {
    let allow_other = r#"{"principalId":"x","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:123456789012:other/prod/*/*"}]}}"#;
    let nested = r#"{"principalId":"x","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]},"context":{"appId":["x"]}}"#;
    let no_principal = r#"{"principalId":"x","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]},"context":{"appId":"x"}}"#;
    for (answer, status, errcode, message) in [
        ("{}", 500, -1, "system error"),
        ("not json", 500, -1, "system error"),
        (nested, 500, -1, "system error"),
        (allow_other, 401, 40014, "token is wrong"),
        // Access is allowed without a principal: the function does nothing.
        (no_principal, 500, -1, "system error"),
    ] {
        let code = always(Ok(answer.to_owned()));
        let replaced = vec![("CustomerServiceAuthorizerFunction", code)];
        let system = System::start_with(Setup { replaced, ..Setup::default() }).await;
        system.customer_service.chatlog(&[("openId", "c")]).await.is_error(status, errcode, message);
        assert_eq!(system.proxy.operations(), [""; 0], "{answer}");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let system = System::start().await;
    for path in ["/nowhere", paths::CHATLOG] {
        let response = system.anonymous.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.headers()["x-amzn-requestid"].len(), 36);
    }
}

#[tokio::test]
async fn unusual_headers_are_harmless() {
    let system = System::start().await;
    for (name, value) in [
        ("x-name", "客服".as_bytes()),
        ("x-latin", b"\xe9\xff"),
        ("host", b"x y"),
        ("host", b"999.999.999.999"),
        ("x-forwarded-proto", b"a b"),
        ("x-forwarded-proto", b""),
        ("x-forwarded-host", b"a b\"c"),
        ("x-forwarded-for", b"/"),
        ("accept", b"application/xml"),
        ("content-type", b";;;"),
    ] {
        let request = system
            .anonymous
            .request(Method::GET, &path_with(paths::CHATLOG, &[("openId", "c")]))
            .header("authorization", format!("Bearer {CUSTOMER_SERVICE_TOKEN}"))
            .header("x-name", "twice")
            .header(name, reqwest::header::HeaderValue::from_bytes(value).unwrap());
        Caller::reply(request).await.is(200, r#"{"status":0,"message":"ok","total":"0","list":[]}"#);
    }
}

#[tokio::test]
async fn a_throttled_request_gets_its_products_429_with_retry_after() {
    const BURST: NonZeroU32 = NonZeroU32::new(3).unwrap();
    let throttle = Some(Throttle { rate: NonZeroU32::MIN, burst: BURST });
    let system = System::start_with(Setup { throttle, ..Setup::default() }).await;
    let push = r#"{"code":429,"message":"too many requests"}"#;
    for (path, body) in [
        (paths::PUSH, push),
        (paths::LOGIN, push),
        (paths::RECEIVE, r#"{"status":-1,"errcode":45009,"message":"too many requests"}"#),
        (paths::TOKEN, r#"{"error":"temporarily_unavailable","error_description":"too many requests"}"#),
    ] {
        // Without a token: the throttle comes before the authorizer.
        let mut replies = Vec::new();
        for _ in 0..20 {
            replies.push(system.anonymous.post(path, "{}").await);
        }
        let (burst, rest) = replies.split_at(3);
        assert!(burst.iter().all(|reply| reply.status != 429), "{path}");
        let throttled: Vec<_> = rest.iter().filter(|reply| reply.status == 429).collect();
        assert!(!throttled.is_empty(), "{path}");
        for reply in throttled {
            reply.is(429, body);
            assert_eq!(reply.header("retry-after"), Some("1"));
        }
    }
    // Each endpoint has its own token bucket.
    assert_eq!(system.customer_service.user_info(&[("clientId", USER)]).await.status, 200);
}
