//! A function as Lambda runs it: its bootstrap in a separate process.

use std::{
    collections::BTreeMap,
    fs::File,
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

/// The log messages about the connection to the store; each has its duration in the field `micros`.
const CONNECTING: [&str; 2] = ["set up the client of DynamoDB", "opened the connection to DynamoDB"];

#[derive(Debug, Clone)]
pub struct Bootstrap {
    pub path: PathBuf,
    /// The complete environment: nothing is inherited.
    pub environment: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct FunctionProcess {
    api: RuntimeApi,
    child: Child,
    log: NamedTempFile,
    pub spawned: Instant,
    /// The time of its first request for an event.
    pub ready: Instant,
}

#[derive(Debug)]
pub struct Invocation {
    /// The time when the process received the event.
    pub from: Instant,
    /// The time when the answer arrived.
    pub to: Instant,
    pub answer: String,
}

#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Resident memory now, in bytes.
    pub rss: u64,
    /// Peak resident memory, in bytes.
    pub peak_rss: u64,
    /// CPU time in user and kernel mode, of all its live threads.
    pub cpu: Duration,
}

impl FunctionProcess {
    /// Starts a function and waits for its first request for an event.
    ///
    /// # Errors
    /// The process cannot start, its init fails, or it takes longer than [`TIMEOUT`].
    pub async fn start(bootstrap: &Bootstrap) -> io::Result<Self> {
        let mut api = RuntimeApi::start().await?;
        let log = NamedTempFile::new()?;
        // One position for both: neither overwrites the other.
        let output = log.reopen()?;
        let mut command = Command::new(&bootstrap.path);
        command
            .env_clear()
            .envs(&bootstrap.environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::from(output.try_clone()?))
            .stderr(Stdio::from(output))
            .kill_on_drop(true);
        let spawned = Instant::now();
        let mut child = command.spawn()?;
        let reason = match step(&mut api, &mut child).await {
            Ok(Step::Asks(ready)) => return Ok(Self { api, child, log, spawned, ready }),
            Ok(other) => unexpected(&other),
            Err(error) => error,
        };
        Err(io::Error::other(format!("{reason}\n{}", io::read_to_string(log.reopen()?)?)))
    }

    /// The time to open the connection to the store during the init, according to the function's log: reading the trusted
    /// certificates, the name lookup, the handshakes and the warm-up request. Zero for a function without a store.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn connection(&self) -> io::Result<Duration> {
        let mut micros = 0;
        for line in BufReader::new(self.open_log()?).lines() {
            let line: Value = serde_json::from_str(&line?).unwrap_or_default();
            let field = |name: &str| line.get(name).and_then(Value::as_str);
            if field("message").is_some_and(|message| CONNECTING.contains(&message)) {
                micros += field("micros").and_then(|micros| micros.parse::<u64>().ok()).unwrap_or_default();
            }
        }
        Ok(Duration::from_micros(micros))
    }

    /// The function's log, standard output and standard error, from its beginning.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn open_log(&self) -> io::Result<File> {
        self.log.reopen()
    }

    /// Invokes the function and waits for its request for the next event.
    ///
    /// # Errors
    /// The function reports an error, takes longer than [`TIMEOUT`], or ends.
    pub async fn invoke(&mut self, event: &Arc<str>) -> io::Result<Invocation> {
        let from = Instant::now();
        let (to, outcome) = self.try_invoke(event).await?;
        Ok(Invocation { from, to, answer: outcome.map_err(io::Error::other)? })
    }

    /// Like [`invoke`](Self::invoke), but returns the function's own error as an outcome, with the time when the answer or the
    /// error arrived.
    ///
    /// # Errors
    /// The function takes longer than [`TIMEOUT`], or ends.
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

    /// The process id.
    ///
    /// # Errors
    /// The process has ended.
    pub fn id(&self) -> io::Result<u32> {
        self.child.id().ok_or_else(|| io::Error::other("a function ended"))
    }

    /// # Errors
    /// The process has ended.
    pub fn usage(&self) -> io::Result<Usage> {
        let id = i32::try_from(self.id()?).map_err(io::Error::other)?;
        let process = Process::new(id).map_err(io::Error::other)?;
        let status = process.status().map_err(io::Error::other)?;
        let kibibytes = |field: Option<u64>| field.unwrap_or_default() * 1024;
        let mut cpu_nanos = 0;
        // Per thread, in nanoseconds: the counter of the process has ticks of 10 ms.
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

    /// # Errors
    /// The process cannot be killed.
    pub async fn end(mut self) -> io::Result<()> {
        self.kill().await
    }

    /// Sends SIGKILL, also during an invocation, and waits for the end.
    ///
    /// # Errors
    /// The process cannot be killed.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }
}

/// The next step of a process; an error if it ends or exceeds [`TIMEOUT`].
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
