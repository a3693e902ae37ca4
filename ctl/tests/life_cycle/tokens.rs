//! Listing and revoking tokens.

use serde_json::json;
use tests::{MESSAGE_PUSH, System};

use crate::operator::{Operator, opens, push};

#[tokio::test]
async fn a_token_is_listed_and_revoked_by_its_hash_or_by_itself() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let (one, two) = (client.token().await, client.ask_for(MESSAGE_PUSH).await);
    let two = two.json()["access_token"].as_str().unwrap().to_owned();
    let listed = operator.json(&format!("token list {}", client.id)).await;
    let tokens = listed.as_array().unwrap();
    assert_eq!(tokens.len(), 2);
    let of_push = tokens.iter().find(|token| token["scopes"] == json!([MESSAGE_PUSH])).unwrap();
    assert_eq!(of_push["sha256"], model::sha256_hex(&two));
    assert!(!listed.to_string().contains("cn-"), "no token is shown");

    operator.text(&format!("token revoke {} --yes", of_push["sha256"].as_str().unwrap())).await;
    system.partner(&two).try_push(push()).await.is_code(400, "check access_token error");
    assert!(opens(&system, &one).await);
    assert!(operator.run_with("token revoke - --yes", &format!("{one}\n")).await.status.success());
    assert!(!opens(&system, &one).await);
    let again = operator.error(&format!("token revoke {} --yes", model::sha256_hex(&one))).await;
    assert!(again.starts_with("there is no such token, or it has expired"), "{again}");
    assert_eq!(operator.json(&format!("token list {}", client.id)).await, json!([]));
}
