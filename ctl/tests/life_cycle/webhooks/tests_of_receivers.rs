//! `webhook test`.

use serde_json::{Value, json};
use tests::System;

use super::{Operator, application, receiver::Receiver, text};

#[tokio::test]
async fn a_test_is_signed_and_shows_the_answer() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    let receiver = Receiver::answering(202, "stored").await;
    let url = receiver.url();
    let set = operator.json(&format!("webhook set {id} {url} --development")).await;
    let tested = operator.json(&format!("webhook test {id}")).await;
    assert_eq!(tested, json!({"url": url, "outcome": "202", "millis": tested["millis"], "answer": "stored"}));
    assert!(tested["millis"].as_u64().unwrap() < 10_000);
    assert!(receiver.believes(text(&set, "secret")));
    let printed = operator.text(&format!("webhook test {id}")).await;
    let lines: Vec<_> = printed.lines().collect();
    assert!(lines[0].starts_with(&format!("{url}: 202, after ")) && lines[0].ends_with(" ms"), "{printed}");
    assert_eq!(lines[1..], ["stored"]);
    let bodies = receiver.bodies();
    assert_eq!(bodies.len(), 2);
    for body in bodies {
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(text(&body, "timestamp").ends_with('Z'));
        assert_eq!(body, json!({"type": "endpoint.test", "timestamp": body["timestamp"], "data": {}}));
    }
}

#[tokio::test]
async fn a_test_fails_unless_the_answer_is_2xx() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    for (status, passes) in [(200, true), (299, true), (300, false), (307, false), (410, false), (500, false)]
    {
        let receiver = Receiver::answering(status, "").await;
        operator.text(&format!("webhook set {id} {} --development", receiver.url())).await;
        let output = operator.run(&format!("webhook test {id}")).await;
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.starts_with(&format!("{}: {status}, after ", receiver.url())), "{printed}");
        let error = String::from_utf8(output.stderr).unwrap();
        let expected = "chatbotctl: the receiver did not accept the test, which it has to answer with 2xx within 10 seconds\n";
        assert_eq!((output.status.success(), error.as_str()), (passes, if passes { "" } else { expected }));
        assert_eq!(receiver.bodies().len(), 1, "a redirect is not followed");
    }
}

#[tokio::test]
async fn an_answer_is_shown_to_its_200th_character_without_control_characters() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    for (answer, expected) in [
        ("客".repeat(200), "客".repeat(200)),
        ("客".repeat(201), "客".repeat(200)),
        ("\u{1b}[2Jno\nway\u{202e}".to_owned(), r"\u{1b}[2Jno\nway\u{202e}".to_owned()),
    ] {
        let receiver = Receiver::answering(500, &answer).await;
        operator.text(&format!("webhook set {id} {} --development", receiver.url())).await;
        let output = operator.run(&format!("webhook test {id} --json")).await;
        let tested: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(text(&tested, "answer"), expected);
    }
}

#[tokio::test]
async fn a_receiver_without_a_public_address_is_reached_only_in_development() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    let receiver = Receiver::answering(204, "").await;
    operator.text(&format!("webhook set {id} https://localhost:{}/hooks --any-port", receiver.port)).await;
    let output = operator.run(&format!("webhook test {id} --json")).await;
    let tested: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), text(&tested, "outcome")), (Some(1), "the host has no public address"));

    operator.text(&format!("webhook set {id} http://127.0.0.1:1/ --development")).await;
    let output = operator.run(&format!("webhook test {id} --json")).await;
    let tested: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), text(&tested, "outcome")), (Some(1), "the connection failed"));
    assert_eq!(receiver.bodies(), [""; 0]);
}
