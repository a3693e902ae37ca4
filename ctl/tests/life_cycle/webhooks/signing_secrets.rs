//! `webhook rotate-secret`, also while DynamoDB fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tests::{Fault, System};

use super::{AppId, Operator, application, changes, receiver::Receiver, text};

/// Sets a webhook to `receiver`; returns the application and the secret.
async fn set(operator: &Operator, receiver: &Receiver) -> (AppId, String) {
    let id = application(operator).await;
    let set = operator.json(&format!("webhook set {id} {} --development", receiver.url())).await;
    (id, text(&set, "secret").to_owned())
}

async fn version(operator: &Operator, id: &AppId) -> Value {
    operator.json(&format!("webhook show {id}")).await["secretVersion"].clone()
}

#[tokio::test]
async fn requests_are_signed_with_the_old_secret_too_for_the_grace_period() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let receiver = Receiver::answering(204, "").await;
    let (id, first) = set(&operator, &receiver).await;
    let asked = operator.error(&format!("webhook rotate-secret {id}")).await;
    let expected = format!("The signing secret of {id} is replaced; the old one ends at 20");
    assert!(asked.starts_with(&expected) && asked.ends_with("nothing was changed"), "{asked}");
    assert_eq!(version(&operator, &id).await, 1);

    let rotated = operator.json(&format!("webhook rotate-secret {id} --grace-hours 168 --yes")).await;
    let second = text(&rotated, "secret");
    assert_eq!((&rotated["appId"], &rotated["secretVersion"]), (&json!(id), &json!(2)));
    let shown = operator.json(&format!("webhook show {id}")).await;
    assert_eq!(shown["oldSecretUntil"], rotated["oldSecretUntil"]);
    let shown = operator.text(&format!("webhook show {id}")).await;
    assert!(shown.contains("version 2") && shown.contains(text(&rotated, "oldSecretUntil")), "{shown}");
    operator.text(&format!("webhook test {id}")).await;
    assert!(receiver.believes(&first) && receiver.believes(second));

    let asked = operator.error(&format!("webhook rotate-secret {id} --grace-hours 0")).await;
    assert!(asked.contains("ends at once. The one before it, which still signs, ends at once."), "{asked}");
    let leaked = operator.text(&format!("webhook rotate-secret {id} --grace-hours 0 --yes")).await;
    let third = leaked.lines().next().unwrap().strip_prefix("signing secret  ").unwrap();
    assert_eq!(
        leaked.trim_end(),
        format!("signing secret  {third}\n\nThe secret, version 3, is shown this once: hand it over now.")
    );
    operator.text(&format!("webhook test {id}")).await;
    assert!(receiver.believes(third) && !receiver.believes(&first) && !receiver.believes(second));
    let changes = changes(&operator, &id).await;
    assert!(changes[1].starts_with("replaced the signing secret; the old one ends at 20"), "{changes:?}");
    assert_eq!(changes[2..], ["replaced the signing secret; the old one ends at once"]);
    for command in ["show", "log"] {
        let shown = operator.text(&format!("webhook {command} {id}")).await;
        assert!(!shown.contains("whsec_"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_replacements_of_a_signing_secret_succeed_or_are_reported() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let receiver = Receiver::answering(204, "").await;
    let (id, first) = set(&operator, &receiver).await;
    let line = format!("webhook rotate-secret {id} --yes --json");
    let (one, two, three) = tokio::join!(operator.run(&line), operator.run(&line), operator.run(&line));
    let mut shown = vec![first];
    for output in [one, two, three] {
        if output.status.success() {
            let rotated: Value = serde_json::from_slice(&output.stdout).unwrap();
            shown.push(text(&rotated, "secret").to_owned());
        } else {
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(error.contains("somebody else has changed the webhook"), "{error}");
            assert!(output.stdout.is_empty());
        }
    }
    assert!(shown.len() > 1);
    assert_eq!(version(&operator, &id).await, json!(shown.len()), "exactly the shown secrets were stored");
    assert_eq!(changes(&operator, &id).await.len(), shown.len());
    operator.text(&format!("webhook test {id}")).await;
    let valid = shown.iter().filter(|secret| receiver.believes(secret));
    assert_eq!(valid.count(), 2, "the last two");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_first_sets_show_one_secret() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let receiver = Receiver::answering(204, "").await;
    let id = application(&operator).await;
    let line = format!("webhook set {id} {} --development --json", receiver.url());
    let (one, two, three) = tokio::join!(operator.run(&line), operator.run(&line), operator.run(&line));
    let outputs = [one, two, three].map(|output| String::from_utf8(output.stdout).unwrap());
    let shown: Vec<_> = outputs.iter().filter(|text| text.contains("whsec_")).collect();
    assert_eq!(shown.len(), 1, "{outputs:?}");
    let set: Value = serde_json::from_str(shown[0]).unwrap();
    operator.text(&format!("webhook test {id}")).await;
    assert!(receiver.believes(text(&set, "secret")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_secret_that_is_stored_is_shown_whichever_answers_are_lost() {
    use Fault::{Cut, InternalError, ReplyLost};
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let receiver = Receiver::answering(204, "").await;
    let cases: [&[Option<Fault>]; 6] = [
        &[Some(ReplyLost)],
        &[Some(Cut), Some(ReplyLost)],
        &[Some(ReplyLost), Some(Cut)],
        &[Some(ReplyLost), Some(InternalError)],
        &[Some(Cut), Some(Cut), Some(ReplyLost), Some(Cut)],
        &[Some(Cut), Some(Cut), None],
    ];
    for faults in cases {
        let (id, first) = set(&operator, &receiver).await;
        fail_puts(&system, faults);
        let rotated = through_faults.json(&format!("webhook rotate-secret {id} --yes")).await;
        system.proxy.recover();
        operator.text(&format!("webhook test {id}")).await;
        assert!(receiver.believes(text(&rotated, "secret")) && receiver.believes(&first), "{faults:?}");
        assert_eq!(version(&operator, &id).await, 2, "{faults:?}");
        assert_eq!(changes(&operator, &id).await.len(), 2, "{faults:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_secret_that_was_not_replaced_still_signs_and_the_command_says_so() {
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let receiver = Receiver::answering(204, "").await;
    let (id, first) = set(&operator, &receiver).await;
    let cases: [(&[Option<Fault>], &str); 2] = [
        (&[Some(Fault::Cut)], "unreachable"),
        (&[Some(Fault::InternalError)], "refused with InternalServerError"),
    ];
    for (faults, cause) in cases {
        fail_puts(&system, faults);
        let error = through_faults.error(&format!("webhook rotate-secret {id} --grace-hours 0 --yes")).await;
        system.proxy.recover();
        let expected = format!("the secret was not replaced (PutItem: {cause}): the old one still works.");
        assert!(error.starts_with(&expected), "{error}");
        operator.text(&format!("webhook test {id}")).await;
        assert!(receiver.believes(&first));
        assert_eq!(version(&operator, &id).await, 1);
        assert_eq!(changes(&operator, &id).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_secret_that_may_be_stored_is_shown_with_a_warning() {
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let receiver = Receiver::answering(204, "").await;
    for (first, is_stored) in [(Fault::ReplyLost, true), (Fault::Cut, false)] {
        let (id, old) = set(&operator, &receiver).await;
        // The application and its secrets are found, and after the write nothing answers.
        system.proxy.fail(move |number, _| match number {
            0 | 1 => None,
            2 => Some(first),
            _ => Some(Fault::Cut),
        });
        let output = through_faults.run(&format!("webhook rotate-secret {id} --yes --json")).await;
        system.proxy.recover();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        let expected = "chatbotctl: DynamoDB does not say whether the signing secret was stored";
        let advice = format!("it is valid if `chatbotctl webhook show {id}` shows version 2\n");
        assert!(error.starts_with(expected) && error.ends_with(&advice), "{error}");
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        operator.text(&format!("webhook test {id}")).await;
        assert_eq!(receiver.believes(text(&shown, "secret")), is_stored, "{first:?}");
        assert!(receiver.believes(&old), "in its grace period");
        assert_eq!(version(&operator, &id).await, 1 + usize::from(is_stored), "as the warning says");
    }
}

/// Each write of one item meets the fault at its place in `faults`; all that follow meet the last one.
fn fail_puts(system: &System, faults: &'static [Option<Fault>]) {
    let puts = AtomicUsize::new(0);
    system.proxy.fail(move |_, operation| {
        (operation == "PutItem").then(|| {
            let number = puts.fetch_add(1, Ordering::SeqCst);
            *faults.get(number).or(faults.last()).unwrap()
        })?
    });
}
