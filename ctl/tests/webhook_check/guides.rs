//! The receivers of the partner guides.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use tests::markdown::blocks;
use tokio::task::JoinSet;

use crate::{CASES, check, printed, receiver::SECRET};

const GUIDES: [(&str, &str); 2] = [
    ("en", include_str!("../../../docs/partner-guide.md")),
    ("zh", include_str!("../../../docs/partner-guide.zh-CN.md")),
];
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A receiver of a guide, until it is dropped.
struct Program {
    process: Child,
    url: String,
}

impl Program {
    /// Starts a receiver; gives it with the lines that it prints after its URL.
    fn start(mut command: Command) -> (Self, Lines<BufReader<ChildStdout>>) {
        command.env("WEBHOOK_SECRET", SECRET).env("PORT", "0").env("PYTHONUTF8", "1");
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.next().expect("tests/guides/receivers/packages has run").unwrap();
        (Self { process, url }, lines)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn receiver_in(guide: &'static str, language: &str) -> &'static str {
    let found: Vec<_> = blocks(guide)
        .into_iter()
        .filter(|block| block.language == language && block.text.contains("WEBHOOK_SECRET"))
        .collect();
    assert_eq!(found.len(), 1);
    found[0].text
}

fn programs(folder: &Path) -> Vec<Command> {
    let root = PathBuf::from(ROOT).canonicalize().unwrap();
    // Node.js looks for packages next to the program.
    symlink(root.join("tests/guides/receivers/node_modules"), folder.join("node_modules")).unwrap();
    let python = root.join(".venv-receivers/bin/python");
    let mut commands = Vec::new();
    for (name, guide) in GUIDES {
        for (language, ending, program) in
            [("python", "py", python.as_path()), ("javascript", "mjs", Path::new("node"))]
        {
            let file = folder.join(format!("receiver.{name}.{ending}"));
            fs::write(&file, receiver_in(guide, language)).unwrap();
            let mut command = Command::new(program);
            command.arg(file);
            commands.push(command);
        }
    }
    commands
}

#[tokio::test]
#[ignore = "needs Python and Node.js with packages: make guides"]
async fn each_receiver_of_the_guides_passes_each_case_and_prints_each_message_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut checks = JoinSet::new();
    for command in programs(folder.path()) {
        checks.spawn(async move {
            let shown = format!("{command:?}");
            let (program, lines) = Program::start(command);
            // A full pipe would stop the program.
            let reader = tokio::task::spawn_blocking(move || lines.map(Result::unwrap).collect::<Vec<_>>());
            let output = check(&program.url, &["--secret", SECRET], &[]).await;
            drop(program);
            let (text, error) = printed(&output);
            assert_eq!((output.status.code(), error), (Some(0), ""), "{shown}: {text}");
            assert_eq!(text.lines().filter(|line| line.starts_with("pass ")).count(), CASES.len());
            let messages = reader.await.unwrap();
            let first: Value = serde_json::from_str(&messages[0]).unwrap();
            assert_eq!(first["text"]["content"], "您好，我想咨询一下 😀", "{shown}");
            assert_eq!(messages.len(), 109, "{shown}");
        });
    }
    checks.join_all().await;
}
