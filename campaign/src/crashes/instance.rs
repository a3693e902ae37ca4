//! The function under attack: its release bootstrap as a process, which the system invokes as one of its functions.

use std::{
    io, mem,
    sync::{Arc, Mutex as SyncMutex},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bench::process::{Bootstrap, FunctionProcess};
use lambda_runtime::Diagnostic;
use local::functions::{Code, FunctionError, Outcome};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell, oneshot};

use crate::lock::lock;

/// The log of a process, and the invocations that it finished.
#[derive(Debug)]
pub(super) struct ProcessLog {
    pub(super) text: String,
    /// The bodies of its requests.
    pub(super) bodies: Vec<String>,
    /// For each finished invocation, whether it was a success.
    pub(super) finished: Vec<bool>,
    /// Whether the process was killed during an invocation.
    pub(super) was_interrupted: bool,
}

struct Running {
    process: FunctionProcess,
    bodies: Vec<String>,
    finished: Vec<bool>,
}

/// At most one process at a time. Each invocation without one starts one.
#[derive(Default)]
pub(super) struct Instance {
    bootstrap: OnceCell<Bootstrap>,
    running: Mutex<Option<Running>>,
    /// Ends the invocation under way.
    killer: SyncMutex<Option<oneshot::Sender<()>>>,
    ended: SyncMutex<Vec<ProcessLog>>,
}

impl Instance {
    /// The code of the function, for [`tests::Setup::replaced`].
    pub(super) fn code(self: &Arc<Self>) -> Code {
        let instance = Arc::clone(self);
        Arc::new(move |event, _| {
            let instance = Arc::clone(&instance);
            Box::pin(async move { instance.invoke(event).await })
        })
    }

    /// Sets what to run, before the first invocation.
    pub(super) fn set_bootstrap(&self, bootstrap: Bootstrap) {
        // A second call would not happen: a case sets it once.
        let _ = self.bootstrap.set(bootstrap);
    }

    /// Starts a process if none runs.
    ///
    /// # Errors
    /// It does not start. The error has its log.
    pub(super) async fn start(&self) -> io::Result<()> {
        let mut running = self.running.lock().await;
        if running.is_none() {
            *running = Some(self.started().await?);
        }
        Ok(())
    }

    async fn started(&self) -> io::Result<Running> {
        let bootstrap = self.bootstrap.get().ok_or_else(|| io::Error::other("there is nothing to run"))?;
        let process = FunctionProcess::start(bootstrap).await.map_err(|error| {
            io::Error::other(format!("{} does not start: {error}", bootstrap.path.display()))
        })?;
        Ok(Running { process, bodies: Vec::new(), finished: Vec::new() })
    }

    async fn invoke(&self, event: String) -> Outcome {
        let mut slot = self.running.lock().await;
        let mut running = match slot.take() {
            Some(running) => running,
            None => {
                self.started().await.map_err(|error| FunctionError::Returned(error.to_string().into()))?
            }
        };
        let (killer, is_killed) = oneshot::channel();
        *lock(&self.killer) = Some(killer);
        running.bodies.extend(body_of(&event));
        let event = Arc::from(event);
        let invoked = tokio::select! {
            invoked = running.process.try_invoke(&event) => invoked.ok(),
            _ = is_killed => None,
        };
        // Dropped before the lock: a kill from now on meets an idle process.
        lock(&self.killer).take();
        let Some((_, outcome)) = invoked else {
            self.end(running, true).await;
            return Err(FunctionError::Crashed);
        };
        let outcome = outcome.map_err(|error| FunctionError::Returned(diagnostic(&error)));
        running.finished.push(is_success(&outcome));
        *slot = Some(running);
        outcome
    }

    /// Kills the process, also during an invocation, which then fails.
    pub(super) async fn kill(&self) {
        let killer = lock(&self.killer).take();
        if let Some(killer) = killer {
            let _ = killer.send(());
        }
        let idle = self.running.lock().await.take();
        if let Some(running) = idle {
            self.end(running, false).await;
        }
    }

    async fn end(&self, Running { mut process, bodies, finished }: Running, was_interrupted: bool) {
        let killed = process.kill().await;
        let text = killed.and_then(|()| io::read_to_string(process.open_log()?));
        let text = text.unwrap_or_else(|error| error.to_string());
        lock(&self.ended).push(ProcessLog { text, bodies, finished, was_interrupted });
    }

    /// Ends the process and returns the logs of all processes, in the order of their ends.
    pub(super) async fn logs(&self) -> Vec<ProcessLog> {
        self.kill().await;
        mem::take(&mut *lock(&self.ended))
    }
}

/// The body of an HTTP request, decoded.
fn body_of(event: &str) -> Option<String> {
    let event: Value = serde_json::from_str(event).ok()?;
    let body = event.get("body")?.as_str()?;
    if event["isBase64Encoded"] == true {
        return String::from_utf8(BASE64_STANDARD.decode(body).ok()?).ok();
    }
    Some(body.to_owned())
}

/// The error that a function reported.
fn diagnostic(error: &str) -> Diagnostic {
    let error: Value = serde_json::from_str(error).unwrap_or_default();
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Diagnostic { error_type: text("errorType"), error_message: text("errorMessage") }
}

/// Whether an answer is a success: an HTTP status 200, a policy that allows, or any answer to an event.
fn is_success(outcome: &Outcome) -> bool {
    let Ok(answer) = outcome else { return false };
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let status = answer.pointer("/statusCode").is_none_or(|status| status == 200);
    let effect = answer.pointer("/policyDocument/Statement/0/Effect").is_none_or(|effect| effect == "Allow");
    status && effect
}
