//! The Lambda Runtime API for one process of a function, which polls it for events and posts its answers to it.

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

/// The timeout of an invocation, as in the template.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The limit of an answer, 6 MB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// A request of the process, with the time of its arrival.
#[derive(Debug)]
pub enum Step {
    /// A request for the next event.
    Asks(Instant),
    /// The answer to an event.
    Answered(Instant, String),
    /// The error of an invocation or of the init.
    Failed(Instant, String),
}

#[derive(Debug)]
pub struct RuntimeApi {
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
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port is free.
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
            // `drop` aborts the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, events, steps, server })
    }

    pub fn give(&self, event: Arc<str>) {
        // An error means that the server has ended, which the next `step` reports.
        let _ = self.events.send(event);
    }

    /// Waits for the next request of the process.
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
