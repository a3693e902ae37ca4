//! Access to every endpoint of the template with every kind of token.

use local::{
    TEMPLATE,
    template::{Api, Template},
};
use reqwest::Method;
use tests::{CUSTOMER_SERVICE, MESSAGE_PUSH, PLATFORM, System};

/// The scope of an API; `None` for the token API, which takes no bearer token.
fn scope_of(api: &str) -> Option<&'static str> {
    match api {
        "CustomerServiceApi" => Some(CUSTOMER_SERVICE),
        "MessagePushApi" => Some(MESSAGE_PUSH),
        "PlatformApi" => Some(PLATFORM),
        "TokenApi" => None,
        other => panic!("{other}: unknown API"),
    }
}

#[tokio::test]
async fn every_endpoint_needs_exactly_its_own_scope() {
    let system = System::start().await;
    let scopes = [CUSTOMER_SERVICE, MESSAGE_PUSH, PLATFORM, "some-other-scope", ""];
    for (number, scope) in scopes.iter().enumerate() {
        system.operator.grant(&format!("cn-{number}"), "app", &[*scope], &[1]).await;
    }
    let template = Template::parse(TEMPLATE).unwrap();
    let mut tried = 0;
    for Api { id, routes, .. } in &template.apis {
        for route in routes {
            for (number, scope) in scopes.iter().enumerate() {
                let method = Method::from_bytes(route.method.as_bytes()).unwrap();
                let caller = system.anonymous.with_token(&format!("cn-{number}"));
                let reply = caller.send(method, &route.path, Some("{}")).await;
                let is_let_in = !["token is wrong", "check access_token error"]
                    .iter()
                    .any(|text| reply.body.contains(text));
                match scope_of(id) {
                    Some(needed) => {
                        assert_eq!(
                            is_let_in,
                            needed == *scope,
                            "{} with {scope}: {}",
                            route.path,
                            reply.body
                        );
                    }
                    None => assert!(reply.status >= 400, "{}: a bearer token is no client", route.path),
                }
                tried += 1;
            }
        }
    }
    assert_eq!(tried, (4 + 3 + 7 + 3) * scopes.len(), "every endpoint");
}
