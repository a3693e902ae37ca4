//! DynamoDB for a simulated world: dynoxide without HTTP, behind faults that a seed decides.

use std::{
    collections::BTreeMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{HttpClient, IdentityCache, RuntimeComponents, SharedHttpClient, StalledStreamProtectionConfig},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use fastrand::Rng;
use local::dynamodb::CHAT_TABLE;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::sleep};

use super::time::{HOUR, Millis, SECOND, Time};

/// How often requests fail, per thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    Calm,
    Windy,
    Storm,
}

impl Weather {
    const fn faults_per_mille(self) -> u32 {
        match self {
            Self::Calm => 0,
            Self::Windy => 30,
            Self::Storm => 250,
        }
    }
}

/// A failure of one request.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Throttled,
    InternalError,
    /// Items of a batch are left out. Any other operation is throttled.
    Unprocessed,
    /// A transaction is cancelled for its first item. Any other operation is throttled.
    Conflict,
    /// The connection breaks before the request is applied.
    Cut,
    /// The connection breaks after the request is applied.
    ReplyLost,
    /// The request takes up to 900 ms.
    Slow,
    /// The client times out. The request is applied up to 2 s after it was sent.
    Late,
}

const FAULTS: [Fault; 8] = [
    Fault::Throttled,
    Fault::InternalError,
    Fault::Unprocessed,
    Fault::Conflict,
    Fault::Cut,
    Fault::ReplyLost,
    Fault::Slow,
    Fault::Late,
];

/// The key of an item that was inserted.
#[derive(Debug)]
pub(super) struct InsertedKey {
    pub(super) at: Millis,
    pub(super) pk: String,
    pub(super) sk: String,
}

/// The items of the table `Chat` that were inserted, for each reader of its stream.
#[derive(Debug)]
pub(super) struct Inserted {
    /// Records of feeds, for `dispatch-events`.
    pub(super) feeds: mpsc::UnboundedReceiver<InsertedKey>,
    /// Messages of chats and deliveries, for `notify-users`.
    pub(super) news: mpsc::UnboundedReceiver<InsertedKey>,
}

pub(super) struct Store {
    database: Database,
    seed: u64,
    time: Time,
    weather: Mutex<Weather>,
    requests: AtomicU64,
    faults: AtomicU64,
    reaped: AtomicU64,
    /// Where the reaper goes on in each table.
    reached: Mutex<BTreeMap<&'static str, Value>>,
    feeds: mpsc::UnboundedSender<InsertedKey>,
    news: mpsc::UnboundedSender<InsertedKey>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl Store {
    /// An empty database, and the keys that are inserted.
    pub(super) fn new(database: Database, seed: u64, time: Time) -> (Arc<Self>, Inserted) {
        let (feeds, of_feeds) = mpsc::unbounded_channel();
        let (news, of_news) = mpsc::unbounded_channel();
        let weather = Mutex::new(Weather::Calm);
        let (requests, faults, reaped, reached) = Default::default();
        let store = Self { database, seed, time, weather, requests, faults, reaped, reached, feeds, news };
        (Arc::new(store), Inserted { feeds: of_feeds, news: of_news })
    }

    /// The client of an instance.
    pub(super) fn client(self: &Arc<Self>) -> Client {
        client(Connection { store: Arc::clone(self), meets_faults: true })
    }

    /// A client past every fault.
    pub(super) fn calm_client(self: &Arc<Self>) -> Client {
        client(Connection { store: Arc::clone(self), meets_faults: false })
    }

    pub(super) fn set_weather(&self, weather: Weather) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    pub(super) fn weather(&self) -> Weather {
        // A poisoned lock is safe: each holder reads or writes one value.
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The requests that arrived.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The requests that failed.
    pub(super) fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Deletes expired items, as TTL does: half of them by a clock that is 5 s fast, the others up to six hours late. It looks at
    /// the next `count` items of the table.
    pub(super) fn reap(&self, table: &'static str, count: u32) {
        let now = self.time.since_1970() + 5 * SECOND;
        let mut scan =
            json!({"TableName": table, "Limit": count, "ProjectionExpression": "pk, sk, expireAt"});
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = reached.remove(table) {
            scan["ExclusiveStartKey"] = key;
        }
        let answer = dispatch(&self.database, "Scan", scan.to_string().as_bytes()).expect("it is a scan");
        let mut answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
        if let Some(key) = answer.get_mut("LastEvaluatedKey").map(Value::take).filter(Value::is_object) {
            reached.insert(table, key);
        }
        for item in answer["Items"].as_array().into_iter().flatten() {
            let expire_at = item["expireAt"]["N"].as_str().and_then(|seconds| seconds.parse::<u64>().ok());
            if expire_at.is_some_and(|seconds| seconds * SECOND + self.lateness(item) <= now) {
                let delete =
                    json!({"TableName": table, "Key": {"pk": item["pk"], "sk": item["sk"]}}).to_string();
                dispatch(&self.database, "DeleteItem", delete.as_bytes()).expect("it is a key");
                self.reaped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The time from an item's expiry until it is deleted.
    fn lateness(&self, item: &Value) -> Millis {
        let mut rng = self.rng((item["pk"]["S"].as_str(), item["sk"]["S"].as_str()));
        if rng.bool() { 0 } else { rng.u64(..6 * HOUR) }
    }

    /// The items that [`Self::reap`] deleted.
    pub(super) fn reaped(&self) -> u64 {
        self.reaped.load(Ordering::Relaxed)
    }

    /// All items of a table, at this instant.
    pub(super) fn items(&self, table: &str) -> Vec<Value> {
        let (mut items, mut scan) = (Vec::new(), json!({"TableName": table}));
        loop {
            let answer = dispatch(&self.database, "Scan", scan.to_string().as_bytes()).expect("it is a scan");
            let mut answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
            items.extend(answer["Items"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match answer.get_mut("LastEvaluatedKey").map(Value::take).filter(Value::is_object) {
                Some(key) => scan["ExclusiveStartKey"] = key,
                None => return items,
            }
        }
    }

    /// The chances of a subject, which depend on it and on the seed alone.
    fn rng(&self, subject: impl Hash) -> Rng {
        let mut hasher = DefaultHasher::new();
        (self.seed, subject).hash(&mut hasher);
        Rng::with_seed(hasher.finish())
    }

    /// Draws the fault and the latency of a request by its time, its operation and its first partition, so that a part of a history
    /// meets the same faults as the whole.
    fn draw(&self, operation: &str, body: &[u8]) -> (Option<Fault>, Duration) {
        let mut rng = self.rng((self.time.now(), operation, first_partition(body)));
        let fails = rng.u32(..1000) < self.weather().faults_per_mille();
        let fault = if fails { rng.choice(FAULTS) } else { None };
        let latency = match fault {
            Some(Fault::Slow) => rng.u64(20..900),
            Some(Fault::Late) => rng.u64(20..2000),
            _ => rng.u64(1..6),
        };
        (fault, Duration::from_millis(latency))
    }

    async fn answer(
        self: Arc<Self>,
        operation: String,
        body: Vec<u8>,
    ) -> Result<HttpResponse, ConnectorError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let (fault, latency) = self.draw(&operation, &body);
        if fault.is_some() {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        let is_batch = operation.starts_with("Batch");
        match fault {
            None | Some(Fault::Slow) => {
                sleep(latency).await;
                let answer = self.apply(&operation, &body);
                sleep(Duration::from_millis(1)).await;
                Ok(answer)
            }
            Some(Fault::Unprocessed) if is_batch => {
                sleep(latency).await;
                Ok(self.apply_half(&operation, &body))
            }
            Some(Fault::Conflict) if operation == "TransactWriteItems" => {
                sleep(latency).await;
                Ok(cancelled(&body))
            }
            Some(Fault::Throttled | Fault::Unprocessed | Fault::Conflict) => {
                sleep(latency).await;
                Ok(failure(400, "ProvisionedThroughputExceededException"))
            }
            Some(Fault::InternalError) => Ok(failure(500, "InternalServerError")),
            Some(Fault::Cut) => Err(broken()),
            Some(Fault::ReplyLost) => {
                sleep(latency).await;
                self.apply(&operation, &body);
                Err(broken())
            }
            Some(Fault::Late) => {
                // It is applied although the client gives up.
                tokio::spawn(async move {
                    sleep(latency).await;
                    self.apply(&operation, &body);
                });
                std::future::pending().await
            }
        }
    }

    /// Applies a request and answers it as DynamoDB does.
    fn apply(&self, operation: &str, body: &[u8]) -> HttpResponse {
        match self.write(operation, body) {
            Ok(answer) => response(200, answer),
            Err(error) => response(error.status_code(), error.to_json()),
        }
    }

    /// Applies a request, and reports the items that it inserted to the readers of the stream that are told about them.
    fn write(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        let inserts: Vec<_> = put_keys(operation, body)
            .into_iter()
            .filter_map(|(pk, sk)| Some((self.reader(&pk, &sk)?, pk, sk)))
            .filter(|(_, pk, sk)| !self.exists(pk, sk))
            .collect();
        let answer = dispatch(&self.database, operation, body)?;
        for (reader, pk, sk) in inserts {
            // The world has ended if nobody receives.
            let _ = reader.send(InsertedKey { at: self.time.now(), pk, sk });
        }
        Ok(answer)
    }

    /// The reader of the stream that is told about an item, by the filters of the template.
    fn reader(&self, pk: &str, sk: &str) -> Option<&mpsc::UnboundedSender<InsertedKey>> {
        let is = |partition: &str, kind: &str| pk.starts_with(partition) && sk.starts_with(kind);
        if is("FEED#", "MSG#") {
            Some(&self.feeds)
        } else {
            (is("CHAT#", "MSG#") || is("INBOX#", "W#")).then_some(&self.news)
        }
    }

    /// Whether the table `Chat` has an item. The other tables have no item that a reader is told about.
    fn exists(&self, pk: &str, sk: &str) -> bool {
        let key = json!({"TableName": CHAT_TABLE, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ProjectionExpression": "pk"});
        let found = dispatch(&self.database, "GetItem", key.to_string().as_bytes()).expect("it is a key");
        contains(found.as_bytes(), b"\"pk\"")
    }

    /// Applies every second item of a batch and leaves the others unprocessed.
    fn apply_half(&self, operation: &str, body: &[u8]) -> HttpResponse {
        let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
        let (unprocessed, is_read) = match operation {
            "BatchGetItem" => ("UnprocessedKeys", true),
            _ => ("UnprocessedItems", false),
        };
        let mut left_out = json!({});
        for (table, asked) in body["RequestItems"].as_object_mut().into_iter().flatten() {
            let list = if is_read { &mut asked["Keys"] } else { asked };
            let all = list.as_array().cloned().unwrap_or_default();
            let (odd, even): (Vec<_>, Vec<_>) =
                all.into_iter().enumerate().partition(|(index, _)| index % 2 == 1);
            let items = |half: Vec<(usize, Value)>| half.into_iter().map(|(_, item)| item).collect::<Value>();
            // A batch of one stays whole: it is throttled instead.
            if odd.is_empty() {
                return failure(400, "ProvisionedThroughputExceededException");
            }
            *list = items(even);
            left_out[table] = if is_read { json!({"Keys": items(odd)}) } else { items(odd) };
        }
        match self.write(operation, body.to_string().as_bytes()) {
            Ok(answer) => {
                let mut answer: Value = serde_json::from_str(&answer).unwrap_or_default();
                answer[unprocessed] = left_out;
                response(200, answer.to_string())
            }
            Err(error) => response(error.status_code(), error.to_json()),
        }
    }
}

#[derive(Debug, Clone)]
struct Connection {
    store: Arc<Store>,
    meets_faults: bool,
}

fn client(connection: Connection) -> Client {
    let client = store::client::at_endpoint("http://simulated");
    let config = client
        .config()
        .to_builder()
        .http_client(SharedHttpClient::new(connection))
        // Both are for a network and for credentials that expire.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(IdentityCache::no_cache());
    Client::from_conf(config.build())
}

impl HttpClient for Connection {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        if self.meets_faults {
            HttpConnectorFuture::new(Arc::clone(&self.store).answer(operation, body))
        } else {
            let store = Arc::clone(&self.store);
            HttpConnectorFuture::new(async move {
                sleep(Duration::from_millis(2)).await;
                Ok(store.apply(&operation, &body))
            })
        }
    }
}

fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        "GetItem" => write(&database.get_item(read(body)?)?),
        "PutItem" => write(&database.put_item(read(body)?)?),
        "UpdateItem" => write(&database.update_item(read(body)?)?),
        "DeleteItem" => write(&database.delete_item(read(body)?)?),
        "Scan" => write(&database.scan(read(body)?)?),
        "Query" => write(&database.query(read(body)?)?),
        "BatchGetItem" => write(&database.batch_get_item(read(body)?)?),
        "BatchWriteItem" => write(&database.batch_write_item(read(body)?)?),
        "TransactWriteItems" => write(&database.transact_write_items(read(body)?)?),
        "CreateTable" => write(&database.create_table(read(body)?)?),
        "DescribeTable" => write(&database.describe_table(read(body)?)?),
        "UpdateTimeToLive" => write(&database.update_time_to_live(read(body)?)?),
        other => Err(DynoxideError::InternalServerError(format!("{other} is not simulated"))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn write(answer: &impl Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("it is a status"), SdkBody::from(body))
}

fn failure(status: u16, code: &str) -> HttpResponse {
    let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
    response(status, json!({"__type": code, "message": "simulated"}).to_string())
}

/// A transaction that is cancelled because another one writes its first item.
fn cancelled(body: &[u8]) -> HttpResponse {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let items = body["TransactItems"].as_array().map_or(1, Vec::len);
    let reason = |index| if index == 0 { "TransactionConflict" } else { "None" };
    let reasons: Vec<_> = (0..items).map(|index| json!({"Code": reason(index)})).collect();
    let code = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    response(400, json!({"__type": code, "Message": "simulated", "CancellationReasons": reasons}).to_string())
}

fn broken() -> ConnectorError {
    ConnectorError::io("the connection breaks".into())
}

/// The keys of the items that a request puts into the table `Chat` and of which a reader of the stream may be told.
fn put_keys(operation: &str, body: &[u8]) -> Vec<(String, String)> {
    let is_write = matches!(operation, "PutItem" | "BatchWriteItem" | "TransactWriteItems");
    if !is_write || !contains(body, CHAT_TABLE.as_bytes()) {
        return Vec::new();
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let puts = |list: &Value, put: &str| -> Vec<Value> {
        list.as_array().into_iter().flatten().map(|write| write[put]["Item"].clone()).collect()
    };
    let items = match operation {
        "PutItem" => vec![body["Item"].clone()],
        "BatchWriteItem" => puts(&body["RequestItems"][CHAT_TABLE], "PutRequest"),
        _ => puts(&body["TransactItems"], "Put"),
    };
    let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    items.iter().map(|item| (text(item, "pk"), text(item, "sk"))).collect()
}

/// The first partition key in a request; for a ticket its kind, since the rest is random.
fn first_partition(body: &[u8]) -> &[u8] {
    const TICKET: &[u8] = b"TICKET#";
    let begin = b"\"pk\":{\"S\":\"";
    let Some(at) = body.windows(begin.len()).position(|window| window == begin) else { return &[] };
    let key = &body[at + begin.len()..];
    let key = key.split(|byte| *byte == b'"').next().unwrap_or_default();
    if key.starts_with(TICKET) { TICKET } else { key }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
