//! Replacing a secret, also while DynamoDB fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tests::{Fault, OAuthClient, System};

use crate::operator::{Operator, opens};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_replacements_of_a_secret_succeed_or_are_reported() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let line = format!("app rotate-secret {} --yes --json", client.id);
    let outputs = [operator.run(&line), operator.run(&line), operator.run(&line)];
    let [one, two, three] = outputs;
    let (one, two, three) = tokio::join!(one, two, three);
    let mut shown = Vec::new();
    for output in [one, two, three] {
        if output.status.success() {
            let credentials: Value = serde_json::from_slice(&output.stdout).unwrap();
            shown.push(credentials["clientSecret"].as_str().unwrap().to_owned());
        } else {
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(error.contains("somebody else has changed the application"), "{error}");
        }
    }
    let history = operator.json(&format!("app history {}", client.id)).await;
    let rotations = history
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["what"].as_str().unwrap().starts_with("replaced"));
    assert_eq!(rotations.count(), shown.len(), "exactly the shown secrets were stored");
    let mut working = 0;
    for secret in &shown {
        working +=
            usize::from(OAuthClient::new(&system.anonymous, &client.id, secret).ask().await.status == 200);
    }
    assert!(working >= 1);
}

#[tokio::test]
async fn an_old_secret_works_for_the_grace_period_that_is_shown() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let old = operator.approved(&system).await;
    let id = old.id.clone();
    let rotated = operator.json(&format!("app rotate-secret {id} --yes")).await;
    let new = OAuthClient::new(&system.anonymous, &id, rotated["clientSecret"].as_str().unwrap());
    assert!(opens(&system, &old.token().await).await && opens(&system, &new.token().await).await);
    let shown = operator.json(&format!("app show {id}")).await;
    assert_eq!(shown["previousSecretUntil"], rotated["oldSecretUntil"]);
    assert!(shown["previousSecretUntil"].as_str().unwrap().ends_with('Z'));

    let asked = operator.error(&format!("app rotate-secret {id} --grace-hours 0")).await;
    assert!(asked.contains("ends at once. The one before it, which still works, ends at once."), "{asked}");
    let leaked = operator.json(&format!("app rotate-secret {id} --grace-hours 0 --yes")).await;
    for gone in [&old, &new] {
        gone.ask().await.is_oauth_error(401, "invalid_client", "client authentication failed");
    }
    let newest = OAuthClient::new(&system.anonymous, &id, leaked["clientSecret"].as_str().unwrap());
    assert!(opens(&system, &newest.token().await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_secret_is_shown_whichever_answers_are_lost() {
    use Fault::{Cut, InternalError, ReplyLost};
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let cases: [&[Option<Fault>]; 6] = [
        &[Some(ReplyLost)],
        &[Some(Cut), Some(ReplyLost)],
        &[Some(ReplyLost), Some(Cut)],
        &[Some(ReplyLost), Some(InternalError)],
        &[Some(Cut), Some(Cut), Some(ReplyLost), Some(Cut)],
        &[Some(Cut), Some(Cut), None],
    ];
    for faults in cases {
        let old = operator.approved(&system).await;
        fail_transactions(&system, faults);
        let rotated = through_faults.json(&format!("app rotate-secret {} --yes", old.id)).await;
        system.proxy.recover();
        let new = OAuthClient::new(&system.anonymous, &old.id, rotated["clientSecret"].as_str().unwrap());
        assert!(opens(&system, &new.token().await).await, "{faults:?}");
        assert!(opens(&system, &old.token().await).await, "in its grace period");
        let shown = operator.json(&format!("app show {}", old.id)).await;
        assert_eq!(shown["previousSecretUntil"], rotated["oldSecretUntil"], "{faults:?}");
        assert_eq!(replacements(&operator, &old.id).await, 1, "{faults:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_not_replaced_still_works_and_the_command_says_so() {
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let old = operator.approved(&system).await;
    let cases: [(&[Option<Fault>], &str); 3] = [
        (&[Some(Fault::Cut)], "unreachable"),
        (&[Some(Fault::InternalError)], "refused with InternalServerError"),
        (&[Some(Fault::Cut), Some(Fault::InternalError)], "refused with InternalServerError"),
    ];
    for (faults, cause) in cases {
        fail_transactions(&system, faults);
        let error =
            through_faults.error(&format!("app rotate-secret {} --grace-hours 0 --yes", old.id)).await;
        system.proxy.recover();
        let expected =
            format!("the secret was not replaced (TransactWriteItems: {cause}): the old one still works.");
        assert!(error.starts_with(&expected), "{error}");
        assert!(opens(&system, &old.token().await).await);
        assert_eq!(replacements(&operator, &old.id).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_may_be_stored_is_shown_with_a_warning() {
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    for (first, is_stored) in [(Fault::ReplyLost, true), (Fault::Cut, false)] {
        let old = operator.approved(&system).await;
        // The application is found, and after the transaction nothing answers.
        system.proxy.fail(move |number, _| match number {
            0 => None,
            1 => Some(first),
            _ => Some(Fault::Cut),
        });
        let output = through_faults.run(&format!("app rotate-secret {} --yes --json", old.id)).await;
        system.proxy.recover();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.starts_with("chatbotctl: DynamoDB does not say whether the secret was replaced"),
            "{error}"
        );
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        let new = OAuthClient::new(&system.anonymous, &old.id, shown["clientSecret"].as_str().unwrap());
        assert_eq!(new.ask().await.status == 200, is_stored, "{first:?}");
        assert!(opens(&system, &old.token().await).await);
        assert_eq!(replacements(&operator, &old.id).await, usize::from(is_stored), "as the warning says");
    }
}

/// Each transaction meets the fault at its place in `faults`; all that follow meet the last one.
fn fail_transactions(system: &System, faults: &'static [Option<Fault>]) {
    let transactions = AtomicUsize::new(0);
    system.proxy.fail(move |_, operation| {
        (operation == "TransactWriteItems").then(|| {
            let number = transactions.fetch_add(1, Ordering::SeqCst);
            *faults.get(number).or(faults.last()).unwrap()
        })?
    });
}

async fn replacements(operator: &Operator, id: &str) -> usize {
    let history = operator.json(&format!("app history {id}")).await;
    let entries = history.as_array().unwrap().iter();
    entries.filter(|entry| entry["what"].as_str().unwrap().starts_with("replaced the secret")).count()
}
