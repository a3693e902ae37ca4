//! The policy of `issue-token` against what its code asks of the table: for each action the partitions, both ways.

use std::collections::{BTreeMap, BTreeSet};

use local::{TEMPLATE, template::Stack};
use serde_json::{Value, json};
use store::{Table, client, warm_up};
use tests::{ManualClock, OAuthClient, Recorded, System, TOKENS_PER_MINUTE};

use crate::template::{one_or_more, statements};

/// Partition keys, or patterns of them, by action.
type ByAction = BTreeMap<String, BTreeSet<String>>;

/// The actions that DynamoDB asks the policy for, each with the partition key. A transaction is asked for by its steps.
fn authorized(recorded: &Recorded) -> Vec<(String, String)> {
    let partition = |keyed: &Value| keyed["pk"]["S"].as_str().unwrap().to_owned();
    if recorded.operation != "TransactWriteItems" {
        let request = &recorded.request;
        let keyed = request.get("Key").or_else(|| request.get("Item"));
        let keyed = keyed.unwrap_or_else(|| panic!("{}: no key", recorded.operation));
        return vec![(recorded.operation.clone(), partition(keyed))];
    }
    let steps = recorded.request["TransactItems"].as_array().unwrap().iter();
    steps
        .flat_map(|step| step.as_object().unwrap())
        .map(|(kind, step)| match kind.as_str() {
            "Put" => ("PutItem".to_owned(), partition(&step["Item"])),
            "Update" | "Delete" => (format!("{kind}Item"), partition(&step["Key"])),
            "ConditionCheck" => ("ConditionCheckItem".to_owned(), partition(&step["Key"])),
            other => panic!("{other}: not a step of a transaction"),
        })
        .collect()
}

/// The narrowest pattern that stands for all keys of the kind of `key`: `APP#*` for `APP#1`, and `APPS` for itself.
fn pattern(key: &str) -> String {
    key.split_once('#').map_or_else(|| key.to_owned(), |(kind, _)| format!("{kind}#*"))
}

/// Whether `StringLike` takes `key` for `pattern`, which has no wildcard but one at its end.
fn is_like(key: &str, pattern: &str) -> bool {
    let literal = pattern.strip_suffix('*').unwrap_or(pattern);
    assert!(!literal.contains(['*', '?']), "{pattern}");
    if literal.len() < pattern.len() { key.starts_with(literal) } else { key == literal }
}

/// The partitions that the template allows, by action.
fn allowed() -> ByAction {
    let stack = Stack::parse(TEMPLATE).unwrap();
    let mut functions = stack.resources("AWS::Serverless::Function");
    let function = functions.find(|function| function.id == "IssueTokenFunction").unwrap();
    let mut allowed = ByAction::new();
    for statement in statements(function) {
        assert_eq!(statement["Effect"], "Allow");
        let keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].clone();
        let condition = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}});
        assert_eq!(statement["Condition"], condition, "nothing else, and no statement without it");
        for action in one_or_more(&statement["Action"]) {
            let action = action.strip_prefix("dynamodb:").unwrap().to_owned();
            allowed.entry(action).or_default().extend(one_or_more(&keys));
        }
    }
    allowed
}

/// Has `issue-token` do everything that it can do, and returns what it asked of the table.
async fn everything_it_does() -> Vec<Recorded> {
    let clock = ManualClock::at(1_795_219_210_000);
    let system = System::start_at(&clock).await;
    let client = system.operator.create_application("a").await;
    // Names that are chosen to look like other keys, or like wildcards.
    let odd = [
        system.operator.create_application("a#TOKEN#*").await,
        system.operator.create_application("S").await,
    ];
    let strangers = ["*", "?", "#", "", "APPS", "WARM-UP", "app-1"];

    let main = include_str!("../../functions/issue-token/src/main.rs");
    assert!(main.contains("warm_up::get"));
    warm_up::get(&Table::new(client::at_endpoint(&system.proxy.url()), system.access_table.clone())).await;

    for client in odd.iter().chain([&client]) {
        let (kept, revoked) = (client.token().await, client.token().await);
        for token in [&kept, "cn-unknown", "*"] {
            assert_eq!(client.introspect(token).await.status, 200);
        }
        for token in [&revoked, &revoked, "cn-unknown", "*"] {
            client.revoke(token).await.is(200, "{}");
        }
        assert_eq!(client.ask_for("unknown").await.status, 400);
    }
    // Another application's token.
    let others = odd[0].token().await;
    assert_eq!(client.introspect(&others).await.json(), json!({"active": false}));
    client.revoke(&others).await.is(200, "{}");
    for stranger in strangers {
        for endpoint in ["token", "introspect", "revoke"] {
            let form = "grant_type=client_credentials&token=cn-1";
            let reply = OAuthClient::new(&system.anonymous, stranger, "cs-wrong").post(endpoint, form).await;
            assert_eq!(reply.status, 401, "{stranger}");
        }
    }
    for _ in 0..TOKENS_PER_MINUTE {
        client.ask().await;
    }
    assert_eq!(client.ask().await.status, 429);
    system.proxy.recorded()
}

#[tokio::test]
async fn issue_token_may_reach_the_partitions_that_it_reaches_by_each_action_and_no_others() {
    let (allowed, mut used) = (allowed(), ByAction::new());
    for (action, key) in everything_it_does().await.iter().flat_map(authorized) {
        let patterns = allowed.get(&action);
        let is_allowed = patterns.is_some_and(|patterns| patterns.iter().any(|one| is_like(&key, one)));
        assert!(is_allowed, "{action} on {key} is denied");
        used.entry(action).or_default().insert(pattern(&key));
    }
    assert_eq!(used, allowed, "the code needs the left one, the template allows the right one");
}

#[test]
fn issue_token_may_change_no_application() {
    let writes = allowed()
        .into_iter()
        .filter(|(action, _)| !["GetItem", "ConditionCheckItem"].contains(&action.as_str()));
    for (action, patterns) in writes {
        assert!(!patterns.iter().any(|pattern| is_like("APPS", pattern)), "{action}");
    }
}
