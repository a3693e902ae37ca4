//! A stub of DynamoDB for the benchmark: over TLS, it replays the recorded answer of a real DynamoDB to each request, after a
//! constant latency.

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

/// The answer to every request while the stub fails.
const FAILURE: Bytes = Bytes::from_static(
    br#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"an outage"}"#,
);

/// The time of one request at the stub.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// The time when the request was read.
    pub from: Instant,
    /// The time when the answer was ready to be written.
    pub to: Instant,
}

#[derive(Clone)]
pub struct Stub {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    certificate: Certificate,
    upstream: String,
    client: reqwest::Client,
    /// Recorded answers, by the request's [`fingerprint`].
    answers: Mutex<HashMap<String, (StatusCode, Bytes)>>,
    latency_micros: AtomicU64,
    learns: AtomicBool,
    fails: AtomicBool,
    reached: AtomicU64,
    visits: Mutex<Vec<Visit>>,
}

impl Stub {
    /// Starts a stub that records the answers of the DynamoDB at `upstream`, until [`stop_learning`](Self::stop_learning).
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
        // A name, as for DynamoDB: the look-up is part of opening a connection.
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { url, shared })
    }

    /// The file of certificates that a client must trust.
    #[must_use]
    pub fn bundle(&self) -> &Path {
        &self.shared.certificate.bundle
    }

    /// Switches to replay: a request without a recorded answer fails from now on.
    pub fn stop_learning(&self) {
        self.shared.learns.store(false, Ordering::Relaxed);
    }

    /// Sets the latency of all later answers.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.latency_micros.store(micros(latency), Ordering::Relaxed);
    }

    /// Switches the answer 500 to every request on or off, and resets [`reached`](Self::reached).
    pub fn set_failing(&self, fails: bool) {
        self.shared.fails.store(fails, Ordering::Relaxed);
        self.shared.reached.store(0, Ordering::Relaxed);
    }

    /// The number of requests since the last call of [`set_failing`](Self::set_failing).
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.shared.reached.load(Ordering::Relaxed)
    }

    /// Discards the visits so far.
    pub fn forget(&self) {
        drop(self.visits());
    }

    /// Takes the visits since the last call of this or of [`forget`](Self::forget).
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
        // The connection ends with the client's process.
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
    /// Forwards a request to the real DynamoDB and records its answer. A success replaces a recorded error: a warm-up's
    /// conditional write always fails, and has the fingerprint of later writes that succeed.
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

/// The key of a request's recorded answer, without the parts that differ on each call. A read has its partition key, the part
/// of its sort key before the first `#` (a timestamp may follow), and the exclusive start key of a query. All writes of one
/// operation share a key.
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

/// Sleeps in a blocking thread, since tokio's timers have a resolution of 1 ms.
async fn wait_until(moment: Instant) -> io::Result<()> {
    let left = moment.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(());
    }
    tokio::task::spawn_blocking(move || std::thread::sleep(left)).await.map_err(io::Error::other)
}

/// The URL of a local port on which no server listens.
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
