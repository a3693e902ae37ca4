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

use api::{Clock, Dependencies, EnvironmentError, Event, EventFailure, Failure, FromEvent, Product};
use lambda_http::{Adapter, request::LambdaRequest, service_fn, tower::Service};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use store::Client;
use thiserror::Error;
use uuid::Uuid;

use crate::template::{FunctionSpec, Template};

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

/// The functions of a template, by logical id.
#[derive(Clone, Default)]
pub struct Functions(HashMap<String, Function>);

#[derive(Clone)]
struct Function {
    code: Code,
    timeout: Duration,
}

impl Functions {
    /// Starts every function of `template` on the DynamoDB behind `client`.
    ///
    /// # Errors
    /// [`StartError`] if a binary is unknown, or an environment variable is missing or not valid.
    pub fn start(template: &Template, client: &Client, clock: &Clock) -> Result<Self, StartError> {
        let start = |spec: &FunctionSpec| {
            let code = code(spec, client, clock)
                .map_err(|error| StartError::Environment { function: spec.id.clone(), error })?
                .ok_or_else(|| StartError::UnknownBinary {
                    function: spec.id.clone(),
                    binary: spec.binary.clone(),
                })?;
            Ok((spec.id.clone(), Function { code, timeout: spec.timeout }))
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

    /// Invokes the function `id` with `event`, within the limits that Lambda sets.
    ///
    /// # Errors
    /// [`FunctionError`] if there is no response.
    pub async fn invoke(&self, id: &str, event: String) -> Outcome {
        let function = self.0.get(id).ok_or(FunctionError::Crashed)?;
        if event.len() > PAYLOAD_LIMIT {
            return Err(FunctionError::EventTooLarge);
        }
        // In its own task: a panic must not end the connection.
        let invocation = tokio::spawn((function.code)(event, context(function.timeout)));
        let abort = invocation.abort_handle();
        match tokio::time::timeout(function.timeout, invocation).await {
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

/// The code of a function's binary; `None` if this process has no such binary.
fn code(spec: &FunctionSpec, client: &Client, clock: &Clock) -> Result<Option<Code>, EnvironmentError> {
    let start = Start { spec, client, clock };
    Ok(Some(match spec.binary.as_str() {
        "authorizer" => authorizer_code(start.deps()?),
        "acknowledge-messages" => start.http_code(acknowledge_messages::handle)?,
        "deliver-events" => start.event_code(deliver_events::handle)?,
        "dispatch-events" => start.event_code(dispatch_events::handle)?,
        "get-chat-messages" => start.http_code(get_chat_messages::handle)?,
        "get-chatlog" => start.http_code(get_chatlog::handle)?,
        "get-pending-messages" => start.http_code(get_pending_messages::handle)?,
        "get-push-status" => start.http_code(get_push_status::handle)?,
        "get-user-info" => start.http_code(get_user_info::handle)?,
        "issue-token" => start.http_code(issue_token::handle)?,
        "log-in-user" => start.http_code(log_in_user::handle)?,
        "push-message" => start.http_code(push_message::handle)?,
        "recall-message" => start.http_code(recall_message::handle)?,
        "receive-message" => start.http_code(receive_message::handle)?,
        "record-chatlog" => start.http_code(record_chatlog::handle)?,
        _ => return Ok(None),
    }))
}

/// The inputs from which a function starts.
struct Start<'a> {
    spec: &'a FunctionSpec,
    client: &'a Client,
    clock: &'a Clock,
}

impl Start<'_> {
    fn deps<D: Dependencies>(&self) -> Result<Arc<D>, EnvironmentError> {
        D::new(&self.spec.environment, self.client.clone(), self.clock.clone()).map(Arc::new)
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
