//! The documents: their commands and programs run, both languages say the same, and no error or limit is missing in the guides.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod documents;
mod webhook_vectors;

use std::{fs, process::Command};

use local::demo::{CLIENT_ID, CLIENT_SECRET};
use serde_json::Value;
use tests::{
    REFERENCE, System,
    markdown::{Block, blocks, commands, paste, run},
    reference::Operation,
};

const ENGLISH: &str = include_str!("../../docs/partner-guide.md");
const CHINESE: &str = include_str!("../../docs/partner-guide.zh-CN.md");
const README: &str = include_str!("../../README.md");
const CHINESE_README: &str = include_str!("../../README.zh-CN.md");
const PLATFORM_API: &str = include_str!("../../docs/platform-api.md");
const SOCKETS: &str = include_str!("../../docs/sockets.md");
const CHINESE_SOCKETS: &str = include_str!("../../docs/sockets.zh-CN.md");

#[tokio::test]
async fn each_command_prints_the_answer_below_it() {
    for (document, count) in [
        (ENGLISH, 12),
        (CHINESE, 12),
        (README, 3),
        (CHINESE_README, 3),
        (PLATFORM_API, 3),
        (SOCKETS, 0),
        (CHINESE_SOCKETS, 0),
    ] {
        let system = System::start().await;
        let mut answered = 0;
        for (command, answer) in commands(document) {
            let printed = paste(&system, command).await;
            if let Some(answer) = answer {
                let (printed, answer): (Value, Value) =
                    (serde_json::from_str(&printed).unwrap(), serde_json::from_str(answer).unwrap());
                assert_eq!(without_moments(printed), without_moments(answer));
                answered += 1;
            } else {
                let answers = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
                let refused: Vec<_> = answers.filter(|answer| !is_success(answer)).collect();
                assert!(refused.is_empty(), "{command}: {refused:?}");
            }
        }
        assert_eq!(answered, count);
    }
}

/// The answer with the same token and the same moments as any other.
fn without_moments(mut answer: Value) -> Value {
    for name in ["access_token", "expires_in", "exp", "iat"] {
        if let Some(value) = answer.get_mut(name) {
            assert!(
                value.is_string() == (name == "access_token") && (value.is_string() || value.is_u64()),
                "{value}"
            );
            *value = Value::Null;
        }
    }
    answer
}

/// Whether a body is a success of either product or of the token API.
fn is_success(answer: &Value) -> bool {
    answer["status"] == 0
        || answer["code"] == 200
        || answer["access_token"].is_string()
        || answer["active"] == true
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python and Java: make guides"]
async fn each_program_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    for guide in [ENGLISH, CHINESE] {
        for (language, name, program) in
            [("python", "client.py", "python3"), ("java", "PartnerClient.java", "java")]
        {
            let system = System::start().await;
            let file = folder.path().join(name);
            fs::write(&file, client_in(guide, language)).unwrap();
            let mut command = Command::new(program);
            // The guide's advice for machines with another default encoding.
            if program == "java" {
                command.arg("-Dfile.encoding=UTF-8");
            }
            command.arg(file).env("PYTHONUTF8", "1");
            command.env("BASE_URL", &system.anonymous.urls().token);
            command.env("CLIENT_ID", CLIENT_ID).env("CLIENT_SECRET", CLIENT_SECRET);
            let printed = run(command).await;
            // The program pushes one message id to 250 users in three calls.
            let state = system.everything().await;
            let waiting =
                state.iter().filter(|item| item["pk"].as_str().unwrap().starts_with("INBOX#")).count();
            assert_eq!(waiting, 250, "{program}: {printed}");
            assert!(printed.contains("250"), "{program}: {printed}");
        }
    }
}

/// The program that calls the endpoints. The receivers of webhooks are tested with `chatbotctl`.
fn client_in<'g>(guide: &'g str, language: &str) -> &'g str {
    let is_client = |block: &Block<'_>| block.language == language && block.text.contains("CLIENT_SECRET");
    let programs: Vec<_> = blocks(guide).into_iter().filter(is_client).collect();
    assert_eq!(programs.len(), 1);
    programs[0].text
}

#[test]
fn both_languages_have_the_same_commands_answers_and_code() {
    let comparable = |guide: &'static str| {
        blocks(guide).into_iter().map(|block| (block.language, without_words(block))).collect::<Vec<_>>()
    };
    for (english, chinese) in [(ENGLISH, CHINESE), (SOCKETS, CHINESE_SOCKETS)] {
        for (english, chinese) in comparable(english).into_iter().zip(comparable(chinese)) {
            assert_eq!(english, chinese);
        }
        assert_eq!(blocks(english).len(), blocks(chinese).len());
        // The numbers of sections, steps, table rows and list items are equal too.
        for start in ["## ", "### ", "1. ", "5. ", "6. ", "| ", "- "] {
            let count = |guide: &str| guide.lines().filter(|line| line.starts_with(start)).count();
            assert_eq!(count(english), count(chinese), "{start}");
        }
    }
}

#[test]
fn each_body_of_a_webhook_is_one_of_the_reference() {
    for guide in [ENGLISH, CHINESE] {
        let bodies: Vec<_> =
            blocks(guide).into_iter().filter(|block| block.text.starts_with(r#"{"type":"#)).collect();
        assert_eq!(bodies.len(), 1);
        REFERENCE.check_webhook_body(bodies[0].text);
    }
}

#[test]
fn both_readmes_have_the_same_commands_sections_tables_and_points() {
    assert_eq!(commands(README), commands(CHINESE_README));
    for start in ["## ", "### ", "| ", "- ", "```"] {
        let count = |readme: &str| readme.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(count(README), count(CHINESE_README), "{start}");
    }
}

/// A block without its translated parts: comments, and string literals of programs.
fn without_words(block: Block<'_>) -> String {
    if !["python", "java", "javascript"].contains(&block.language) {
        return block.text.to_owned();
    }
    let is_code = |line: &&str| !line.trim_start().starts_with("/**");
    let text = block.text.lines().filter(is_code).collect::<Vec<_>>().join("\n");
    let unquoted = text.split('"').step_by(2).collect::<Vec<_>>().join("\"");
    let code =
        unquoted.lines().map(|line| line.split('#').next().unwrap().split("//").next().unwrap().trim());
    code.collect::<Vec<_>>().join("\n")
}

/// The endpoints that partners call.
fn of_partners() -> impl Iterator<Item = &'static Operation> {
    REFERENCE.operations.iter().filter(|operation| operation.security.0 != "platform")
}

#[test]
fn every_error_that_a_partner_can_get_is_in_both_guides() {
    for operation in of_partners() {
        for (status, answer) in operation.answers.iter().filter(|(status, _)| **status >= 400) {
            for error in answer.examples.values() {
                for (guide, parameter) in [(ENGLISH, "<name>"), (CHINESE, "<参数>")] {
                    let rows = guide.lines().filter(|line| line.starts_with('|'));
                    let is_told = |line: &str| is_row_of(line, *status, error, parameter);
                    assert!(rows.clone().any(is_told), "{}: {status} {error}", operation.id);
                }
            }
        }
    }
}

/// Whether a table row documents an error: by number or name, and by its text.
fn is_row_of(row: &str, status: u16, error: &Value, parameter: &str) -> bool {
    if let Some(errcode) = error["errcode"].as_i64() {
        let text = error["message"].as_str().unwrap();
        let of_a_parameter = errcode == 40035 && row.contains(&general(text, parameter));
        return of_a_parameter
            || (row.starts_with(&format!("| {errcode} | {status} |")) && row.contains(text));
    }
    if let Some(name) = error["error"].as_str() {
        let text = error["error_description"].as_str().unwrap();
        let repeated = text.ends_with("is there more than once") && row.contains("is there more than once");
        return row.starts_with(&format!("| `{name}` | {status} |"))
            && (repeated || row.contains(&format!("`{text}`")));
    }
    let text = error["message"].as_str().unwrap();
    row.starts_with(&format!("| {status} |"))
        && (row.contains(&format!("`{text}`")) || row.contains(&general(text, parameter)))
}

/// The text of a parameter's error with placeholders for the parameter and its limits.
fn general(text: &str, parameter: &str) -> String {
    if text.starts_with("Required parameter") {
        return format!("`Required parameter '{parameter}' is not present`");
    }
    let (name, rule) = text.split_once(": ").unwrap_or(("", text));
    let rule = match rule.split_once(" [") {
        Some(("length exceeds the max value", _)) => "length exceeds the max value [<n>]",
        _ if rule.starts_with("value must be between") => "value must be between <a> and <b>",
        _ => rule,
    };
    match name {
        "cursor" => format!("`{text}`"),
        _ if rule.starts_with("must be one of") => format!("`{text}`"),
        name if name.starts_with("messsagePush.") => format!("`messsagePush.{parameter}: {rule}`"),
        _ => format!("`{parameter}: {rule}`"),
    }
}

#[test]
fn every_error_and_every_length_of_the_platform_is_in_its_guide() {
    let rows = |document: &'static str| document.lines().filter(|line| line.starts_with('|'));
    for operation in REFERENCE.operations.iter().filter(|operation| operation.security.0 == "platform") {
        let errors = operation.answers.iter().filter(|(status, _)| **status >= 400);
        for (status, error) in
            errors.flat_map(|(status, answer)| answer.examples.values().map(move |error| (*status, error)))
        {
            let text = error["message"].as_str().unwrap();
            let is_told = |row: &str| row.contains(&format!("`{}`", of_any_parameter(text)));
            // The errors of every product of this form are in the partner guide.
            let is_shared = |row: &str| !text.contains(": ") && is_row_of(row, status, error, "<name>");
            assert!(
                rows(PLATFORM_API).any(is_told) || rows(ENGLISH).any(is_shared),
                "{}: {text}",
                operation.id
            );
            let Some((name, max)) = text.split_once(": length exceeds the max value [") else { continue };
            let max = max.trim_end_matches(']');
            let has_length = |row: &str| {
                row.contains(&format!("| {max} |"))
                    && [format!("`{name}`"), format!("`{name}?`")]
                        .iter()
                        .any(|name| row.contains(name.as_str()))
            };
            assert!(rows(PLATFORM_API).any(has_length), "{}: {text}", operation.id);
        }
    }
}

/// The text of a parameter's error as docs/platform-api.md has it for all parameters.
fn of_any_parameter(text: &str) -> String {
    match text.split_once(": ") {
        _ if text.starts_with("Required parameter") => "Required parameter '…' is not present".to_owned(),
        Some((_, "must be a string")) => "…: must be a string".to_owned(),
        Some((_, rule)) if rule.starts_with("length exceeds") => {
            "…: length exceeds the max value [n]".to_owned()
        }
        _ => text.to_owned(),
    }
}

#[test]
fn every_maximum_length_is_in_both_guides() {
    for operation in of_partners() {
        let texts = operation.answers[&400].examples.values().filter_map(|error| error["message"].as_str());
        for text in texts {
            let Some((name, rule)) = text.split_once(": ") else { continue };
            let Some((_, max)) = rule.trim_end_matches(']').split_once("max value [") else { continue };
            let name = name.trim_start_matches("messsagePush.");
            for guide in [ENGLISH, CHINESE] {
                let mut rows = guide.lines().filter(|line| line.starts_with('|'));
                let is_told = |line: &str| line.contains(&format!("`{name}`")) && line.contains(max);
                assert!(rows.any(is_told), "{name}: {max}");
            }
        }
    }
}
