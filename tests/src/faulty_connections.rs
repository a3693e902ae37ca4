//! An `@connections` that fails on demand, in the place of the gateway's.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
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
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

/// What `@connections` does with a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posting {
    /// Answers with a status. A 200 does not mean that the client gets anything.
    Answer(u16),
    /// Sends nothing.
    Held,
    /// Breaks the connection.
    Cut,
}

/// A post to a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posted {
    /// The id of the connection, decoded.
    pub connection: String,
    pub signal: String,
}

/// Decides about a post by its connection.
type Plan = Box<dyn Fn(&str) -> Posting + Send>;

/// The server. A clone controls the same one.
#[derive(Clone)]
pub struct FaultyConnections {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    plan: Mutex<Plan>,
    posted: Mutex<Vec<Posted>>,
}

impl FaultyConnections {
    /// A server that accepts everything, and has no connection.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let plan: Plan = Box::new(|_| Posting::Answer(200));
        let shared = Arc::new(Shared { plan: Mutex::new(plan), posted: Mutex::default() });
        tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self { url, shared }
    }

    /// The URL above `/@connections`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Replaces the plan.
    pub fn react(&self, plan: impl Fn(&str) -> Posting + Send + 'static) {
        *self.shared.plan.lock().expect("no holder panics") = Box::new(plan);
    }

    /// All posts, in the order of their arrival.
    #[must_use]
    pub fn posted(&self) -> Vec<Posted> {
        self.shared.posted.lock().expect("no holder panics").clone()
    }

    /// The connections to which something was posted.
    #[must_use]
    pub fn connections(&self) -> BTreeSet<String> {
        self.posted().into_iter().map(|posted| posted.connection).collect()
    }

    /// Waits until `count` posts arrived.
    ///
    /// # Panics
    /// It takes more than a minute.
    pub async fn arrived(&self, count: usize) {
        let waiting = async {
            while self.posted().len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_mins(1), waiting).await;
        arrived.unwrap_or_else(|_| panic!("{} posts arrived", self.posted().len()));
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
    // A post that is cut ends its connection with an error.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An error cuts the connection.
async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Full<Bytes>>, String> {
    let id = request.uri().path().strip_prefix("/@connections/").expect("it is a post to a connection");
    let connection: String =
        url::form_urlencoded::parse(id.as_bytes()).map(|(id, _)| id.into_owned()).collect();
    assert_eq!(request.method(), "POST");
    let signature = request.headers()["authorization"].to_str().expect("it is text").to_owned();
    assert!(signature.contains("/execute-api/aws4_request"), "{signature}");
    let body = request.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    let signal = String::from_utf8(body.to_vec()).expect("a signal is text");
    serde_json::from_str::<Value>(&signal).expect("a signal is JSON");
    let posting = shared.plan.lock().expect("no holder panics")(&connection);
    shared.posted.lock().expect("no holder panics").push(Posted { connection, signal });
    let status = match posting {
        Posting::Answer(status) => status,
        Posting::Held => std::future::pending().await,
        Posting::Cut => return Err("cut".to_owned()),
    };
    Ok(Response::builder().status(status).body(Full::default()).expect("it is a status"))
}
