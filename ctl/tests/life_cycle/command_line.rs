//! Errors and completions.

use std::process::Command;

use tests::{MESSAGE_PUSH, System};

use crate::operator::Operator;

#[tokio::test]
async fn an_error_says_what_to_do() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    for line in [
        "app show nobody",
        "app history nobody",
        "token list nobody",
        "app disable nobody --yes",
        "app enable nobody",
    ] {
        let error = operator.error(line).await;
        assert_eq!(error, "there is no application nobody; `chatbotctl app list` shows them all");
    }
    let client = operator.json("app create x --source 1").await;
    let id = client["clientId"].as_str().unwrap();
    for verb in ["approve", "reject"] {
        let error = operator.error(&format!("app {verb} {id} {MESSAGE_PUSH}")).await;
        assert!(error.starts_with("the application has not asked for this scope"), "{error}");
    }
    assert!(operator.error("token revoke xyz").await.starts_with("that is neither the SHA-256 of a token"));
    let unknown = operator.error(&format!("token revoke {}", "0".repeat(64))).await;
    assert!(unknown.starts_with("there is no such token"), "{unknown}");
    let elsewhere = operator.at_table("Elsewhere");
    let no_table = elsewhere.error("app list").await;
    assert!(no_table.starts_with("there is no table Elsewhere here; name it with --table"), "{no_table}");
}

#[tokio::test]
async fn without_aws_the_error_says_how_to_connect() {
    let run = |variables: &[(&str, &str)], line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatbotctl"));
        command
            .args(line.split(' '))
            .env_clear()
            .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nonexistent")]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run(&[], "app list").starts_with("chatbotctl: no region; set AWS_REGION"));
    assert!(
        run(&[("AWS_REGION", "eu-west-1")], "app list")
            .starts_with("chatbotctl: AWS does not know these credentials")
    );
    let down = run(&[], "app list --endpoint-url http://127.0.0.1:1");
    assert!(down.starts_with("chatbotctl: DynamoDB does not answer"), "{down}");
}

#[tokio::test]
async fn shells_get_their_completions() {
    for (shell, marker) in
        [("bash", "_chatbotctl()"), ("zsh", "#compdef chatbotctl"), ("fish", "complete -c chatbotctl")]
    {
        let output =
            Command::new(env!("CARGO_BIN_EXE_chatbotctl")).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && script.contains(marker) && script.contains("rotate-secret"),
            "{shell}"
        );
    }
}
