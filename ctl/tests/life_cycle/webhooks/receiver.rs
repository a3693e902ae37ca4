//! A receiver on loopback that gives one answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use standardwebhooks::Webhook;
use tests::REFERENCE;
use tokio::{net::TcpListener, task::JoinHandle};

type Requests = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

pub struct Receiver {
    pub port: u16,
    requests: Requests,
    served: JoinHandle<()>,
}

impl Receiver {
    pub async fn answering(status: u16, body: &str) -> Self {
        let (status, body) = (StatusCode::from_u16(status).unwrap(), body.to_owned());
        let requests = Requests::default();
        let answer = async move |State(requests): State<Requests>, headers: HeaderMap, content: Bytes| {
            requests.lock().unwrap().push((headers, content));
            (status, body)
        };
        let app = Router::new().route("/hooks", post(answer)).with_state(requests.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { port, requests, served }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// The bodies of the requests, which the document describes.
    pub fn bodies(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let body = |(headers, body): &(HeaderMap, Bytes)| {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
            let body = String::from_utf8(body.to_vec()).unwrap();
            REFERENCE.check_webhook(&headers.collect::<BTreeMap<_, _>>(), &body);
            body
        };
        requests.iter().map(body).collect()
    }

    /// Whether the last request has a signature by this secret.
    pub fn believes(&self, secret: &str) -> bool {
        let requests = self.requests.lock().unwrap();
        let (headers, body) = requests.last().unwrap();
        Webhook::new(secret).unwrap().verify(body, headers).is_ok()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.served.abort();
    }
}
