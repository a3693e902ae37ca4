//! A simulated deployment: several instances of each function with clocks that differ, a gateway, and the events of the table's
//! stream, the schedule and asynchronous invocations. One thread runs it in virtual time.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header::AUTHORIZATION},
    routing::post,
};
use fastrand::Rng;
use local::{
    TEMPLATE, dynamodb,
    events::scheduled_event,
    functions::{Code, Endpoints, FunctionError, Functions, Outcome as Invoked},
    gateway::{self, Gateway},
    template::{FunctionSpec, Template},
};
use model::oauth::Scope;
use serde_json::{Value, json};
use store::{Client, Table};
use tests::{Caller, Operator, Urls, path_with, paths};
use tokio::{
    net::TcpListener,
    sync::mpsc::UnboundedReceiver,
    time::{Duration, sleep},
};
use uuid::Uuid;

use super::{
    call::{Call, Outcome},
    chats, pushes,
    rule::{Broken, Subject},
    sockets::{SocketApi, Topic},
    store::{Inserted, InsertedKey, Store, Weather},
    time::{MINUTE, Millis, SECOND, Time},
};

/// The difference of each instance's clock from the true time, in milliseconds.
const CLOCKS: [i64; 4] = [-5_000, -1_700, 2_300, 5_000];

const DISPATCH: &str = "DispatchEventsFunction";
const NOTIFY: &str = "NotifyUsersFunction";

/// The age at which `notify-users` is not told about an item any more.
const MOST_AGE: Millis = 60 * SECOND;

/// The longest time of a call whose requests to the store do not fail, each of which takes up to 7 ms. A message in a chat is
/// repeated until its number is free.
const LONGEST_WITHOUT_FAULT: Millis = 200;

/// The token of the platform's own back end.
pub(super) const PLATFORM_TOKEN: &str = "cn-platform";

/// A running deployment.
pub(super) struct World {
    pub(super) time: Time,
    pub(super) store: Arc<Store>,
    pub(super) operator: Operator,
    pub(super) sockets: SocketApi,
    gateway: Gateway,
    /// The same APIs and instances for tickets, with chances of their own.
    ticket_gateway: Gateway,
    fleet_of_sockets: Fleet,
    /// Past every fault.
    client: Client,
    calls: AtomicU64,
    /// Answers that break a rule by themselves.
    wrong: Mutex<Vec<Broken>>,
}

/// The instances, and what happens to their invocations by chance. A clone draws from the same chances.
#[derive(Clone)]
struct Fleet {
    instances: Arc<[Functions]>,
    store: Arc<Store>,
    chance: Arc<Mutex<Rng>>,
}

impl World {
    pub(super) async fn start(seed: u64) -> Self {
        let mut template = Template::parse(TEMPLATE).expect("the template can be parsed");
        template.functions.iter_mut().for_each(set_variables);
        let time = Time::begin();
        let (store, Inserted { feeds, news }) =
            Store::new(dynamodb::open(None).expect("the database opens"), seed, time);
        let client = store.calm_client();
        let tables: Vec<_> = template.tables.iter().cloned().map(without_stream).collect();
        dynamodb::create_tables(&client, &tables).await.expect("the tables are created");

        let (lambda, lambda_url) = listen().await;
        let (connections, connections_url) = listen().await;
        let sockets = SocketApi::start(connections, seed, time);
        let endpoints =
            Endpoints { lambda: lambda_url, connections: connections_url, ..Endpoints::unreachable() };
        let instance = |offset: &i64| {
            let clock = time.clock(*offset);
            Functions::start(&template, &store.client(), &endpoints, &clock).expect("the functions start")
        };
        let fleet = Fleet {
            instances: CLOCKS.iter().map(instance).collect(),
            store: Arc::clone(&store),
            chance: Arc::new(Mutex::new(Rng::with_seed(seed ^ 0x_c4a9_ce11))),
        };
        // Sockets draw nothing from the chances of the other functions, which are those of a world without sockets.
        let fleet_of_sockets =
            Fleet { chance: Arc::new(Mutex::new(Rng::with_seed(seed ^ 0x_50c4_e750))), ..fleet.clone() };
        tokio::spawn(serve_lambda(lambda, fleet.clone()));
        tokio::spawn(stream(feeds, fleet.clone(), None));
        tokio::spawn(stream(news, fleet_of_sockets.clone(), Some(sockets.clone())));
        tokio::spawn(schedule(fleet.clone(), time));

        let ids: Vec<_> = template.functions.iter().map(|function| function.id.clone()).collect();
        let balanced = |fleet: &Fleet| {
            let functions = fleet.instances[0].clone();
            let functions = ids.iter().fold(functions, |functions, id| functions.with(id, fleet.code(id)));
            Gateway::new(template.clone(), functions)
        };
        let access = Table::new(client.clone(), dynamodb::ACCESS_TABLE.to_owned());
        let operator = Operator::new(access, time.clock(0), Caller::anonymous(Urls::all("http://simulated")));
        for app in 0..pushes::APPS {
            grant(&operator, &pushes::token(app), &pushes::app_id(app), Scope::MessagePush, &[1]).await;
        }
        for (system, (id, sources)) in chats::SYSTEMS.iter().enumerate() {
            operator.create_application_with(id, &[Scope::CustomerService], sources).await;
            grant(&operator, &chats::token(system), id, Scope::CustomerService, sources).await;
        }
        grant(&operator, PLATFORM_TOKEN, "platform", Scope::Platform, &[1]).await;
        Self {
            time,
            store,
            operator,
            sockets,
            gateway: balanced(&fleet),
            ticket_gateway: balanced(&fleet_of_sockets),
            fleet_of_sockets,
            client,
            calls: AtomicU64::new(0),
            wrong: Mutex::default(),
        }
    }

    /// A table by its logical id, past every fault.
    pub(super) fn table(&self, id: &str) -> Table {
        Table::new(self.client.clone(), id.to_owned())
    }

    /// The calls that clients made.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The answers that are none of the contract, and those that fail or are late without a fault.
    pub(super) fn check(&self) -> Vec<Broken> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn get(&self, token: &str, path: &str, query: &[(&str, &str)]) -> Call {
        self.call(Method::GET, &path_with(path, query), &format!("Bearer {token}"), String::new()).await
    }

    pub(super) async fn post(&self, token: &str, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path, &format!("Bearer {token}"), body.to_string()).await
    }

    /// Asks for a ticket. This is not one of [`Self::calls`].
    pub(super) async fn ask_for_ticket(&self, body: &Value) -> Call {
        let authorization = format!("Bearer {PLATFORM_TOKEN}");
        self.send(&self.ticket_gateway, Method::POST, paths::TICKET, &authorization, body.to_string()).await
    }

    /// Invokes a function of the socket API on any instance.
    pub(super) async fn invoke(&self, function: &str, event: &Value) -> Invoked {
        self.fleet_of_sockets.invoke(function, event.to_string()).await
    }

    /// Calls the API with a header `Authorization`.
    pub(super) async fn call(&self, method: Method, uri: &str, authorization: &str, body: String) -> Call {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.send(&self.gateway, method, uri, authorization, body).await
    }

    async fn send(
        &self,
        gateway: &Gateway,
        method: Method,
        uri: &str,
        authorization: &str,
        body: String,
    ) -> Call {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(authorization).expect("it is a header"));
        let path = uri;
        let (uri, body, id) = (path.parse().expect("it is a URI"), Some(body.into_bytes()), Uuid::new_v4());
        let (begun, faults) = (self.time.now(), self.store.faults());
        let was_calm = self.store.weather() == Weather::Calm;
        let answer = gateway.answer(&gateway::Call { method, uri, headers, body, id }).await;
        let ended = self.time.now();
        let break_rule = |rule, facts| {
            let broken = Broken { rule, at: ended, subject: Subject::World, facts };
            self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(broken);
        };
        let outcome = Outcome::of(&answer).unwrap_or_else(|unclean| {
            break_rule("each answer is a success or a documented error", unclean);
            Outcome::Unknown
        });
        let call = Call { begun, ended, outcome };
        // Sockets fail in every weather. Only tokens have a limit.
        if was_calm && self.store.faults() == faults {
            if call.outcome == Outcome::Unknown && path != paths::TOKEN {
                break_rule("a call without a fault succeeds", format!("{path} {call:?}"));
            }
            if ended - begun > LONGEST_WITHOUT_FAULT {
                break_rule("a call without a fault is answered soon", format!("{path} {call:?}"));
            }
        }
        call
    }
}

/// Stores a token that outlives the world.
async fn grant(operator: &Operator, token: &str, app: &str, scope: Scope, sources: &[u32]) {
    const YEAR_2100: u64 = 4_102_444_800;
    operator.grant_until(token, app, &[scope.name()], sources, YEAR_2100).await;
}

/// A free port of this machine, and its URL.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    (listener, url)
}

/// Lets tokens expire within a history, and lifts the throttle of signals, which counts by the machine's clock and not by the
/// simulated time.
fn set_variables(function: &mut FunctionSpec) {
    let variables = function.environment.variables().map(|(name, value)| {
        let value = match name {
            "TOKEN_LIFETIME_SECONDS" => "1200",
            "SIGNALS_PER_SECOND" | "SIGNALS_BURST" => "1000000",
            _ => value,
        };
        (name.to_owned(), value.to_owned())
    });
    function.environment = variables.collect();
}

fn without_stream(mut table: local::template::TableSpec) -> local::template::TableSpec {
    table.stream = None;
    table
}

impl Fleet {
    fn chance<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        // A poisoned lock is safe: each holder makes one draw.
        draw(&mut self.chance.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The code of a function: that of any instance.
    fn code(&self, id: &str) -> Code {
        let (fleet, id) = (self.clone(), id.to_owned());
        Arc::new(move |event, _| {
            let (fleet, id) = (fleet.clone(), id.clone());
            Box::pin(async move { fleet.invoke(&id, event).await })
        })
    }

    /// Invokes a function on any instance. In bad weather some instances end in the middle.
    async fn invoke(&self, id: &str, event: String) -> Result<String, FunctionError> {
        let weather = self.store.weather();
        let (instance, end) = self.chance(|rng| {
            let ends = weather != Weather::Calm && rng.u32(..100) < 2;
            let end = ends.then(|| Duration::from_millis(rng.u64(0..60)));
            (rng.usize(..self.instances.len()), end)
        });
        let invocation = self.instances[instance].invoke_while_awaited(id, event);
        match end {
            None => invocation.await,
            Some(end) => tokio::time::timeout(end, invocation).await.unwrap_or(Err(FunctionError::Crashed)),
        }
    }

    /// Whether a hint arrives, and how often.
    fn copies(&self) -> usize {
        match (self.store.weather(), self.chance(|rng| rng.u32(..100))) {
            (Weather::Calm, _) => 1,
            (_, 0..10) => 0,
            (_, 10..15) => 2,
            _ => 1,
        }
    }
}

/// Gives inserted keys to a reader of the stream, in batches: to `notify-users` if there are sockets, which record them, else to
/// `dispatch-events`. Batches are lost and repeated.
async fn stream(mut inserted: UnboundedReceiver<InsertedKey>, fleet: Fleet, sockets: Option<SocketApi>) {
    let mut number: u64 = 0;
    loop {
        let mut keys = Vec::new();
        if inserted.recv_many(&mut keys, 100).await == 0 {
            return;
        }
        let delay = fleet.chance(|rng| rng.u64(20..250));
        sleep(Duration::from_millis(delay)).await;
        while keys.len() < 100
            && let Ok(key) = inserted.try_recv()
        {
            keys.push(key);
        }
        if let Some(sockets) = &sockets {
            keys.retain(|key| key.at + MOST_AGE > sockets.now());
        }
        if keys.is_empty() {
            continue;
        }
        let event = event_of(&keys, &mut number);
        for _ in 0..fleet.copies() {
            // A failed batch is a lost hint: the sweep finds its messages, and browsers read periodically.
            match &sockets {
                None => _ = fleet.invoke(DISPATCH, event.clone()).await,
                Some(sockets) => {
                    let topics = keys.iter().filter_map(|key| Topic::of_partition(&key.pk)).collect();
                    sockets.note_batch(topics, fleet.invoke(NOTIFY, event.clone())).await;
                }
            }
        }
    }
}

/// The event of a batch. `number` counts the records.
fn event_of(keys: &[InsertedKey], number: &mut u64) -> String {
    let records: Vec<_> = keys
        .iter()
        .map(|key| {
            *number += 1;
            json!({
                "eventID": number.to_string(),
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "dynamodb": {
                    "Keys": {"pk": {"S": key.pk}, "sk": {"S": key.sk}},
                    "SequenceNumber": number.to_string(),
                    "StreamViewType": "KEYS_ONLY",
                },
            })
        })
        .collect();
    json!({"Records": records}).to_string()
}

/// Sends the event of the schedule each minute.
async fn schedule(fleet: Fleet, time: Time) {
    let mut at: Millis = 0;
    loop {
        at += MINUTE;
        time.until(at).await;
        let event = scheduled_event(time.clock(0).now());
        let fleet = fleet.clone();
        tokio::spawn(async move { fleet.invoke(DISPATCH, event).await });
    }
}

/// Serves Lambda's API, which `dispatch-events` calls.
async fn serve_lambda(listener: TcpListener, fleet: Fleet) {
    let path = "/2015-03-31/functions/{name}/invocations";
    let router = Router::new().route(path, post(invoke_later)).with_state(fleet);
    axum::serve(listener, router).await.expect("it serves");
}

async fn invoke_later(State(fleet): State<Fleet>, Path(name): Path<String>, event: Bytes) -> StatusCode {
    let event = String::from_utf8_lossy(&event).into_owned();
    for _ in 0..fleet.copies() {
        let (fleet, name, event) = (fleet.clone(), name.clone(), event.clone());
        tokio::spawn(async move { fleet.invoke(&name, event).await });
    }
    StatusCode::ACCEPTED
}
