//! The DynamoDB client: its retries, its time-outs and its one TLS stack.

use std::{
    env,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, Builder, Credentials, Region, SharedHttpClient,
        retry::{RetryConfig, RetryPartition, TokenBucket},
        timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// The SDK's defaults of a day, which no update changes.
#[must_use]
pub fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// How often an operation is tried in all.
const ATTEMPTS: u32 = 4;

/// The base of the exponential backoff between attempts. DynamoDB answers within milliseconds, so that the SDK's
/// own base of a second would spend the caller's time on waiting.
const BACKOFF_BASE: Duration = Duration::from_millis(25);

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long one operation may take with all its attempts.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(2500);

/// What a client may spend on further attempts while nothing succeeds, and what each costs: 100 in all, so that an
/// outage does not get several times the load that it could not take once. Successes pay back.
const RETRY_QUOTA: usize = 500;
const RETRY_COST: u32 = 5;

/// A client for the deployment a function runs in. All it needs stands in the environment, as Lambda sets it: `AWS_REGION`,
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; and where an operator sets them,
/// `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`. What is
/// missing fails the first call.
///
/// How long that took goes to the log, most of it for reading the certificates to trust.
#[must_use]
pub fn from_environment() -> Client {
    let began = Instant::now();
    let mut config = builder()
        .region(variable("AWS_REGION").map(Region::new))
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| variable("AWS_ENDPOINT_URL")));
    if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        let session = variable("AWS_SESSION_TOKEN");
        config = config.credentials_provider(Credentials::new(id, secret, session, None, "environment"));
    }
    let client = Client::from_conf(config.build());
    tracing::debug!(micros = began.elapsed().as_micros(), "set up the client of DynamoDB");
    client
}

/// A client for a DynamoDB on this machine, which takes any region and credentials.
#[must_use]
pub fn at_endpoint(url: &str) -> Client {
    let config = builder()
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// The one TLS stack. A client that is made of it reads the certificates that the machine trusts: those of the file
/// `SSL_CERT_FILE`, if that is set.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

fn builder() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF_BASE);
    Builder::new()
        .behavior_version(behavior())
        .http_client(http_client())
        .timeout_config(timeouts)
        .retry_config(retries)
        .retry_partition(quota())
}

/// What an environment variable says; one that is empty says nothing.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_true(name: &str) -> bool {
    variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// A quota of this client's own: by default, all clients of a process share one.
fn quota() -> RetryPartition {
    let bucket = TokenBucket::builder()
        .capacity(RETRY_QUOTA)
        .retry_cost(RETRY_COST)
        .throttling_retry_cost(RETRY_COST)
        .timeout_retry_cost(RETRY_COST)
        .build();
    RetryPartition::custom("store").token_bucket(bucket).build()
}
