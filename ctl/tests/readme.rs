//! The commands of the README, pasted.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

use serde_json::Value;
use tests::System;

const README: &str = include_str!("../../README.md");

/// The blocks of the README that call `local`, each with the answer that stands below it.
fn blocks() -> Vec<(&'static str, Option<&'static str>)> {
    let fenced: Vec<_> = README.split("```").collect();
    let mut blocks = Vec::new();
    for (number, block) in fenced.iter().enumerate().skip(1).step_by(2) {
        if let Some(script) = block.strip_prefix("sh\n")
            && script.contains("http://127.0.0.1:3000")
        {
            let below = fenced[number + 1].trim().is_empty().then(|| fenced[number + 2]);
            blocks.push((script, below.and_then(|block| block.strip_prefix("json\n"))));
        }
    }
    blocks
}

/// Runs a block on `system` in the place of `local` with its ports; what it prints.
async fn paste(system: &System, script: &str) -> String {
    let script = script
        .replace("http://127.0.0.1:3000", &system.anonymous.urls().token)
        .replace("http://127.0.0.1:8000", system.dynamodb_url.as_ref().unwrap())
        .replace("cargo run --quiet -p chatbotctl --", env!("CARGO_BIN_EXE_chatbotctl"));
    let run = move || Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_whole_way_can_be_walked() {
    let system = System::start().await;
    let (walk, _) = blocks().into_iter().find(|(script, _)| script.contains("app create")).unwrap();
    let printed = paste(&system, walk).await;
    let last = printed.lines().last().unwrap();
    assert!(last.starts_with(r#"{"status":0,"message":"ok","total":"1","chatUser":{"#), "{printed}");
}

#[tokio::test]
async fn each_command_answers_what_stands_below_it() {
    let system = System::start().await;
    let answered: Vec<_> =
        blocks().into_iter().filter_map(|(script, answer)| Some((script, answer?))).collect();
    assert_eq!(
        answered.len(),
        8,
        "the four endpoints, a token and what it is good for, an acknowledgement, a turn"
    );
    for (script, expected) in answered {
        let (printed, expected): (Value, Value) = (
            serde_json::from_str(&paste(&system, script).await).unwrap(),
            serde_json::from_str(expected).unwrap(),
        );
        let is_about_tokens = script.contains("/oauth2/");
        if is_about_tokens {
            // Tokens and moments are others each time.
            let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!((names(&printed), &printed["scope"]), (names(&expected), &expected["scope"]));
        } else {
            assert_eq!(printed, expected);
        }
    }
}
