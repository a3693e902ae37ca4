//! Documents whose commands are pasted.

use std::process::Command;

use crate::System;

/// A fenced block of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'d> {
    /// Its language.
    pub language: &'d str,
    /// Its text.
    pub text: &'d str,
    /// Whether nothing but white space is between it and the block above.
    pub is_right_below: bool,
}

/// The fenced blocks of a document, in order.
#[must_use]
pub fn blocks(document: &str) -> Vec<Block<'_>> {
    let parts: Vec<_> = document.split("```").collect();
    parts
        .chunks_exact(2)
        .filter_map(|pair| {
            let (language, text) = pair[1].split_once('\n')?;
            Some(Block { language, text, is_right_below: pair[0].trim().is_empty() })
        })
        .collect()
}

/// The commands of a document that call `local`, each with the JSON that stands right below it, if any does.
#[must_use]
pub fn commands(document: &str) -> Vec<(&str, Option<&str>)> {
    let blocks = blocks(document);
    let below = blocks.iter().skip(1).map(Some).chain([None]);
    blocks
        .iter()
        .zip(below)
        .filter(|(block, _)| block.language == "sh" && block.text.contains("http://127.0.0.1:3000"))
        .map(|(block, below)| {
            let answer = below.filter(|below| below.language == "json" && below.is_right_below);
            (block.text, answer.map(|answer| answer.text))
        })
        .collect()
}

/// Runs commands on `system` in the place of `local` with its ports; what they print.
pub async fn paste(system: &System, commands: &str) -> String {
    let script = commands
        .replace("http://127.0.0.1:3000", &system.anonymous.urls().token)
        .replace("http://127.0.0.1:8000", system.dynamodb_url.as_deref().unwrap_or_default());
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script]);
    run(bash).await
}

/// Runs a program to its end, which has to be a good one; what it prints.
pub async fn run(mut command: Command) -> String {
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it is waited for");
    let output = output.expect("the program is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}
