//! The DynamoDB client: its retries, its time-outs and its one TLS stack.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, ConfigLoader, Region, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::{
    Client,
    config::{
        Credentials,
        retry::{RetryPartition, TokenBucket},
    },
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

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

/// A client for the deployment a function runs in: region, credentials and, where `AWS_ENDPOINT_URL` or
/// `AWS_ENDPOINT_URL_DYNAMODB` is set, the endpoint come from the environment.
pub async fn from_environment() -> Client {
    let loader = loader()
        .region(EnvironmentVariableRegionProvider::new())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new());
    connect(loader).await
}

/// A client for a DynamoDB on this machine, which takes any region and credentials.
pub async fn at_endpoint(url: &str) -> Client {
    let loader = loader()
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(url);
    connect(loader).await
}

/// The settings of whoever sits at this machine, found as the AWS CLI finds them.
pub async fn settings_of_operator() -> SdkConfig {
    // From a desk, AWS may be oceans away; nobody's request waits for it.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build();
    loader().timeout_config(timeouts).retry_config(RetryConfig::standard()).load().await
}

/// A client with these settings.
#[must_use]
pub fn with_settings(settings: &SdkConfig) -> Client {
    let config = aws_sdk_dynamodb::config::Builder::from(settings).retry_partition(quota()).build();
    Client::from_conf(config)
}

fn loader() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF_BASE);
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .timeout_config(timeouts)
        .retry_config(retries)
}

async fn connect(loader: ConfigLoader) -> Client {
    with_settings(&loader.load().await)
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
