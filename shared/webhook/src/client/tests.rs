//! A receiver on loopback, over TLS, with names that the tests choose.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_smithy_http_client::tls::TrustStore;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use standardwebhooks::Webhook;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::*;
use crate::endpoint::UrlPolicy;

/// Each look-up gives the next addresses; the last ones stay.
#[derive(Clone, Debug)]
struct Names {
    addresses: Arc<Vec<Vec<IpAddr>>>,
    looked_up: Arc<AtomicUsize>,
}

impl Names {
    fn of(addresses: &[&[&str]]) -> Self {
        let parsed = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Self { addresses: Arc::new(addresses.iter().map(parsed).collect()), looked_up: Arc::default() }
    }
}

impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        let index = self.looked_up.fetch_add(1, Ordering::Relaxed).min(self.addresses.len() - 1);
        DnsFuture::ready(Ok(self.addresses[index].clone()))
    }
}

/// A receiver's behaviour.
#[derive(Clone)]
enum Behaviour {
    Answers(String),
    AnswersThenStalls(String),
    Stalls,
    Closes,
}

struct Receiver {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    trusted: TlsContext,
}

impl Receiver {
    async fn start(behaviour: Behaviour) -> Self {
        let (acceptor, authority) = certificate();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (counted, kept) = (connections.clone(), requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut read = vec![0; 600_000];
                let mut length = 0;
                while !is_whole(&read[..length]) {
                    length += stream.read(&mut read[length..]).await.unwrap();
                }
                kept.lock().unwrap().push(String::from_utf8(read[..length].to_vec()).unwrap());
                match behaviour.clone() {
                    Behaviour::Closes => {}
                    Behaviour::Stalls => std::future::pending::<()>().await,
                    Behaviour::Answers(answer) => {
                        stream.write_all(answer.as_bytes()).await.unwrap();
                        let _ = stream.shutdown().await;
                    }
                    Behaviour::AnswersThenStalls(answer) => {
                        stream.write_all(answer.as_bytes()).await.unwrap();
                        stream.flush().await.unwrap();
                        std::future::pending::<()>().await;
                    }
                }
            }
        });
        let store = TrustStore::empty().with_pem_certificate(authority);
        let trusted = TlsContext::builder().with_trust_store(store).build().unwrap();
        Self { address, connections, requests, trusted }
    }

    fn client(&self, reach: Reach, names: Names) -> Client {
        Client::with(Resolver { reach, names }, &self.trusted)
    }

    async fn post(&self, client: &Client, body: &[u8], secrets: &[Secret]) -> Outcome {
        let url = format!("https://partner.example:{}/hooks", self.address.port());
        let endpoint = EndpointUrl::parse(&url, UrlPolicy::AnyPort).unwrap();
        client.post(&endpoint, Signed { id: "msg_1", timestamp: now(), body }, secrets).await
    }

    /// Posts to a receiver that may be on loopback.
    async fn outcome(&self) -> Outcome {
        let client = self.client(Reach::Everywhere, Names::of(&[&["127.0.0.1"]]));
        self.post(&client, b"{}", &[Secret::generate().unwrap()]).await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    request.len() == head.len() + 4 + length.parse::<usize>().unwrap()
}

/// The receiver's certificate, and the authority that signed it.
fn certificate() -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let shown =
        CertificateParams::new(["partner.example".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

fn answer(status: &str, headers: &str, body: &str) -> Behaviour {
    Behaviour::Answers(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

fn answered(status: u16, retry_after: Option<u64>, body: &str) -> Outcome {
    Outcome::Answered(Answer {
        status,
        retry_after: retry_after.map(Duration::from_secs),
        body: body.to_owned(),
    })
}

#[tokio::test]
async fn a_request_is_verified_with_each_of_its_secrets_and_with_no_other() {
    let receiver = Receiver::start(answer("200 OK", "", "好")).await;
    let client = receiver.client(Reach::Everywhere, Names::of(&[&["127.0.0.1"]]));
    let secrets = [Secret::generate().unwrap(), Secret::generate().unwrap()];
    let body = r#"{"type":"chat.messages","data":"中文 😀"}"#;

    assert_eq!(receiver.post(&client, body.as_bytes(), &secrets).await, answered(200, None, "好"));

    let request = receiver.requests.lock().unwrap()[0].clone();
    let (head, text) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(text, body);
    assert!(head.starts_with("POST /hooks HTTP/1.1\r\n"), "{head}");
    let headers: std::collections::HashMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(headers["content-type"], "application/json;charset=UTF-8");
    for secret in &secrets {
        Webhook::new(&secret.expose()).unwrap().verify(text.as_bytes(), &headers_of(&headers)).unwrap();
    }
    let other = Webhook::new(&Secret::generate().unwrap().expose()).unwrap();
    other.verify(text.as_bytes(), &headers_of(&headers)).unwrap_err();
}

#[tokio::test]
async fn a_request_without_secrets_has_no_signature() {
    let receiver = Receiver::start(answer("400 Bad Request", "", "")).await;
    let client = receiver.client(Reach::Everywhere, Names::of(&[&["127.0.0.1"]]));
    assert_eq!(receiver.post(&client, b"{}", &[]).await, answered(400, None, ""));
    let request = receiver.requests.lock().unwrap()[0].clone();
    assert!(request.contains("webhook-id: ") && !request.contains(SIGNATURE_HEADER), "{request}");
}

#[tokio::test]
async fn a_slow_body_arrives_whole_after_its_pauses_or_times_out() {
    let body = "中文".repeat(20_000);
    for (parts, is_in_time) in [(1, true), (3, true), (9, false)] {
        let receiver = Receiver::start(answer("204 No Content", "", "")).await;
        let names = Names::of(&[&["127.0.0.1"]]);
        let client =
            Client { time: Duration::from_millis(1500), ..receiver.client(Reach::Everywhere, names) };
        let url = format!("https://partner.example:{}/", receiver.address.port());
        let endpoint = EndpointUrl::parse(&url, UrlPolicy::AnyPort).unwrap();
        let message = Signed { id: "msg_1", timestamp: now(), body: body.as_bytes() };
        let start = std::time::Instant::now();
        let parts = NonZeroUsize::new(parts).unwrap();
        let outcome = client.post_slowly(&endpoint, message, [], parts, Duration::from_millis(200)).await;
        if is_in_time {
            assert_eq!(outcome, answered(204, None, ""));
            assert!(
                start.elapsed() >= Duration::from_millis(200) * (u32::try_from(parts.get()).unwrap() - 1)
            );
            assert!(receiver.requests.lock().unwrap()[0].ends_with(&format!("\r\n\r\n{body}")));
        } else {
            assert_eq!(outcome, Outcome::Failed(Failure::TimedOut));
        }
    }
}

fn headers_of(headers: &std::collections::HashMap<String, String>) -> http::HeaderMap {
    let mut map = http::HeaderMap::new();
    for name in [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER] {
        map.insert(name, headers[name].parse().unwrap());
    }
    map
}

#[tokio::test]
async fn an_answer_is_given_with_its_status_its_wish_and_its_text() {
    for (status, headers, expected) in [
        ("204 No Content", "", answered(204, None, "")),
        ("301 Moved Permanently", "location: https://elsewhere.example/\r\n", answered(301, None, "no")),
        ("410 Gone", "", answered(410, None, "no")),
        ("429 Too Many Requests", "retry-after: 7\r\n", answered(429, Some(7), "no")),
        (
            "503 Service Unavailable",
            "retry-after: Fri, 27 Nov 2026 00:00:00 GMT\r\n",
            answered(503, None, "no"),
        ),
        ("500 Internal Server Error", "retry-after: -1\r\n", answered(500, None, "no")),
    ] {
        let body = if status.starts_with("204") { "" } else { "no" };
        let receiver = Receiver::start(answer(status, headers, body)).await;
        assert_eq!(receiver.outcome().await, expected);
        // A redirect is not followed.
        assert_eq!(receiver.connections(), 1, "{status}");
    }
}

#[tokio::test]
async fn no_more_than_16_kb_of_an_answer_is_read() {
    for (length, read) in [(MAX_ANSWER, MAX_ANSWER), (MAX_ANSWER + 1, MAX_ANSWER), (5_000_000, MAX_ANSWER)] {
        let receiver = Receiver::start(answer("200 OK", "", &"x".repeat(length))).await;
        let Outcome::Answered(answer) = receiver.outcome().await else { panic!("no answer") };
        assert_eq!(answer.body.len(), read);
    }
}

#[tokio::test]
async fn a_receiver_that_closes_is_unreachable() {
    let receiver = Receiver::start(Behaviour::Closes).await;
    assert_eq!(receiver.outcome().await, Outcome::Failed(Failure::Unreachable));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let receiver =
        Receiver::start(Behaviour::Answers("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok".to_owned()))
            .await;
    assert_eq!(receiver.outcome().await, Outcome::Failed(Failure::Unreachable));
}

#[tokio::test]
async fn a_receiver_that_stalls_before_or_within_its_answer_times_out() {
    let stalls_in_body =
        Behaviour::AnswersThenStalls("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok".to_owned());
    let stalls_in_headers = Behaviour::AnswersThenStalls("HTTP/1.1 200 OK\r\n".to_owned());
    for behaviour in [Behaviour::Stalls, stalls_in_headers, stalls_in_body] {
        let receiver = Receiver::start(behaviour).await;
        let names = Names::of(&[&["127.0.0.1"]]);
        let client = Client { time: Duration::from_millis(300), ..receiver.client(Reach::Everywhere, names) };
        assert_eq!(receiver.post(&client, b"{}", &[]).await, Outcome::Failed(Failure::TimedOut));
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let resolver = Resolver { reach: Reach::Everywhere, names: Names::of(&[&["127.0.0.1"]]) };
    let client = Client::with(resolver, &TlsContext::default());
    assert_eq!(receiver.post(&client, b"{}", &[]).await, Outcome::Failed(Failure::Unreachable));
}

#[tokio::test]
async fn a_name_without_a_public_address_is_not_dialled() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    for addresses in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["169.254.169.254"],
        &["fd00:ec2::254"],
        &["10.0.0.1", "192.168.0.1", "fe80::1"],
        &[],
    ] {
        let client = receiver.client(Reach::Public, Names::of(&[addresses]));
        assert_eq!(
            receiver.post(&client, b"{}", &[]).await,
            Outcome::Failed(Failure::NotPublic),
            "{addresses:?}"
        );
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn an_address_in_a_url_is_dialled_only_where_it_may_be() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let endpoint = EndpointUrl::parse(&url, UrlPolicy::Development).unwrap();
    let message = Signed { id: "msg_1", timestamp: now(), body: b"{}" };

    let outcome = Client::new(Reach::Public).post(&endpoint, message, []).await;
    assert_eq!(outcome, Outcome::Failed(Failure::NotPublic));

    let answers = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 1000];
        let mut length = 0;
        while !is_whole(&read[..length]) {
            length += stream.read(&mut read[length..]).await.unwrap();
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    };
    let client = Client::new(Reach::Everywhere);
    let (outcome, ()) = tokio::join!(client.post(&endpoint, message, []), answers);
    assert_eq!(outcome, answered(204, None, ""));
}

#[tokio::test]
async fn a_name_that_changes_to_loopback_between_look_ups_is_not_dialled() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let names = Names::of(&[&["127.0.0.1", "10.0.0.1"], &["::1"], &["127.0.0.1"]]);
    let client = receiver.client(Reach::Public, names.clone());
    for _ in 0..3 {
        assert_eq!(receiver.post(&client, b"{}", &[]).await, Outcome::Failed(Failure::NotPublic));
    }
    assert_eq!(names.looked_up.load(Ordering::Relaxed), 3);
    assert_eq!(receiver.connections(), 0);
}
