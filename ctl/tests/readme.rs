//! The commands of the README, pasted.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::Value;
use tests::{
    System,
    markdown::{commands, paste},
};

const README: &str = include_str!("../../README.md");

#[tokio::test]
async fn the_whole_way_can_be_walked() {
    let system = System::start().await;
    let (walk, _) = commands(README).into_iter().find(|(script, _)| script.contains("app create")).unwrap();
    let walk = walk.replace("cargo run --quiet -p chatbotctl --", env!("CARGO_BIN_EXE_chatbotctl"));
    let printed = paste(&system, &walk).await;
    let last = printed.lines().last().unwrap();
    assert!(last.starts_with(r#"{"status":0,"message":"ok","total":"1","chatUser":{"#), "{printed}");
}

#[tokio::test]
async fn each_command_answers_what_stands_below_it() {
    let system = System::start().await;
    let answered: Vec<_> =
        commands(README).into_iter().filter_map(|(script, answer)| Some((script, answer?))).collect();
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
