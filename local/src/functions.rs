//! The functions of the template, in this process, invoked as Lambda invokes them: JSON in, JSON out.

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use api::{Clock, Environment, EnvironmentError};
use lambda_http::{Adapter, Body, Response, request::LambdaRequest, service_fn, tower::Service};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::Serialize;
use store::Client;
use thiserror::Error;
use uuid::Uuid;

use crate::template::Template;

/// The greatest event and the greatest answer of a function, in bytes.
pub const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// What a function makes of an event: an answer in JSON, or an error.
pub type Outcome = Result<String, FunctionError>;

/// A function's code.
pub type Code = Arc<dyn Fn(String, Context) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// An invocation that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FunctionError {
    /// The function returned an error.
    #[error("{}", .0.error_message)]
    Returned(Diagnostic),
    /// The function panicked, or was ended.
    #[error("the function crashed")]
    Crashed,
    /// The function took longer than the template allows.
    #[error("the function timed out")]
    TimedOut,
    /// The event is larger than Lambda takes.
    #[error("the event is too large")]
    EventTooLarge,
    /// The answer is larger than Lambda takes.
    #[error("the answer is too large")]
    AnswerTooLarge,
}

/// The template names a function that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StartError {
    /// No such binary is part of this process.
    #[error("function {function} runs the binary {binary}, which is not known here")]
    UnknownBinary {
        /// The function's logical id.
        function: String,
        /// The binary.
        binary: String,
    },
    /// The function does not start with the environment the template gives it.
    #[error("function {function} does not start: {error}")]
    Environment {
        /// The function's logical id.
        function: String,
        /// What is wrong with it.
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
    /// [`StartError`] for a function that is not known here, or that its environment does not suit.
    pub fn start(template: &Template, client: &Client, clock: &Clock) -> Result<Self, StartError> {
        let start = |function: &crate::template::FunctionSpec| {
            let code = code(&function.binary, &function.environment, client, clock)
                .map_err(|error| StartError::Environment { function: function.id.clone(), error })?
                .ok_or_else(|| StartError::UnknownBinary {
                    function: function.id.clone(),
                    binary: function.binary.clone(),
                })?;
            Ok((function.id.clone(), Function { code, timeout: function.timeout }))
        };
        template.functions.iter().map(start).collect::<Result<_, _>>().map(Self)
    }

    /// Puts other code in the place of the function `id`.
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
    /// [`FunctionError`] if there is no answer.
    pub async fn invoke(&self, id: &str, event: String) -> Outcome {
        let function = self.0.get(id).ok_or(FunctionError::Crashed)?;
        if event.len() > PAYLOAD_LIMIT {
            return Err(FunctionError::EventTooLarge);
        }
        // In a task of its own, so that a panic ends the invocation and not the connection.
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

/// The code of a binary; `None` if no such binary is part of this process.
fn code(
    binary: &str,
    environment: &Environment,
    client: &Client,
    clock: &Clock,
) -> Result<Option<Code>, EnvironmentError> {
    /// The code of a function behind an API, by the name of its crate.
    macro_rules! http_function {
        ($function:ident) => {{
            let deps = Arc::new($function::Deps::new(environment, client.clone(), clock.clone())?);
            http_code(move |event| {
                let deps = Arc::clone(&deps);
                async move { $function::respond(&deps, event).await }
            })
        }};
    }
    Ok(Some(match binary {
        "authorizer" => authorizer_code(authorizer::Deps::new(environment, client.clone(), clock.clone())?),
        "acknowledge-messages" => http_function!(acknowledge_messages),
        "get-chat-messages" => http_function!(get_chat_messages),
        "get-chatlog" => http_function!(get_chatlog),
        "get-pending-messages" => http_function!(get_pending_messages),
        "get-push-status" => http_function!(get_push_status),
        "get-user-info" => http_function!(get_user_info),
        "issue-token" => http_function!(issue_token),
        "log-in-user" => http_function!(log_in_user),
        "push-message" => http_function!(push_message),
        "recall-message" => http_function!(recall_message),
        "receive-message" => http_function!(receive_message),
        "record-chatlog" => http_function!(record_chatlog),
        _ => return Ok(None),
    }))
}

/// Code that answers API Gateway's events, behind the same adapter that a deployed function runs behind.
fn http_code<R, F>(respond: R) -> Code
where
    R: Fn(lambda_http::Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    Arc::new(move |event, context| {
        let respond = respond.clone();
        Box::pin(async move {
            let payload: LambdaRequest = serde_json::from_str(&event).map_err(returned)?;
            let mut adapter = Adapter::from(service_fn(respond));
            let answer = adapter.call(LambdaEvent::new(payload, context)).await.map_err(returned)?;
            json(&answer)
        })
    })
}

fn authorizer_code(deps: authorizer::Deps) -> Code {
    let deps = Arc::new(deps);
    Arc::new(move |event, context| {
        let deps = Arc::clone(&deps);
        Box::pin(async move {
            let payload = serde_json::from_str(&event).map_err(returned)?;
            let answer = authorizer::respond(&deps, LambdaEvent::new(payload, context))
                .await
                .map_err(|error| FunctionError::Returned(error.into()))?;
            json(&answer)
        })
    })
}

fn json(answer: &impl Serialize) -> Outcome {
    serde_json::to_string(answer).map_err(returned)
}

fn returned(error: impl fmt::Display) -> FunctionError {
    FunctionError::Returned(error.to_string().into())
}
