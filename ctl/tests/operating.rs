//! The commands of docs/operating.md, pasted.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tests::{
    System,
    markdown::{commands, paste},
};

const OPERATING: &str = include_str!("../../docs/operating.md");

#[tokio::test]
async fn the_operators_commands_can_be_pasted() {
    let system = System::start().await;
    let (walk, _) =
        commands(OPERATING).into_iter().find(|(script, _)| script.contains("app create")).unwrap();
    let walk = walk.replace("cargo run --quiet -p chatbotctl --", env!("CARGO_BIN_EXE_chatbotctl"));
    let printed = paste(&system, &walk).await;
    let last = printed.lines().last().unwrap();
    assert!(last.starts_with(r#"{"status":0,"message":"ok","total":"1","chatUser":{"#), "{printed}");
}
