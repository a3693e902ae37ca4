//! The events in `events/` for `sam local invoke`, and the expected answers.

use std::{collections::BTreeSet, fs, path::Path};

use local::{TEMPLATE, functions::FunctionError, template::Template};
use serde_json::Value;
use tests::System;
use uuid::Uuid;

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Sorted as in deploy/emulator/check-events: an event may depend on an earlier one.
fn entries(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let entries: BTreeSet<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.into_iter()
}

/// The answer with its random parts replaced: an issued token, `expires_in`, the cursor of a chat or of a feed, the times of
/// messages, a ticket, and the URL of the socket API.
fn settled(answer: &str) -> String {
    const TOKEN: &str = r#"access_token\":\"cn-"#;
    const SOCKET_URL: &str = r#"\"url\":\"ws"#;
    if let Some((head, tail)) = answer.split_once(TOKEN) {
        let tail = ["359418", "359419"]
            .iter()
            .fold(tail[36..].to_owned(), |tail, left| tail.replace(left, "359420"));
        return format!("{head}{TOKEN}{}{tail}", Uuid::nil());
    }
    let starts = ["after", "cursor", "time", "ticket"].map(|name| format!(r#"\"{name}\":\""#));
    let starts = starts.into_iter().chain([SOCKET_URL.to_owned()]);
    let settled = starts.fold(answer.to_owned(), |answer, start| {
        let mut parts = answer.split(&start);
        let head = parts.next().unwrap().to_owned();
        parts.fold(head, |head, tail| format!("{head}{start}{}", &tail[tail.find('\\').unwrap()..]))
    });
    settled.replace(SOCKET_URL, r#"\"url\":\""#)
}

#[tokio::test]
async fn every_event_gets_the_answer_in_its_answer_file() {
    let template = Template::parse(TEMPLATE).unwrap();
    let system = System::start().await;
    let mut binaries = BTreeSet::new();
    for folder in entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")) {
        let binary = folder.file_name().unwrap().to_str().unwrap().to_owned();
        // The first authorizer: the events are those of the customer-service product.
        let id = &template.functions.iter().find(|function| function.binary == binary).unwrap().id;
        let (mut successes, mut failures) = (0, 0);
        for path in entries(&folder).filter(|path| !path.to_str().unwrap().ends_with(".answer.json")) {
            let expected = read(&path.with_extension("answer.json"));
            let answer = match system.invoke(id, read(&path).to_string()).await {
                Ok(answer) => serde_json::from_str(&settled(&answer)).unwrap(),
                Err(FunctionError::Returned(error)) => serde_json::to_value(error).unwrap(),
                Err(error) => panic!("{}: {error}", path.display()),
            };
            assert_eq!(answer, expected, "{}", path.display());
            let denies = expected["policyDocument"]["Statement"][0]["Effect"] == "Deny";
            let refuses = expected["statusCode"].as_u64().is_some_and(|status| status >= 400);
            let fails = denies || refuses || expected.get("errorType").is_some();
            *(if fails { &mut failures } else { &mut successes }) += 1;
        }
        // The answer of a function that no caller waits for says nothing of a failure.
        let has_failures = failures > 0 || binary.ends_with("-events") || binary == "notify-users";
        assert!(successes > 0 && has_failures, "{binary}: a success and a failure at least");
        binaries.insert(binary);
    }
    assert_eq!(binaries, template.functions.iter().map(|function| function.binary.clone()).collect());
}
