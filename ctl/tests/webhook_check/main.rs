//! `chatbotctl webhook check` at receivers on loopback.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod guides;
mod receiver;

use std::process::{Command, Output};

use receiver::{Mistake, Receiver, SECRET};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const CASES: [&str; 9] = [
    "valid",
    "wrong-signature",
    "missing-signature",
    "old-timestamp",
    "rotation",
    "repeated-batch",
    "unknown-type",
    "largest-body",
    "slow-body",
];

/// Runs `chatbotctl webhook check` without any setting of AWS.
async fn check(
    url: &str,
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatbotctl"));
    command.args(["webhook", "check", url]).args(arguments).env_clear().envs(variables.iter().copied());
    // The receiver runs in this process.
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn printed(output: &Output) -> (&str, &str) {
    (str::from_utf8(&output.stdout).unwrap(), str::from_utf8(&output.stderr).unwrap())
}

#[tokio::test]
async fn a_correct_receiver_passes_each_case() {
    let receiver = Receiver::start(Mistake::None).await;
    let output = check(&receiver.url, &[], &[("WEBHOOK_SECRET", SECRET)]).await;
    let (text, error) = printed(&output);
    assert_eq!((output.status.code(), error), (Some(0), ""), "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), CASES.len(), "{text}");
    for (line, case) in lines.iter().zip(CASES) {
        assert!(line.starts_with(&format!("pass  {case} ")), "{line}");
    }
    assert!(
        lines[3].ends_with("  answered 401") && lines[5].ends_with("  answered 204, answered 204"),
        "{text}"
    );

    // Five of each kind, two of the rotation, one that was repeated, a hundred of the largest body, one of the slow body.
    let messages = receiver.messages();
    assert_eq!(messages.len(), 109);
    let first = &messages[0];
    assert!(first["openId"].as_str().unwrap().starts_with("check-"));
    assert_eq!((&first["seq"], &first["clientId"]), (&json!(1), &json!("")));
}

#[tokio::test]
async fn each_mistake_fails_its_case_and_no_other() {
    let mut checks = JoinSet::new();
    for (mistake, failing) in [
        (Mistake::KnowsTextOnly, vec![("valid", "answered 500; expected 2xx")]),
        (
            Mistake::BelievesEachSignature,
            vec![("wrong-signature", "answered 204; expected 4xx, but not 410")],
        ),
        (Mistake::BelievesUnsigned, vec![("missing-signature", "answered 204; expected 4xx, but not 410")]),
        (Mistake::IgnoresTheTimestamp, vec![("old-timestamp", "answered 204; expected 4xx, but not 410")]),
        (Mistake::ReadsOneSignature, vec![("rotation", "request 2 of 2: answered 401; expected 2xx")]),
        (Mistake::RefusesRepeats, vec![("repeated-batch", "request 2 of 2: answered 409; expected 2xx")]),
        (Mistake::RefusesUnknownTypes, vec![("unknown-type", "answered 422; expected 2xx")]),
        (Mistake::LimitsBodiesTo100Kb, vec![("largest-body", "answered 413; expected 2xx")]),
        (Mistake::WaitsThreeSeconds, vec![("slow-body", "answered 408; expected 2xx")]),
        (
            Mistake::RefusesAsGone,
            ["wrong-signature", "missing-signature", "old-timestamp"]
                .map(|case| (case, "answered 410; expected 4xx, but not 410"))
                .to_vec(),
        ),
    ] {
        checks.spawn(async move {
            let receiver = Receiver::start(mistake).await;
            let output = check(&receiver.url, &["--json", "--secret", SECRET], &[]).await;
            let (text, error) = printed(&output);
            assert_eq!(output.status.code(), Some(1), "{mistake:?}: {text}");
            let count = failing.len();
            let advice =
                format!("chatbotctl: {count} of 9 cases failed; docs/partner-guide.md describes each case\n");
            assert_eq!(error, advice, "{mistake:?}");
            let report: Value = serde_json::from_str(text).unwrap();
            assert_eq!((&report["url"], &report["passed"]), (&json!(receiver.url), &json!(false)));
            let lines = report["cases"].as_array().unwrap();
            let names: Vec<_> = lines.iter().map(|line| line["case"].as_str().unwrap()).collect();
            assert_eq!(names, CASES);
            let failed: Vec<_> = lines
                .iter()
                .filter(|line| line["passed"] == false)
                .map(|line| (line["case"].as_str().unwrap(), line["reason"].as_str().unwrap()))
                .collect();
            assert_eq!(failed, failing, "{mistake:?}");
        });
    }
    checks.join_all().await;
}

#[tokio::test]
async fn a_redirect_or_no_receiver_passes_nothing() {
    let receiver = Receiver::start(Mistake::Redirects).await;
    let output = check(&receiver.url, &["--secret", SECRET], &[]).await;
    let (text, error) = printed(&output);
    assert!(error.starts_with("chatbotctl: 9 of 9 cases failed"), "{error}");
    assert!(text.starts_with("FAIL  valid              answered 308; expected 2xx\n"), "{text}");

    let output = check("http://127.0.0.1:1/", &["--secret", SECRET], &[]).await;
    let (text, error) = printed(&output);
    assert!(error.starts_with("chatbotctl: 9 of 9 cases failed"), "{error}");
    assert!(text.lines().all(|line| line.contains("the connection failed; expected ")), "{text}");
}

#[tokio::test]
async fn a_wrong_argument_is_refused_before_anything_is_sent() {
    for (url, arguments, expected) in [
        ("ftp://localhost", &["--secret", SECRET][..], "the URL must begin with http:// or https://"),
        ("localhost", &["--secret", SECRET], "this is not a URL"),
        ("http://localhost", &["--secret", "whsec_"], "this is not a webhook secret"),
        ("http://localhost", &[], "--secret <SECRET>"),
    ] {
        let output = check(url, arguments, &[]).await;
        let (text, error) = printed(&output);
        assert_eq!((output.status.code(), text), (Some(2), ""), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}
