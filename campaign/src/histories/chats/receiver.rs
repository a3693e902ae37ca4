//! A partner's receiver of webhooks in a simulated world. It fails as the weather is.

use std::{cell::RefCell, rc::Rc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use fastrand::Rng;
use model::{AppId, BoundedText, Source};
use serde_json::Value;
use store::webhooks::{self, Endpoint, EndpointStatus, SigningSecrets};
use tests::SECRET;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    time::{Duration, sleep},
};
use webhook::{secret::Secret, signature::Signed};

use super::{Entry, SYSTEMS, read_entry};
use crate::histories::{store::Weather, time::Millis, world::World};

/// A webhook that arrived.
#[derive(Debug)]
pub(in crate::histories) struct Webhook {
    pub(super) at: Millis,
    pub(super) id: String,
    pub(super) entries: Vec<Entry>,
    pub(super) is_signed: bool,
    /// Whether the receiver took effect of it.
    pub(super) is_accepted: bool,
}

/// A receiver of a system for one of its sources.
#[derive(Debug)]
pub(in crate::histories) struct Receiver {
    pub(super) system: usize,
    pub(super) source: u32,
    pub(super) webhooks: RefCell<Vec<Webhook>>,
}

/// A request that waits for its answer.
struct Request {
    headers: HeaderMap,
    body: Bytes,
    answer: oneshot::Sender<StatusCode>,
}

impl Receiver {
    /// Starts a receiver and sets it as the endpoint of its system.
    pub(in crate::histories) async fn start(
        world: Rc<World>,
        system: usize,
        source: u32,
        seed: u64,
    ) -> Rc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("it has an address"));
        let (requests, mut arriving) = mpsc::unbounded_channel();
        let router = Router::new().route("/hooks", post(pass_on)).with_state(requests);
        tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });

        let table = world.table(local::dynamodb::WEBHOOKS_TABLE);
        let app_id = AppId::parse(SYSTEMS[system].0).expect("it is an application's id");
        let secrets = SigningSecrets::new(SECRET.to_owned());
        webhooks::put_secrets(&table, &app_id, &secrets).await.expect("the secret is stored");
        let endpoint = Endpoint {
            source: Source::try_from(source).expect("it is a source"),
            app_id,
            url,
            status: EndpointStatus::Enabled,
            changed_at: world.time.clock(0).now(),
        };
        webhooks::put(&table, &endpoint).await.expect("the endpoint is stored");

        let receiver = Rc::new(Self { system, source, webhooks: RefCell::default() });
        let mut rng = Rng::with_seed(seed);
        let this = Rc::clone(&receiver);
        tokio::task::spawn_local(async move {
            while let Some(request) = arriving.recv().await {
                tokio::task::spawn_local(Rc::clone(&this).take(Rc::clone(&world), rng.fork(), request));
            }
        });
        receiver
    }

    /// The webhooks that arrived.
    pub(in crate::histories) fn count(&self) -> usize {
        self.webhooks.borrow().len()
    }

    async fn take(self: Rc<Self>, world: Rc<World>, mut rng: Rng, request: Request) {
        let reaction = if world.store.weather() == Weather::Calm { 9 } else { rng.u8(..20) };
        if reaction == 0 {
            return;
        }
        sleep(Duration::from_millis(rng.u64(1..50))).await;
        let is_accepted = reaction > 3;
        let webhook = read(&request, world.time.now(), is_accepted);
        self.webhooks.borrow_mut().push(webhook);
        let status = match reaction {
            1 => StatusCode::INTERNAL_SERVER_ERROR,
            2 => StatusCode::TOO_MANY_REQUESTS,
            3 => StatusCode::FOUND,
            // The answer of an accepted webhook is lost.
            4 => return,
            5 => {
                sleep(Duration::from_secs(rng.u64(1..15))).await;
                StatusCode::OK
            }
            _ => StatusCode::OK,
        };
        // The sender may have given up.
        let _ = request.answer.send(status);
    }
}

async fn pass_on(
    State(requests): State<mpsc::UnboundedSender<Request>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let (answer, answered) = oneshot::channel();
    let _ = requests.send(Request { headers, body, answer });
    if let Ok(status) = answered.await {
        return status;
    }
    // A receiver without an answer: longer than an attempt takes.
    sleep(Duration::from_secs(20)).await;
    StatusCode::OK
}

fn read(request: &Request, at: Millis, is_accepted: bool) -> Webhook {
    let header =
        |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = header("webhook-id").to_owned();
    let timestamp = header("webhook-timestamp").parse().unwrap_or_default();
    let secret = Secret::parse(SECRET).expect("it is a secret");
    let signed = Signed { id: &id, timestamp, body: &request.body };
    let is_signed = header("webhook-signature") == signed.signatures([&secret]);
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let entries = body["data"]["messages"].as_array().into_iter().flatten().map(read_entry).collect();
    Webhook { at, id, entries, is_signed, is_accepted }
}
