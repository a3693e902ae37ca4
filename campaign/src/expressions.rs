//! Mutations of the store's expressions. A source-level tool does not change the text of a condition, so that the tests' proxy
//! changes it on its way to DynamoDB. Each mutant must fail one of the tests that send its statement.

mod mutants;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::{Value, json};
use tests::expressions::{MUTANT, RECORD};

use mutants::mutants;

/// The longest run of the tests of a mutant. A condition that never holds may make a test wait.
const LONGEST_RUN: Duration = Duration::from_mins(3);

/// Change each expression of the store, and expect a test to fail.
#[derive(Args)]
pub struct Expressions {
    /// Only mutants whose description contains this text, or one of several.
    #[arg(long)]
    filter: Vec<String>,
    /// The recorded statements of an earlier run, instead of a run of all tests.
    #[arg(long)]
    recorded: Option<PathBuf>,
}

/// The recorded statements, relative to the workspace.
const RECORDED: &str = "target/expressions";

/// The end of the tests of a mutant.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Failed(String),
    TooSlow,
    Passed,
}

impl Expressions {
    /// Runs the tests for each mutant, with the build of the workspace.
    ///
    /// # Errors
    /// A mutant survives, or the tests do not run.
    pub fn run(self) -> io::Result<()> {
        let started = Instant::now();
        let tests = contract_tests()?;
        let statements = match &self.recorded {
            Some(recorded) => statements(&fs::read_to_string(recorded)?, &BTreeSet::new())?,
            None => record(&tests)?,
        };
        println!("{} statements, recorded in {:?}", statements.len(), started.elapsed());
        let (mut caught, mut survivors) = (0, Vec::new());
        let mut statements: Vec<_> = statements.iter().collect();
        // The fastest first.
        statements.sort_by_key(|(_, senders)| senders.len());
        for (statement, senders) in statements {
            for mutant in mutants(statement) {
                let description = format!("{statement}: {}", mutant.change);
                if !self.is_meant(&description) {
                    continue;
                }
                let end =
                    run_tests(&tests, senders, &json!({"from": mutant.original, "to": mutant.statement}))?;
                println!("{end:?}: {description}");
                match end {
                    End::Failed(_) | End::TooSlow => caught += 1,
                    End::Passed => survivors.push(description),
                }
            }
        }
        println!("{caught} caught, {} survivors, {:?}", survivors.len(), started.elapsed());
        if survivors.is_empty() { Ok(()) } else { Err(io::Error::other(survivors.join("\n"))) }
    }

    fn is_meant(&self, description: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|filter| description.contains(filter))
    }
}

/// The binary of `tests/contract`.
fn contract_tests() -> io::Result<PathBuf> {
    let build =
        ["test", "--workspace", "--locked", "--test", "contract", "--no-run", "--message-format", "json"];
    let output = Command::new("cargo").args(build).stderr(Stdio::inherit()).output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message.pointer("/target/name").is_some_and(|name| name == "contract"))
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .ok_or_else(|| io::Error::other("the contract's tests do not build"))
}

/// Runs all tests, and returns the statements, each with the tests that send it.
fn record(tests: &Path) -> io::Result<BTreeMap<String, BTreeSet<String>>> {
    let file = std::env::current_dir()?.join(RECORDED);
    if file.exists() {
        fs::remove_file(&file)?;
    }
    let output = command(tests, &[]).env(RECORD, &file).stdout(Stdio::piped()).output()?;
    let output = String::from_utf8_lossy(&output.stdout);
    // A busy machine may fail a test of time. It says nothing about a mutant.
    let failed: BTreeSet<&str> = output.lines().filter_map(failed_test).collect();
    println!("fail without a mutant: {failed:?}");
    statements(&fs::read_to_string(&file)?, &failed)
}

/// The statements of a recording, each with the tests that send it and are not among `failed`.
fn statements(recorded: &str, failed: &BTreeSet<&str>) -> io::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut statements: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in recorded.lines() {
        let line: Value = serde_json::from_str(line)?;
        let test = line.get("test").and_then(Value::as_str).unwrap_or_default();
        let statement = line.get("statement").map(Value::to_string).unwrap_or_default();
        let senders = statements.entry(statement).or_default();
        // A test with threads of its own sends from threads with other names.
        if test.contains("::") && !failed.contains(test) {
            senders.insert(test.to_owned());
        }
    }
    Ok(statements)
}

/// The tests with these names; all if there are none.
fn command(tests: &Path, names: &[&str]) -> Command {
    let mut command = Command::new(tests);
    command.args(names).args(["--exact", "--test-threads", "2"]).current_dir("tests");
    if names.is_empty() {
        command = Command::new(tests);
        command.current_dir("tests");
    }
    command.stderr(Stdio::null()).stdout(Stdio::null());
    command
}

/// Runs the tests that send the mutant's statement, up to the first that fails.
fn run_tests(tests: &Path, senders: &BTreeSet<String>, mutant: &Value) -> io::Result<End> {
    let names: Vec<_> = senders.iter().map(String::as_str).collect();
    let mut child = command(tests, &names).env(MUTANT, mutant.to_string()).stdout(Stdio::piped()).spawn()?;
    let (sender, lines) = mpsc::channel();
    let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
    let reader = thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let end = first_failure(&lines);
    stop(&mut child)?;
    drop(lines);
    reader.join().map_err(|_| io::Error::other("the output cannot be read"))?;
    Ok(end)
}

/// The name of the test that a line reports as failed.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

fn first_failure(lines: &mpsc::Receiver<String>) -> End {
    let deadline = Instant::now() + LONGEST_RUN;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(test) = failed_test(&line) {
                    return End::Failed(test.to_owned());
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => return End::TooSlow,
            Err(mpsc::RecvTimeoutError::Disconnected) => return End::Passed,
        }
    }
}

fn stop(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(|_| ())
}
