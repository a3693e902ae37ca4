//! A function as Lambda runs it: its bootstrap, in a process of its own.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use procfs::process::Process;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::{
    process::{Child, Command},
    time::Instant,
};

use crate::runtime_api::{RuntimeApi, Step, TIMEOUT};

/// What a function says in its log, each with the time it took, of opening the connection to the store.
const CONNECTING: [&str; 2] = ["set up the client of DynamoDB", "opened the connection to DynamoDB"];

/// What to run, and with which environment.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// The built binary.
    pub path: PathBuf,
    /// All the environment there is.
    pub environment: BTreeMap<String, String>,
}

/// A running function.
#[derive(Debug)]
pub struct FunctionProcess {
    api: RuntimeApi,
    child: Child,
    log: NamedTempFile,
    /// When it was spawned.
    pub spawned: Instant,
    /// When it first asked for an event.
    pub ready: Instant,
}

/// An invocation.
#[derive(Debug)]
pub struct Invocation {
    /// When the event was given.
    pub from: Instant,
    /// When the answer was there.
    pub to: Instant,
    /// The answer.
    pub answer: String,
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Its resident memory now, in bytes.
    pub rss: u64,
    /// The most resident memory it ever had, in bytes.
    pub peak_rss: u64,
    /// Processor time of its own and of the system on its behalf.
    pub cpu: Duration,
}

impl FunctionProcess {
    /// Starts a function and waits until it asks for its first event.
    ///
    /// # Errors
    /// That it does not start.
    pub async fn start(bootstrap: &Bootstrap) -> io::Result<Self> {
        let mut api = RuntimeApi::start().await?;
        let log = NamedTempFile::new()?;
        let mut command = Command::new(&bootstrap.path);
        command
            .env_clear()
            .envs(&bootstrap.environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::from(log.reopen()?))
            .kill_on_drop(true);
        let spawned = Instant::now();
        let mut child = command.spawn()?;
        match step(&mut api, &mut child).await? {
            Step::Asks(ready) => Ok(Self { api, child, log, spawned, ready }),
            other => Err(unexpected(&other)),
        }
    }

    /// How long it took at its start to open the connection to the store: reading the certificates to trust, looking up the
    /// name, connecting, and having the warm-up answered; what the function's own log says. Nothing if it has no store.
    ///
    /// # Errors
    /// That the log cannot be read.
    pub fn connection(&self) -> io::Result<Duration> {
        let mut micros = 0;
        for line in BufReader::new(self.log.reopen()?).lines() {
            let line: Value = serde_json::from_str(&line?).unwrap_or_default();
            let field = |name: &str| line.get(name).and_then(Value::as_str);
            if field("message").is_some_and(|message| CONNECTING.contains(&message)) {
                micros += field("micros").and_then(|micros| micros.parse::<u64>().ok()).unwrap_or_default();
            }
        }
        Ok(Duration::from_micros(micros))
    }

    /// Has it answer an event, and waits until it asks for the next.
    ///
    /// # Errors
    /// That it fails, or ends.
    pub async fn invoke(&mut self, event: &Arc<str>) -> io::Result<Invocation> {
        let from = Instant::now();
        let (to, outcome) = self.try_invoke(event).await?;
        Ok(Invocation { from, to, answer: outcome.map_err(io::Error::other)? })
    }

    /// Has it answer an event, or say that it failed to, and waits until it asks for the next. Says when the answer or the
    /// error was there.
    ///
    /// # Errors
    /// That it ends.
    pub async fn try_invoke(&mut self, event: &Arc<str>) -> io::Result<(Instant, Result<String, String>)> {
        self.api.give(Arc::clone(event));
        let outcome = match step(&mut self.api, &mut self.child).await? {
            Step::Answered(at, answer) => (at, Ok(answer)),
            Step::Failed(at, error) => (at, Err(error)),
            other @ Step::Asks(_) => return Err(unexpected(&other)),
        };
        match step(&mut self.api, &mut self.child).await? {
            Step::Asks(_) => Ok(outcome),
            other => Err(unexpected(&other)),
        }
    }

    /// Its process id.
    ///
    /// # Errors
    /// It has ended.
    pub fn id(&self) -> io::Result<u32> {
        self.child.id().ok_or_else(|| io::Error::other("a function ended"))
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// That the system does not tell.
    pub fn usage(&self) -> io::Result<Usage> {
        let id = i32::try_from(self.id()?).map_err(io::Error::other)?;
        let process = Process::new(id).map_err(io::Error::other)?;
        let status = process.status().map_err(io::Error::other)?;
        let kibibytes = |field: Option<u64>| field.unwrap_or_default() * 1024;
        let mut cpu_nanos = 0;
        // By thread, since what a process has of its own counts ticks of 10 ms.
        for task in process.tasks().map_err(io::Error::other)? {
            let task = task.and_then(|task| task.schedstat()).map_err(io::Error::other)?;
            cpu_nanos += task.sum_exec_runtime;
        }
        Ok(Usage {
            rss: kibibytes(status.vmrss),
            peak_rss: kibibytes(status.vmhwm),
            cpu: Duration::from_nanos(cpu_nanos),
        })
    }

    /// Ends it.
    ///
    /// # Errors
    /// That it cannot be ended.
    pub async fn end(mut self) -> io::Result<()> {
        self.child.kill().await
    }
}

/// What a process does next; an error if it ends.
async fn step(api: &mut RuntimeApi, child: &mut Child) -> io::Result<Step> {
    tokio::select! {
        step = api.step() => step.ok_or_else(|| io::Error::other("the Runtime API has ended")),
        status = child.wait() => Err(io::Error::other(format!("a function ended: {}", status?))),
        () = tokio::time::sleep(TIMEOUT) => Err(io::Error::other("a function took longer than Lambda lets it")),
    }
}

fn unexpected(step: &Step) -> io::Error {
    io::Error::other(format!("a function does what Lambda does not expect: {step:?}"))
}
