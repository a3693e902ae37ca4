//! Applications: their scopes, their status and their history.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tests::{CUSTOMER_SERVICE, Fault, MESSAGE_PUSH, OAuthClient, System};

use crate::operator::{Operator, opens, push};

#[tokio::test]
async fn an_application_gets_a_token_after_its_scopes_are_approved() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let created = operator.text("app create Acme-Support --source 1").await;
    let value = |name: &str| {
        let line = created.lines().find(|line| line.starts_with(name)).unwrap();
        line.strip_prefix(name).unwrap().trim().to_owned()
    };
    let (id, secret) = (value("client id"), value("client secret"));
    assert!(id.starts_with("app-") && id.len() == 16, "{id}");
    assert!(secret.starts_with("cs-") && secret.len() == 67, "cs- and two UUIDs without hyphens");
    assert!(created.contains("shown this once"), "{created}");
    assert!(created.contains(&format!("`chatbotctl app request-scope {id} SCOPE`")), "{created}");

    let client = OAuthClient::new(&system.anonymous, &id, &secret);
    let nothing_approved = "a scope is not approved for the application";
    client.ask().await.is_oauth_error(400, "invalid_scope", nothing_approved);
    operator.text(&format!("app request-scope {id} {CUSTOMER_SERVICE}")).await;
    client.ask().await.is_oauth_error(400, "invalid_scope", nothing_approved);
    operator.text(&format!("app approve {id} {CUSTOMER_SERVICE}")).await;
    let token = client.token().await;
    assert!(opens(&system, &token).await);
    let partner = system.partner(&token);
    partner.try_push(push()).await.is_code(400, "check access_token error");

    operator.text(&format!("app request-scope {id} {MESSAGE_PUSH}")).await;
    operator.text(&format!("app approve {id} {MESSAGE_PUSH}")).await;
    partner.try_push(push()).await.is_code(400, "check access_token error");
    let token = client.ask_for(MESSAGE_PUSH).await.json()["access_token"].as_str().unwrap().to_owned();
    system.partner(&token).try_push(push()).await.is_code(200, "success");
}

#[tokio::test]
async fn a_disabled_application_has_no_token_and_gets_none() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let id = &client.id;
    let (one, two) = (client.token().await, client.token().await);
    assert!(opens(&system, &one).await && opens(&system, &two).await);
    assert_eq!(
        operator.error(&format!("app disable {id}")).await,
        format!(
            "{id} (An-app) gets no more tokens, and those it has end. Say --yes to do it without being asked; nothing was changed"
        )
    );
    assert!(opens(&system, &one).await);
    let disabled = operator.json(&format!("app disable {id} --yes")).await;
    assert_eq!(disabled, json!({"appId": id, "changed": true, "endedTokens": 2}));
    assert!(!opens(&system, &one).await && !opens(&system, &two).await);
    client.ask().await.is_oauth_error(400, "unauthorized_client", "the application is disabled");
    let again = operator.json(&format!("app disable {id} --yes")).await;
    assert_eq!(again, json!({"appId": id, "changed": false, "endedTokens": 0}));

    assert!(operator.text(&format!("app enable {id}")).await.contains("is enabled; its client has to take"));
    assert!(operator.text(&format!("app enable {id}")).await.contains("is enabled already"));
    assert!(!opens(&system, &one).await, "an ended token stays ended");
    assert!(opens(&system, &client.token().await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_survives_that_is_requested_while_its_application_is_disabled() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let line = format!("app disable {} --yes", client.id);
    let before = client.token().await;
    let asking = async {
        let mut taken = vec![before];
        for _ in 0..25 {
            let reply = client.ask().await;
            taken.extend(reply.json()["access_token"].as_str().map(str::to_owned));
        }
        taken
    };
    let (taken, _) = tokio::join!(asking, operator.text(&line));
    client.ask().await.is_oauth_error(400, "unauthorized_client", "the application is disabled");
    for token in taken {
        assert!(!opens(&system, &token).await);
    }
    assert_eq!(operator.json(&format!("token list {}", client.id)).await, json!([]));
}

#[tokio::test]
async fn a_repeated_disable_completes_one_that_failed_half_way() {
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let tokens = [client.token().await, client.token().await];
    // It is found, asked about, changed, and its tokens are found: the next request deletes them.
    system.proxy.fail(|_, operation| {
        static TRANSACTIONS: AtomicUsize = AtomicUsize::new(0);
        (operation == "TransactWriteItems" && TRANSACTIONS.fetch_add(1, Ordering::SeqCst) >= 1)
            .then_some(Fault::InternalError)
    });
    let line = format!("app disable {} --yes", client.id);
    let error = through_faults.error(&line).await;
    assert!(
        error.starts_with("the application is changed, but its tokens could not all be ended"),
        "{error}"
    );
    assert!(error.ends_with("run the same command again"), "{error}");
    system.proxy.recover();
    assert!(opens(&system, &tokens[0]).await, "the tokens are left");
    let again = through_faults.json(&line).await;
    assert_eq!(again, json!({"appId": client.id, "changed": false, "endedTokens": 2}));
    assert!(!opens(&system, &tokens[0]).await && !opens(&system, &tokens[1]).await);
    let history = operator.json(&format!("app history {}", client.id)).await;
    assert_eq!(history.as_array().unwrap().last().unwrap()["what"], "ended 2 tokens that were left");
}

#[tokio::test]
async fn a_rejected_scope_ends_its_tokens() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let id = &client.id;
    let both = client.token().await;
    let push_token = client.ask_for(MESSAGE_PUSH).await.json()["access_token"].as_str().unwrap().to_owned();
    let rejected = operator.text(&format!("app reject {id} {CUSTOMER_SERVICE} -y")).await;
    assert_eq!(rejected.trim_end(), format!("{CUSTOMER_SERVICE} is rejected for {id}. 1 token was ended."));
    assert!(!opens(&system, &both).await);
    system.partner(&push_token).try_push(push()).await.is_code(200, "success");
    client.ask_for(CUSTOMER_SERVICE).await.is_oauth_error(
        400,
        "invalid_scope",
        "a scope is not approved for the application",
    );
    assert_eq!(
        operator.error(&format!("app approve {id} {CUSTOMER_SERVICE}")).await,
        format!(
            "the scope was rejected; the application has to ask for it again: `chatbotctl app request-scope {id} {CUSTOMER_SERVICE}`"
        )
    );
}

#[tokio::test]
async fn every_change_is_in_the_history_with_who_and_when() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let id = &client.id;
    let token = client.token().await;
    for line in [
        format!("token revoke {} --yes", model::sha256_hex(&token)),
        format!("app rotate-secret {id} --grace-hours 0 --yes"),
        format!("app reject {id} {MESSAGE_PUSH} --yes"),
        format!("app disable {id} --yes"),
        format!("app disable {id} --yes"),
        format!("app enable {id}"),
        format!("app enable {id}"),
    ] {
        operator.text(&line).await;
    }
    let history = operator.json(&format!("app history {id}")).await;
    let entries = history.as_array().unwrap();
    let what: Vec<_> = entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    let rotated = what[6].to_owned();
    assert_eq!(rotated, "replaced the secret; the old one ends at once");
    assert_eq!(
        what,
        [
            "created An-app",
            &format!("requested {CUSTOMER_SERVICE}"),
            &format!("approved {CUSTOMER_SERVICE}"),
            &format!("requested {MESSAGE_PUSH}"),
            &format!("approved {MESSAGE_PUSH}"),
            &format!("revoked the token {}", model::sha256_hex(&token)),
            &rotated,
            &format!("rejected {MESSAGE_PUSH}"),
            "disabled",
            "enabled",
        ]
    );
    let who = if system.dynamodb_url.is_some() { "local:olga" } else { "arn:" };
    assert!(entries.iter().all(|entry| entry["who"].as_str().unwrap().starts_with(who)), "{history}");
    let whens: Vec<_> = entries.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
    assert!(whens.is_sorted() && whens.iter().all(|when| when.ends_with('Z')));
}

#[tokio::test]
async fn applications_are_shown_in_tables_without_any_secret() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    operator.text(&format!("app reject {} {MESSAGE_PUSH} --yes", client.id)).await;
    let list = operator.text("app list").await;
    let show = operator.text(&format!("app show {}", client.id)).await;
    for text in [&list, &show] {
        for shown in [
            &client.id,
            "An-app",
            "enabled",
            "thirdparty-customer-service (approved)",
            "message-push-service (rejected)",
        ] {
            assert!(text.contains(shown), "{text}");
        }
        assert!(!text.contains("cs-") && !text.contains(&model::sha256_hex(&client.secret)), "{text}");
    }
    assert!(list.contains("demo"), "{list}");
    let json = operator.json(&format!("app show {}", client.id)).await;
    assert_eq!(
        json,
        json!({
            "appId": client.id, "name": "An-app", "status": "enabled", "sources": [1],
            "scopes": {CUSTOMER_SERVICE: "approved", MESSAGE_PUSH: "rejected"}, "createdAt": json["createdAt"],
        })
    );
    assert_eq!(operator.json("app list").await.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_operators_lose_no_change() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = operator.json("app create x --source 1").await["clientId"].as_str().unwrap().to_owned();
    let (one, two) = (
        format!("app request-scope {id} {CUSTOMER_SERVICE}"),
        format!("app request-scope {id} {MESSAGE_PUSH}"),
    );
    tokio::join!(operator.text(&one), operator.text(&two), operator.text(&one), operator.text(&two));
    let shown = operator.json(&format!("app show {id}")).await;
    assert_eq!(shown["scopes"], json!({CUSTOMER_SERVICE: "requested", MESSAGE_PUSH: "requested"}));
    assert_eq!(operator.json(&format!("app history {id}")).await.as_array().unwrap().len(), 3);
}
