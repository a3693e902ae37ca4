//! The Lambda Runtime API for one process of a function: what it polls for events and gives its answers to.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::Instant,
};

/// For how long an invocation may take, as the template says.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of an answer, 6 MB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// What a process does, as the Runtime API sees it.
#[derive(Debug)]
pub enum Step {
    /// It asks for an event.
    Asks(Instant),
    /// It has answered an event.
    Answered(Instant, String),
    /// It says that it failed.
    Failed(Instant, String),
}

/// The Runtime API for one process.
#[derive(Debug)]
pub struct RuntimeApi {
    /// Where it listens.
    pub address: SocketAddr,
    events: mpsc::UnboundedSender<Arc<str>>,
    steps: mpsc::UnboundedReceiver<Step>,
    server: JoinHandle<()>,
}

struct Shared {
    events: Mutex<mpsc::UnboundedReceiver<Arc<str>>>,
    steps: mpsc::UnboundedSender<Step>,
}

impl RuntimeApi {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// That there is none.
    pub async fn start() -> io::Result<Self> {
        let (events, to_give) = mpsc::unbounded_channel();
        let (taken, steps) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .route("/2018-06-01/runtime/init/error", post(failure))
            .layer(DefaultBodyLimit::max(LARGEST_ANSWER))
            .with_state(Arc::new(Shared { events: Mutex::new(to_give), steps: taken }));
        let server = tokio::spawn(async move {
            // It ends with the process that it serves.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, events, steps, server })
    }

    /// Gives the process an event.
    pub fn give(&self, event: Arc<str>) {
        // A process that is gone is noticed by the next step.
        let _ = self.events.send(event);
    }

    /// The process's next step.
    pub async fn step(&mut self) -> Option<Step> {
        self.steps.recv().await
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Result<(HeaderMap, String), StatusCode> {
    let _ = shared.steps.send(Step::Asks(Instant::now()));
    let event = shared.events.lock().await.recv().await.ok_or(StatusCode::GONE)?;
    let deadline = (SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + TIMEOUT).as_millis();
    let headers = [
        ("lambda-runtime-aws-request-id", HeaderValue::from_static("8476a536-e9f4-11e8-9739-2dfe598c3fcd")),
        (
            "lambda-runtime-deadline-ms",
            HeaderValue::from_str(&deadline.to_string()).map_err(|_| StatusCode::GONE)?,
        ),
        (
            "lambda-runtime-invoked-function-arn",
            HeaderValue::from_static("arn:aws:lambda:us-east-1:123456789012:function:bench"),
        ),
        ("content-type", HeaderValue::from_static("application/json")),
    ];
    Ok((
        headers.map(|(name, value)| (HeaderName::from_static(name), value)).into_iter().collect(),
        event.to_string(),
    ))
}

async fn response(State(shared): State<Arc<Shared>>, answer: String) -> StatusCode {
    let _ = shared.steps.send(Step::Answered(Instant::now(), answer));
    StatusCode::ACCEPTED
}

async fn failure(State(shared): State<Arc<Shared>>, error: String) -> StatusCode {
    let _ = shared.steps.send(Step::Failed(Instant::now(), error));
    StatusCode::ACCEPTED
}
