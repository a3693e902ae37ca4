//! Pools of the functions' release processes, which scale as on Lambda: a process answers one request at a time, and a request
//! starts a new process if all are busy.

mod cache;
mod tally;

use std::{
    fs::File,
    io::{self, Read},
    mem,
    path::Path,
    sync::{Arc, Mutex},
};

use bench::{
    environment,
    process::{Bootstrap, FunctionProcess},
};
use local::{
    functions::{Code, FunctionError, Functions, Outcome},
    template::{FunctionSpec, Template},
};
use serde_json::Value;
use tokio::time::Instant;

use crate::lock::lock;
use cache::AuthorizerCache;
use tally::{AUTHORIZER, Answer};
pub(crate) use tally::{Interval, Tally};

/// The pools of all functions.
pub(crate) struct Pools {
    pools: Vec<Arc<Pool>>,
    pub(crate) tally: Arc<Tally>,
}

/// The processes of one function.
struct Pool {
    binary: String,
    bootstrap: Bootstrap,
    idle: Mutex<Vec<Worker>>,
    tally: Arc<Tally>,
}

struct Worker {
    process: FunctionProcess,
    id: u32,
    /// Read up to the last answer.
    log: File,
}

/// Replaces the functions behind the APIs, and their authorizers, with pools of the bootstraps of `build`. The store of the processes
/// is DynamoDB at the URL `endpoint`.
///
/// # Errors
/// A bootstrap is missing.
pub(crate) fn replace(
    mut functions: Functions,
    template: &Template,
    build: &Path,
    endpoint: &str,
) -> io::Result<(Functions, Pools)> {
    let mut pools = Pools { pools: Vec::new(), tally: Arc::default() };
    for spec in template.functions.iter().filter(|spec| is_behind_an_api(template, spec)) {
        let path = build.join(&spec.binary).join("bootstrap");
        if !path.exists() {
            return Err(io::Error::other(format!("{} is missing: run deploy/build", path.display())));
        }
        let mut environment = environment::of_spec(spec, endpoint);
        environment.insert("LOG_LEVEL".to_owned(), "info".to_owned());
        let pool = Arc::new(Pool {
            binary: spec.binary.clone(),
            bootstrap: Bootstrap { path, environment },
            idle: Mutex::default(),
            tally: Arc::clone(&pools.tally),
        });
        pools.pools.push(Arc::clone(&pool));
        let code =
            if spec.binary == AUTHORIZER { AuthorizerCache::before(code_of(pool)) } else { code_of(pool) };
        functions = functions.with(&spec.id, code);
    }
    Ok((functions, pools))
}

fn is_behind_an_api(template: &Template, spec: &FunctionSpec) -> bool {
    template.apis.iter().any(|api| {
        let authorizes = api.authorizer.as_ref().is_some_and(|authorizer| authorizer.function == spec.id);
        authorizes || api.routes.iter().any(|route| route.function == spec.id)
    })
}

fn code_of(pool: Arc<Pool>) -> Code {
    Arc::new(move |event, _| {
        let pool = Arc::clone(&pool);
        Box::pin(async move { pool.invoke(event).await })
    })
}

impl Pools {
    /// Ends all processes. None may be in a call.
    pub(crate) async fn end(self) -> io::Result<()> {
        for pool in self.pools {
            let idle = mem::take(&mut *lock(&pool.idle));
            for worker in idle {
                worker.process.end().await?;
            }
        }
        Ok(())
    }
}

impl Pool {
    async fn invoke(&self, event: String) -> Outcome {
        let idle = lock(&self.idle).pop();
        let worker = match idle {
            Some(worker) => Ok(worker),
            None => self.start().await,
        };
        match self.invoke_in(worker, event).await {
            Ok(outcome) => outcome,
            Err(error) => {
                self.tally.lose(format!("{}: {error}", self.binary));
                Err(FunctionError::Crashed)
            }
        }
    }

    async fn start(&self) -> io::Result<Worker> {
        let process = FunctionProcess::start(&self.bootstrap).await?;
        let (id, log) = (process.id()?, process.open_log()?);
        self.tally.start(id, &self.binary);
        Ok(Worker { process, id, log })
    }

    async fn invoke_in(&self, worker: io::Result<Worker>, event: String) -> io::Result<Outcome> {
        let mut worker = worker?;
        let from = Instant::now();
        let (to, outcome) = worker.process.try_invoke(&event.into()).await?;
        let answer = Answer {
            took: to - from,
            store_retries: worker.new_store_retries()?,
            is_error: outcome.is_err(),
        };
        self.tally.answer(worker.id, &self.binary, &answer);
        lock(&self.idle).push(worker);
        Ok(outcome.map_err(|error| FunctionError::Returned(message(&error).into())))
    }
}

impl Worker {
    /// The retries that the log lines since the last call report.
    fn new_store_retries(&mut self) -> io::Result<u64> {
        let mut lines = String::new();
        self.log.read_to_string(&mut lines)?;
        let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(lines.filter_map(|line| line.get("store_retries")?.as_u64()).sum())
    }
}

/// The message in an error that a function posted to the Runtime API.
fn message(error: &str) -> String {
    let error: Value = serde_json::from_str(error).unwrap_or_default();
    error.get("errorMessage").and_then(Value::as_str).unwrap_or_default().to_owned()
}
