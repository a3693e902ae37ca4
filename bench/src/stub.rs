//! DynamoDB, as far as a benchmark needs it: over TLS, it answers each request with what a real one once answered to the
//! same, after a constant time.

use std::{
    collections::HashMap,
    io, mem,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::certificate::Certificate;

/// What DynamoDB says when it fails.
const FAILURE: Bytes = Bytes::from_static(
    br#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"an outage"}"#,
);

/// When the stub had a request: from when it was read until its answer was ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// When the request was there.
    pub from: Instant,
    /// When the answer was.
    pub to: Instant,
}

/// The stub.
#[derive(Clone)]
pub struct Stub {
    /// Where it listens.
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    certificate: Certificate,
    upstream: String,
    client: reqwest::Client,
    /// What was answered, by what was asked.
    answers: Mutex<HashMap<String, (StatusCode, Bytes)>>,
    latency_micros: AtomicU64,
    learns: AtomicBool,
    fails: AtomicBool,
    reached: AtomicU64,
    visits: Mutex<Vec<Visit>>,
}

impl Stub {
    /// Starts a stub that learns its answers from the DynamoDB at `upstream`, until it is told that it knows enough.
    ///
    /// # Errors
    /// That it cannot listen.
    pub async fn start(upstream: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let shared = Arc::new(Shared {
            certificate: Certificate::make()?,
            upstream: upstream.to_owned(),
            client: reqwest::Client::new(),
            answers: Mutex::default(),
            latency_micros: AtomicU64::new(0),
            learns: AtomicBool::new(true),
            fails: AtomicBool::new(false),
            reached: AtomicU64::new(0),
            visits: Mutex::default(),
        });
        // By name, as DynamoDB is called: looking it up is part of opening a connection.
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { url, shared })
    }

    /// The certificates that a client is to trust, in one file.
    #[must_use]
    pub fn bundle(&self) -> &Path {
        &self.shared.certificate.bundle
    }

    /// From now on, what has been asked before is answered as it was then.
    pub fn stop_learning(&self) {
        self.shared.learns.store(false, Ordering::Relaxed);
    }

    /// The time that each answer takes from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.latency_micros.store(micros(latency), Ordering::Relaxed);
    }

    /// Whether it answers 500 from now on, whatever it is asked.
    pub fn set_failing(&self, fails: bool) {
        self.shared.fails.store(fails, Ordering::Relaxed);
        self.shared.reached.store(0, Ordering::Relaxed);
    }

    /// How many requests have come since the stub was told whether to fail.
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.shared.reached.load(Ordering::Relaxed)
    }

    /// Forgets the visits.
    pub fn forget(&self) {
        drop(self.visits());
    }

    /// The visits since it last forgot or told them.
    #[must_use]
    pub fn visits(&self) -> Vec<Visit> {
        mem::take(&mut *self.shared.visits.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let prompt = stream.set_nodelay(true);
    let accepted = shared.certificate.acceptor.accept(stream).await;
    if let (Ok(()), Ok(stream)) = (prompt, accepted) {
        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
        // The client ends it, by ending.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let from = Instant::now();
    shared.reached.fetch_add(1, Ordering::Relaxed);
    let question = fingerprint(header(&head.headers, "x-amz-target"), &body);
    let known = shared.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&question).cloned();
    let (status, answer) = match known {
        _ if shared.fails.load(Ordering::Relaxed) => (StatusCode::INTERNAL_SERVER_ERROR, FAILURE),
        _ if shared.learns.load(Ordering::Relaxed) => shared.learn(question, &head.headers, body).await?,
        Some(answer) => answer,
        None => return Err(io::Error::other(format!("nobody asked before: {question}"))),
    };
    wait_until(from + Duration::from_micros(shared.latency_micros.load(Ordering::Relaxed))).await?;
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Full::new(answer))
        .map_err(io::Error::other)?;
    shared.visits.lock().unwrap_or_else(PoisonError::into_inner).push(Visit { from, to: Instant::now() });
    Ok(response)
}

impl Shared {
    /// Asks the real one and remembers its answer. A success replaces a refusal: a warm-up's condition does not hold, which
    /// says nothing of the next write.
    async fn learn(
        &self,
        question: String,
        headers: &HeaderMap,
        body: Bytes,
    ) -> io::Result<(StatusCode, Bytes)> {
        let mut request = self.client.post(&self.upstream).body(body);
        for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
            request = request.header(name, header(headers, name));
        }
        let answer = request.send().await.map_err(io::Error::other)?;
        let status = answer.status();
        let answer = answer.bytes().await.map_err(io::Error::other)?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers.entry(question).or_insert_with(|| (status, answer.clone()));
        if status.is_success() {
            *known = (status, answer.clone());
        }
        drop(answers);
        Ok((status, answer))
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What is asked, without what is another each time. A read is what it reads: the partition, of the sort key the part
/// before its first `#`, since what follows may be a moment, and the place that a query goes on after. A write is as good as
/// another.
fn fingerprint(target: &str, body: &[u8]) -> String {
    let operation = target.rsplit('.').next().unwrap_or_default();
    let asked: Value = match operation {
        "GetItem" | "Query" | "BatchGetItem" => serde_json::from_slice(body).unwrap_or_default(),
        _ => Value::Null,
    };
    let string = |pointer: &str| asked.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = |pointer: &str| string(pointer).split('#').next().unwrap_or_default();
    match operation {
        "GetItem" => format!("{operation} {} {}", string("/Key/pk/S"), kind("/Key/sk/S")),
        "Query" => format!(
            "{operation} {} {} {}",
            string("/ExpressionAttributeValues/:partition/S"),
            kind("/ExpressionAttributeValues/:from/S"),
            string("/ExclusiveStartKey/sk/S")
        ),
        "BatchGetItem" => {
            let tables = asked.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
            let keys = tables.filter_map(|(_, asked)| asked.get("Keys")?.as_array()).flatten();
            format!("{operation} {:?}", keys.filter_map(|key| key.pointer("/pk/S")).collect::<Vec<_>>())
        }
        _ => operation.to_owned(),
    }
}

/// Sleeps as exactly as the system can: a timer of tokio counts whole milliseconds.
async fn wait_until(moment: Instant) -> io::Result<()> {
    let left = moment.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(());
    }
    tokio::task::spawn_blocking(move || std::thread::sleep(left)).await.map_err(io::Error::other)
}

/// A port of this machine at which nobody listens.
///
/// # Errors
/// That there is none.
pub async fn nobody() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(format!("https://localhost:{}", listener.local_addr()?.port()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fingerprint;

    fn asked(operation: &str, body: &serde_json::Value) -> String {
        fingerprint(&format!("DynamoDB_20120810.{operation}"), body.to_string().as_bytes())
    }

    #[test]
    fn a_read_is_its_partition_and_the_kind_of_its_sort_key() {
        let get = |pk: &str, sk: &str| asked("GetItem", &json!({"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}));
        assert_eq!(get("a", "MINUTE#1"), get("a", "MINUTE#2"));
        assert_ne!(get("a", "MINUTE#1"), get("b", "MINUTE#1"));
        assert_ne!(get("a", "MINUTE#1"), get("a", "STATE"));
        let query = |pk: &str, from: &str| {
            asked(
                "Query",
                &json!({"ExpressionAttributeValues": {":partition": {"S": pk}, ":from": {"S": from}}}),
            )
        };
        assert_eq!(query("a", "MSG#1"), query("a", "MSG#2"));
        assert_ne!(query("a", "MSG#1"), query("a", "EVENT#1"));
        let after = |sk: &str| {
            asked(
                "Query",
                &json!({"ExpressionAttributeValues": {":partition": {"S": "a"}}, "ExclusiveStartKey": {"sk": {"S": sk}}}),
            )
        };
        assert_ne!(after("1#a"), after("1#b"));
        let batch =
            |pk: &str| asked("BatchGetItem", &json!({"RequestItems": {"t": {"Keys": [{"pk": {"S": pk}}]}}}));
        assert_ne!(batch("a"), batch("b"));
    }

    #[test]
    fn a_write_is_as_good_as_another() {
        assert_eq!(asked("PutItem", &json!({"Item": 1})), asked("PutItem", &json!({"Item": 2})));
    }
}
