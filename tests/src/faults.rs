//! A DynamoDB that fails on demand: a proxy before an embedded one. It also records the requests.

use std::{
    collections::BTreeSet,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::watch,
};

use crate::expressions;

/// The delay of a stalled request: longer than any caller waits.
const STALL: Duration = Duration::from_mins(1);
/// The time without a listener after [`Fault::Refused`].
const OUTAGE: Duration = Duration::from_millis(60);
/// The number of a request that is not recorded.
const NOT_RECORDED: usize = usize::MAX;

/// A failure of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The table has no capacity.
    Throttled,
    /// DynamoDB answers 500.
    InternalError,
    /// Half of a batch is left unprocessed; any other operation is throttled.
    Unprocessed,
    /// The connection breaks, and new ones are refused for 60 ms.
    Refused,
    /// The connection breaks before DynamoDB applies the request.
    Cut,
    /// No answer arrives.
    Stalled,
    /// DynamoDB applies the request, and the connection breaks before the answer.
    ReplyLost,
    /// A transaction is cancelled: the table has no capacity for its second item.
    TransactionThrottled,
    /// A transaction is cancelled: another one writes its second item.
    TransactionConflict,
}

impl Fault {
    /// The faults that any operation can meet.
    pub const ALL: [Self; 7] = [
        Self::Throttled,
        Self::InternalError,
        Self::Unprocessed,
        Self::Refused,
        Self::Cut,
        Self::Stalled,
        Self::ReplyLost,
    ];
}

/// A moment in the course of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// It arrived, and DynamoDB does not have it yet.
    Arrived,
    /// DynamoDB applied it, and its answer is not sent yet.
    Applied,
    /// Its answer is sent.
    Answered,
}

/// A request that reached the proxy.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The name of the operation in DynamoDB's API.
    pub operation: String,
    pub request: Value,
    /// The consumed capacity units that the answer reports.
    pub units: f64,
    /// Its place in the longest chain of requests that each arrived after the answer to the one before, counted from 1.
    pub round_trip: usize,
    reached: Moment,
}

/// The longest chain of requests that each arrived after the answer to the one before.
pub fn round_trips<'r>(recorded: impl IntoIterator<Item = &'r Recorded>) -> usize {
    recorded.into_iter().map(|recorded| recorded.round_trip).collect::<BTreeSet<_>>().len()
}

impl Recorded {
    /// Whether the request names this table. Batches and transactions name none at the top level.
    #[must_use]
    pub fn is_of(&self, table: &str) -> bool {
        self.request.get("TableName").is_some_and(|name| name == table)
    }
}

/// A moment of one request, at which the proxy stands still.
#[derive(Debug, Clone, Copy)]
struct Halt {
    number: usize,
    moment: Moment,
}

impl Halt {
    /// Whether the request `number` goes no further than `moment`. Later requests go no further than their arrival.
    fn holds(self, number: usize, moment: Moment) -> bool {
        number > self.number || (number == self.number && moment == self.moment)
    }
}

/// Decides about a request by its number, counted from 0, and its operation.
type Plan = Box<dyn Fn(usize, &str) -> Option<Fault> + Send>;

/// A change that happens before the request of a number.
type Change = (usize, Pin<Box<dyn Future<Output = ()> + Send>>);

/// The proxy. A clone controls the same proxy.
#[derive(Clone)]
pub struct FaultyDynamoDb {
    address: SocketAddr,
    shared: Arc<Shared>,
    _reserved: Arc<TcpSocket>,
}

struct Shared {
    upstream: String,
    client: reqwest::Client,
    plan: Mutex<Plan>,
    halt: Mutex<Option<Halt>>,
    change: Mutex<Option<Change>>,
    recorded: Mutex<Vec<Recorded>>,
    is_recording: AtomicBool,
    /// The requests since the start, recorded or not.
    reached: AtomicU64,
    /// The partition that every `BatchGetItem` leaves unprocessed.
    starved: Mutex<Option<String>>,
    /// The partition that is missing in eventually consistent batches.
    lagging: Mutex<Option<String>>,
    latency_millis: AtomicU64,
    listening: watch::Sender<bool>,
}

impl FaultyDynamoDb {
    /// Starts a proxy before the DynamoDB at `upstream`. No request fails until [`Self::fail`] is called.
    #[must_use]
    pub fn start(upstream: &str) -> Self {
        // A bound socket that never listens reserves the port while the proxy is down.
        let reserved = bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = reserved.local_addr().expect("it has an address");
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            client: reqwest::Client::new(),
            plan: Mutex::new(Box::new(|_, _| None)),
            halt: Mutex::default(),
            change: Mutex::default(),
            recorded: Mutex::new(Vec::new()),
            is_recording: AtomicBool::new(true),
            reached: AtomicU64::new(0),
            starved: Mutex::new(None),
            lagging: Mutex::new(None),
            latency_millis: AtomicU64::new(0),
            listening: watch::Sender::new(true),
        });
        tokio::spawn(listen(address, Arc::clone(&shared)));
        Self { address, shared, _reserved: Arc::new(reserved) }
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Restarts the count of requests at 0 and lets `plan` decide about each.
    pub fn fail(&self, plan: impl Fn(usize, &str) -> Option<Fault> + Send + 'static) {
        self.forget();
        *self.shared.plan.lock().expect("no holder panics") = Box::new(plan);
    }

    /// Restarts the count of requests at 0, and stands still at a moment of the request `number`: it and all later requests wait
    /// for as long as their connections last.
    pub fn halt_at(&self, number: usize, moment: Moment) {
        self.forget();
        *self.shared.halt.lock().expect("no holder panics") = Some(Halt { number, moment });
    }

    /// Restarts the count of requests at 0, and runs `change` once: when the request `number` has arrived, and DynamoDB does not
    /// have it yet. The requests of `change` pass the proxy as well.
    pub fn before(&self, number: usize, change: impl Future<Output = ()> + Send + 'static) {
        self.forget();
        *self.shared.change.lock().expect("no holder panics") = Some((number, Box::pin(change)));
    }

    /// Waits until the proxy stands still: the request has reached its moment, and every earlier one is answered. Without
    /// [`Self::halt_at`] it waits forever.
    pub async fn halted(&self) {
        while !self.stands_still() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // An answer that was just sent arrives.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn stands_still(&self) -> bool {
        let halt = *self.shared.halt.lock().expect("no holder panics");
        let Some(Halt { number, moment }) = halt else { return false };
        let recorded = self.shared.recorded.lock().expect("no holder panics");
        recorded.get(number).is_some_and(|halted| halted.reached >= moment)
            && recorded.iter().take(number).all(|earlier| earlier.reached == Moment::Answered)
    }

    /// Delays each answer, so that concurrent requests overlap visibly.
    pub fn slow_down(&self, latency_millis: u64) {
        self.shared.latency_millis.store(latency_millis, Ordering::Relaxed);
    }

    /// Makes batches leave the items of this partition unprocessed.
    pub fn starve(&self, partition: &str) {
        self.forget();
        *self.shared.starved.lock().expect("no holder panics") = Some(partition.to_owned());
    }

    /// Hides the items of this partition from eventually consistent batches.
    pub fn lag(&self, partition: &str) {
        self.forget();
        *self.shared.lagging.lock().expect("no holder panics") = Some(partition.to_owned());
    }

    /// Ends all faults.
    pub fn recover(&self) {
        *self.shared.halt.lock().expect("no holder panics") = None;
        *self.shared.lagging.lock().expect("no holder panics") = None;
        *self.shared.starved.lock().expect("no holder panics") = None;
        self.fail(|_, _| None);
        self.shared.listening.send_replace(true);
    }

    /// Refuses connections until [`Self::recover`].
    pub fn go_down(&self) {
        self.shared.listening.send_replace(false);
    }

    /// Records no further request, whatever their number: a long run has too many. A plan then gets the same number for each.
    pub fn stop_recording(&self) {
        self.shared.is_recording.store(false, Ordering::Relaxed);
        self.forget();
    }

    /// The number of requests since the start of the proxy, recorded or not.
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.shared.reached.load(Ordering::Relaxed)
    }

    /// Clears the recorded requests and restarts their count at 0.
    pub fn forget(&self) {
        self.shared.recorded.lock().expect("no holder panics").clear();
    }

    /// The requests since the last [`Self::forget`].
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.shared.recorded.lock().expect("no holder panics").clone()
    }

    /// The names of the recorded operations, in order.
    #[must_use]
    pub fn operations(&self) -> Vec<String> {
        self.recorded().into_iter().map(|recorded| recorded.operation).collect()
    }
}

fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("there is a socket");
    socket.set_reuseport(true).expect("a port can be shared");
    socket.bind(address).expect("the port is free, or this proxy's");
    socket
}

/// Accepts connections while the proxy is up and refuses them while it is down.
async fn listen(address: SocketAddr, shared: Arc<Shared>) {
    let mut listening = shared.listening.subscribe();
    while listening.wait_for(|listening| *listening).await.is_ok() {
        let listener = bind(address).listen(1024).expect("it listens");
        let mut down = shared.listening.subscribe();
        loop {
            tokio::select! {
                _ = down.wait_for(|listening| !listening) => break,
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(serve(stream, Arc::clone(&shared)));
                    }
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut listening = shared.listening.subscribe();
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // An error of the service breaks the connection.
        _ = connection => {}
        _ = listening.wait_for(|listening| !listening) => {}
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let target =
        request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let headers = request.headers().clone();
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let mut body: Value = serde_json::from_slice(&body).map_err(io::Error::other)?;
    shared.reached.fetch_add(1, Ordering::Relaxed);
    let number = shared.record(&operation, &body);
    shared.wait_if_held(number, Moment::Arrived).await;
    shared.change_before(number).await;
    expressions::pass(&operation, &mut body);
    let outcome = play(&shared, number, &operation, &headers, body).await;
    shared.change(number, |recorded| recorded.reached = Moment::Applied);
    shared.wait_if_held(number, Moment::Applied).await;
    let latency = Duration::from_millis(shared.latency_millis.load(Ordering::Relaxed));
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    shared.change(number, |recorded| recorded.reached = Moment::Answered);
    outcome
}

/// Answers a request as the plan decides.
async fn play(
    shared: &Shared,
    number: usize,
    operation: &str,
    headers: &hyper::HeaderMap,
    body: Value,
) -> io::Result<Response<Full<Bytes>>> {
    let fault = shared.plan.lock().expect("no holder panics")(number, operation);
    let broken = || io::Error::other("the connection breaks");
    match fault {
        None if operation == "BatchGetItem" => shared.read_batch(number, headers, body).await,
        None => shared.forward(number, headers, &body).await,
        Some(Fault::Unprocessed) if operation == "BatchWriteItem" => {
            shared.forward_half(number, headers, body).await
        }
        Some(Fault::Unprocessed) if operation == "BatchGetItem" => {
            let half = |index: usize, _: &Value| index % 2 == 1;
            shared.forward_some_keys(number, headers, body, half).await
        }
        Some(Fault::Throttled | Fault::Unprocessed) => {
            Ok(error(400, "ProvisionedThroughputExceededException"))
        }
        Some(Fault::TransactionThrottled) => Ok(cancelled("ThrottlingError")),
        Some(Fault::TransactionConflict) => Ok(cancelled("TransactionConflict")),
        Some(Fault::InternalError) => Ok(error(500, "InternalServerError")),
        Some(Fault::Cut) => Err(broken()),
        Some(Fault::Stalled) => {
            tokio::time::sleep(STALL).await;
            Err(broken())
        }
        Some(Fault::ReplyLost) => {
            shared.forward(number, headers, &body).await?;
            Err(broken())
        }
        Some(Fault::Refused) => {
            shared.listening.send_replace(false);
            tokio::time::sleep(OUTAGE).await;
            shared.listening.send_replace(true);
            Err(broken())
        }
    }
}

impl Shared {
    /// Records a request, and returns its number; [`NOT_RECORDED`] if requests are not recorded.
    fn record(&self, operation: &str, request: &Value) -> usize {
        if !self.is_recording.load(Ordering::Relaxed) {
            return NOT_RECORDED;
        }
        let mut recorded = self.recorded.lock().expect("no holder panics");
        let answered = recorded.iter().filter(|recorded| recorded.reached == Moment::Answered);
        let round_trip = 1 + answered.map(|recorded| recorded.round_trip).max().unwrap_or_default();
        recorded.push(Recorded {
            operation: operation.to_owned(),
            request: request.clone(),
            units: 0.0,
            round_trip,
            reached: Moment::Arrived,
        });
        recorded.len() - 1
    }

    async fn change_before(&self, number: usize) {
        let change = self.change.lock().expect("no holder panics").take_if(|(at, _)| *at == number);
        if let Some((_, change)) = change {
            change.await;
        }
    }

    /// Never returns if the request is held: it ends with its connection.
    async fn wait_if_held(&self, number: usize, moment: Moment) {
        let halt = *self.halt.lock().expect("no holder panics");
        if halt.is_some_and(|halt| halt.holds(number, moment)) {
            std::future::pending::<()>().await;
        }
    }

    async fn forward(
        &self,
        number: usize,
        headers: &hyper::HeaderMap,
        body: &Value,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (status, answer) = self.ask(headers, body).await?;
        self.note(number, &answer);
        Ok(response(status, &answer))
    }

    /// Reads a batch without the items of the lagging and the starved partition.
    async fn read_batch(
        &self,
        number: usize,
        headers: &hyper::HeaderMap,
        mut body: Value,
    ) -> io::Result<Response<Full<Bytes>>> {
        let is_of = |key: &Value, partition: &Option<String>| {
            partition.as_ref().is_some_and(|partition| key["pk"]["S"] == *partition)
        };
        let lagging = self.lagging.lock().expect("no holder panics").clone();
        for asked in body["RequestItems"].as_object_mut().into_iter().flat_map(|tables| tables.values_mut()) {
            if asked["ConsistentRead"] != true
                && let Some(key) = asked["Keys"]
                    .as_array_mut()
                    .and_then(|keys| keys.iter_mut().find(|key| is_of(key, &lagging)))
            {
                key["sk"]["S"] = json!("NOT-SEEN-YET");
            }
        }
        let starved = self.starved.lock().expect("no holder panics").clone();
        self.forward_some_keys(number, headers, body, |_, key| is_of(key, &starved)).await
    }

    /// Reads a batch and leaves the keys unprocessed for which `left_out` holds.
    async fn forward_some_keys(
        &self,
        number: usize,
        headers: &hyper::HeaderMap,
        mut body: Value,
        left_out: impl Fn(usize, &Value) -> bool,
    ) -> io::Result<Response<Full<Bytes>>> {
        let mut unprocessed = json!({});
        let mut nothing_to_read = true;
        for (table, asked) in body["RequestItems"].as_object_mut().into_iter().flatten() {
            let keys = asked["Keys"].as_array().expect("a batch is a list").clone();
            let (left, read): (Vec<_>, Vec<_>) =
                keys.into_iter().enumerate().partition(|(index, key)| left_out(*index, key));
            let keys = |keys: Vec<(usize, Value)>| keys.into_iter().map(|(_, key)| key).collect::<Vec<_>>();
            nothing_to_read &= read.is_empty();
            if !left.is_empty() {
                unprocessed[table] = json!({"Keys": keys(left), "ConsistentRead": asked["ConsistentRead"]});
            }
            asked["Keys"] = json!(keys(read));
        }
        let (status, mut answer) =
            if nothing_to_read { (200, json!({})) } else { self.ask(headers, &body).await? };
        answer["UnprocessedKeys"] = unprocessed;
        self.note(number, &answer);
        Ok(response(status, &answer))
    }

    /// Writes the first half of a batch and leaves the rest unprocessed.
    async fn forward_half(
        &self,
        number: usize,
        headers: &hyper::HeaderMap,
        mut body: Value,
    ) -> io::Result<Response<Full<Bytes>>> {
        let mut left = json!({});
        for (table, requests) in body["RequestItems"].as_object_mut().into_iter().flatten() {
            let requests = requests.as_array_mut().expect("a batch is a list");
            // At least one item is left, so that no batch completes while the fault lasts.
            left[table] = Value::from(requests.split_off(requests.len() / 2));
        }
        let nothing_to_write = body["RequestItems"]
            .as_object()
            .is_none_or(|tables| tables.values().all(|list| list == &json!([])));
        let (status, mut answer) =
            if nothing_to_write { (200, json!({})) } else { self.ask(headers, &body).await? };
        answer["UnprocessedItems"] = left;
        self.note(number, &answer);
        Ok(response(status, &answer))
    }

    async fn ask(&self, headers: &hyper::HeaderMap, body: &Value) -> io::Result<(u16, Value)> {
        let mut request = self.client.post(&self.upstream).body(body.to_string());
        for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value.as_bytes());
            }
        }
        let answer = request.send().await.map_err(io::Error::other)?;
        let status = answer.status().as_u16();
        let answer = serde_json::from_slice(&answer.bytes().await.map_err(io::Error::other)?)?;
        Ok((status, answer))
    }

    fn note(&self, number: usize, answer: &Value) {
        let consumed = &answer["ConsumedCapacity"];
        let tables = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
        let units = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        self.change(number, |recorded| recorded.units = units);
    }

    /// Changes the record of a request. It is gone if the test cleared it meanwhile.
    fn change(&self, number: usize, change: impl FnOnce(&mut Recorded)) {
        self.recorded.lock().expect("no holder panics").get_mut(number).map(change);
    }
}

/// The answer to a transaction that is cancelled because of its second item.
fn cancelled(reason: &str) -> Response<Full<Bytes>> {
    response(
        400,
        &json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled",
            "CancellationReasons": [{"Code": "None"}, {"Code": reason, "Message": "as planned"}],
        }),
    )
}

fn error(status: u16, code: &str) -> Response<Full<Bytes>> {
    response(
        status,
        &json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "as planned"}),
    )
}

fn response(status: u16, body: &Value) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Full::new(Bytes::from(body.to_string())))
        .expect("it is a response")
}
