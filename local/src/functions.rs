//! The functions of the template in this process, invoked as Lambda invokes them: JSON in, JSON out.

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use api::{
    Clock, Dependencies, Environment, EnvironmentError, Event, EventFailure, Failure, FromEvent, Product,
};
use lambda_http::{Adapter, request::LambdaRequest, service_fn, tower::Service};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use store::Client;
use thiserror::Error;
use tokio::task::{AbortHandle, JoinHandle};
use uuid::Uuid;

use crate::template::{AsyncInvocation, FunctionSpec, Template};

/// Lambda's limit of an event and of a response, in bytes.
pub const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// A response in JSON, or an error.
pub type Outcome = Result<String, FunctionError>;

pub type Code = Arc<dyn Fn(String, Context) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FunctionError {
    #[error("{}", .0.error_message)]
    Returned(Diagnostic),
    /// The function panicked, or is unknown.
    #[error("the function crashed")]
    Crashed,
    #[error("the function timed out")]
    TimedOut,
    #[error("the event is too large")]
    EventTooLarge,
    #[error("the answer is too large")]
    AnswerTooLarge,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StartError {
    #[error("function {function} runs the binary {binary}, which is not known here")]
    UnknownBinary {
        /// Logical id.
        function: String,
        binary: String,
    },
    #[error("function {function} does not start: {error}")]
    Environment {
        /// Logical id.
        function: String,
        error: EnvironmentError,
    },
}

/// The URLs in the place of AWS's.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Lambda's API.
    pub lambda: String,
    /// The WebSocket API, above `/@connections`.
    pub connections: String,
    /// The WebSocket API for browsers.
    pub socket: String,
}

impl Endpoints {
    /// Endpoints at which nobody answers.
    #[must_use]
    pub fn unreachable() -> Self {
        let nowhere = || "http://127.0.0.1:1".to_owned();
        Self { lambda: nowhere(), connections: nowhere(), socket: nowhere() }
    }
}

/// The functions of a template, by logical id.
#[derive(Clone, Default)]
pub struct Functions(HashMap<String, Function>);

#[derive(Clone)]
struct Function {
    code: Code,
    timeout: Duration,
    asynchronous: AsyncInvocation,
}

/// An invocation under way. Dropping it does not end it.
struct Invocation {
    task: JoinHandle<Outcome>,
    timeout: Duration,
}

impl Invocation {
    async fn outcome(self) -> Outcome {
        let abort = self.task.abort_handle();
        match tokio::time::timeout(self.timeout, self.task).await {
            Ok(Ok(Ok(answer))) if answer.len() > PAYLOAD_LIMIT => Err(FunctionError::AnswerTooLarge),
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(FunctionError::Crashed),
            Err(_) => {
                abort.abort();
                Err(FunctionError::TimedOut)
            }
        }
    }
}

impl Functions {
    /// Starts every function of `template` on the DynamoDB behind `client` and the other APIs at `endpoints`.
    ///
    /// # Errors
    /// [`StartError`] if a binary is unknown, or an environment variable is missing or not valid.
    pub fn start(
        template: &Template,
        client: &Client,
        endpoints: &Endpoints,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let start = |spec: &FunctionSpec| {
            let environment = environment(spec, endpoints);
            let code = code(&Start { spec, environment, client, clock })
                .map_err(|error| StartError::Environment { function: spec.id.clone(), error })?
                .ok_or_else(|| StartError::UnknownBinary {
                    function: spec.id.clone(),
                    binary: spec.binary.clone(),
                })?;
            let function = Function { code, timeout: spec.timeout, asynchronous: spec.asynchronous };
            Ok((spec.id.clone(), function))
        };
        template.functions.iter().map(start).collect::<Result<_, _>>().map(Self)
    }

    /// Replaces the code of the function `id`.
    #[must_use]
    pub fn with(mut self, id: &str, code: Code) -> Self {
        if let Some(function) = self.0.get_mut(id) {
            function.code = code;
        }
        self
    }

    /// The function `F` and no other.
    #[cfg(test)]
    pub(crate) fn of_one(id: &str, code: Code, asynchronous: AsyncInvocation) -> Self {
        let function = Function { code, timeout: Duration::from_secs(10), asynchronous };
        Self(HashMap::from([(id.to_owned(), function)]))
    }

    /// How asynchronous invocations of the function `id` are retried; `None` if there is no such function.
    pub(crate) fn asynchronous(&self, id: &str) -> Option<AsyncInvocation> {
        self.0.get(id).map(|function| function.asynchronous)
    }

    /// Invokes the function `id` with `event`, within the limits that Lambda sets. It runs to its end even if this future is
    /// dropped, as a function does whose caller hangs up.
    ///
    /// # Errors
    /// [`FunctionError`] if there is no response.
    pub async fn invoke(&self, id: &str, event: String) -> Outcome {
        self.begin(id, event)?.outcome().await
    }

    /// Like [`Self::invoke`], but the function ends when this future is dropped.
    ///
    /// # Errors
    /// [`FunctionError`] if there is no response.
    pub async fn invoke_while_awaited(&self, id: &str, event: String) -> Outcome {
        let invocation = self.begin(id, event)?;
        let _ended = AbortOnDrop(invocation.task.abort_handle());
        invocation.outcome().await
    }

    fn begin(&self, id: &str, event: String) -> Result<Invocation, FunctionError> {
        let function = self.0.get(id).ok_or(FunctionError::Crashed)?;
        if event.len() > PAYLOAD_LIMIT {
            return Err(FunctionError::EventTooLarge);
        }
        // In its own task: a panic must not end the connection.
        let task = tokio::spawn((function.code)(event, context(function.timeout)));
        Ok(Invocation { task, timeout: function.timeout })
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn context(timeout: Duration) -> Context {
    let mut context = Context::default();
    context.request_id = Uuid::new_v4().to_string();
    let deadline = (SystemTime::now() + timeout).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap_or_default();
    context
}

/// The variables of the template, but for the URLs of AWS. Webhooks reach receivers on this machine, too.
fn environment(spec: &FunctionSpec, endpoints: &Endpoints) -> Environment {
    let variables = spec.environment.variables().map(|(name, value)| {
        let value = match name {
            "LAMBDA_ENDPOINT" => &endpoints.lambda,
            "CONNECTIONS_URL" => &endpoints.connections,
            "SOCKET_URL" => &endpoints.socket,
            _ => value,
        };
        (name.to_owned(), value.to_owned())
    });
    let reach =
        (spec.binary == "deliver-events").then(|| ("WEBHOOK_REACH".to_owned(), "everywhere".to_owned()));
    variables.chain(reach).collect()
}

/// The code of a function's binary; `None` if this process has no such binary.
fn code(start: &Start) -> Result<Option<Code>, EnvironmentError> {
    Ok(Some(match start.spec.binary.as_str() {
        "authorizer" => authorizer_code(start.deps()?),
        "acknowledge-messages" => start.http_code(acknowledge_messages::handle)?,
        "deliver-events" => start.event_code(deliver_events::handle)?,
        "dispatch-events" => start.event_code(dispatch_events::handle)?,
        "get-chat-messages" => start.http_code(get_chat_messages::handle)?,
        "get-chatlog" => start.http_code(get_chatlog::handle)?,
        "get-pending-messages" => start.http_code(get_pending_messages::handle)?,
        "get-push-status" => start.http_code(get_push_status::handle)?,
        "get-user-info" => start.http_code(get_user_info::handle)?,
        "issue-ticket" => start.http_code(issue_ticket::handle)?,
        "issue-token" => start.http_code(issue_token::handle)?,
        "log-in-user" => start.http_code(log_in_user::handle)?,
        "notify-users" => start.event_code(notify_users::handle)?,
        "push-message" => start.http_code(push_message::handle)?,
        "recall-message" => start.http_code(recall_message::handle)?,
        "receive-message" => start.http_code(receive_message::handle)?,
        "record-chatlog" => start.http_code(record_chatlog::handle)?,
        "send-user-message" => start.http_code(send_user_message::handle)?,
        "socket" => start.event_code(socket::handle)?,
        "sync-messages" => start.http_code(sync_messages::handle)?,
        _ => return Ok(None),
    }))
}

/// The inputs from which a function starts.
struct Start<'a> {
    spec: &'a FunctionSpec,
    environment: Environment,
    client: &'a Client,
    clock: &'a Clock,
}

impl Start<'_> {
    fn deps<D: Dependencies>(&self) -> Result<Arc<D>, EnvironmentError> {
        D::new(&self.environment, self.client.clone(), self.clock.clone()).map(Arc::new)
    }

    /// The code of a function behind an API, in the adapter that a deployed function runs in.
    fn http_code<D, R, P, T, F>(
        &self,
        handle: impl Fn(Arc<D>, R) -> F + Copy + Send + Sync + 'static,
    ) -> Result<Code, EnvironmentError>
    where
        D: Dependencies,
        R: FromEvent + 'static,
        P: Product + 'static,
        T: Serialize + Send + 'static,
        F: Future<Output = Result<T, Failure<P>>> + Send + 'static,
    {
        let (deps, binary) = (self.deps::<D>()?, Arc::<str>::from(self.spec.binary.as_str()));
        Ok(Arc::new(move |event, context| {
            let (deps, binary) = (Arc::clone(&deps), Arc::clone(&binary));
            Box::pin(async move {
                let payload: LambdaRequest = serde_json::from_str(&event).map_err(returned)?;
                let mut adapter = Adapter::from(service_fn(move |event| {
                    let (deps, binary) = (Arc::clone(&deps), Arc::clone(&binary));
                    async move {
                        let response = api::respond(&binary, event, |request| handle(deps, request)).await;
                        Ok::<_, Infallible>(response)
                    }
                }));
                json(&adapter.call(LambdaEvent::new(payload, context)).await.map_err(returned)?)
            })
        }))
    }

    /// The code of a function that handles events.
    fn event_code<D, E, T, F>(
        &self,
        handle: impl Fn(Arc<D>, Event<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Result<Code, EnvironmentError>
    where
        D: Dependencies,
        E: DeserializeOwned + Send + 'static,
        T: Serialize + Send + 'static,
        F: Future<Output = Result<T, EventFailure>> + Send + 'static,
    {
        let (deps, binary) = (self.deps::<D>()?, Arc::<str>::from(self.spec.binary.as_str()));
        Ok(Arc::new(move |event, context| {
            let (deps, binary) = (Arc::clone(&deps), Arc::clone(&binary));
            Box::pin(async move {
                let payload: E = serde_json::from_str(&event).map_err(returned)?;
                let event = LambdaEvent::new(payload, context);
                let answer = api::process(&binary, event, |event| handle(deps, event)).await;
                json(&answer.map_err(|failure| FunctionError::Returned(failure.into()))?)
            })
        }))
    }
}

fn authorizer_code(deps: Arc<authorizer::Deps>) -> Code {
    Arc::new(move |event, context| {
        let deps = Arc::clone(&deps);
        Box::pin(async move {
            let payload = serde_json::from_str(&event).map_err(returned)?;
            let policy = authorizer::respond(deps, LambdaEvent::new(payload, context))
                .await
                .map_err(|error| FunctionError::Returned(error.into()))?;
            json(&policy)
        })
    })
}

fn json(response: &impl Serialize) -> Outcome {
    serde_json::to_string(response).map_err(returned)
}

fn returned(error: impl fmt::Display) -> FunctionError {
    FunctionError::Returned(error.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TEMPLATE;

    #[test]
    fn the_environment_is_that_of_the_template_but_for_urls_of_aws_and_the_reach_of_webhooks() {
        let url = |name: &str| format!("http://127.0.0.1:1/{name}");
        let endpoints =
            Endpoints { lambda: url("lambda"), connections: url("connections"), socket: url("socket") };
        for spec in Template::parse(TEMPLATE).unwrap().functions {
            let of_template: HashMap<_, _> = spec.environment.variables().collect();
            let here = environment(&spec, &endpoints);
            let here: HashMap<_, _> = here.variables().collect();
            let mut expected = of_template;
            for (name, url) in [
                ("LAMBDA_ENDPOINT", &endpoints.lambda),
                ("CONNECTIONS_URL", &endpoints.connections),
                ("SOCKET_URL", &endpoints.socket),
            ] {
                expected.entry(name).and_modify(|value| *value = url);
            }
            if spec.binary == "deliver-events" {
                expected.insert("WEBHOOK_REACH", "everywhere");
            }
            assert_eq!(here, expected, "{}", spec.id);
        }
    }
}
