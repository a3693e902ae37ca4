//! The SDK's client: configuration, timeouts and TLS.

use std::{
    env,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, Builder, Config, Credentials, Region, SharedHttpClient, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// The SDK's pinned defaults, which an update of the SDK does not change.
#[must_use]
pub fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// A client that is configured from environment variables.
///
/// Lambda sets `AWS_REGION` (or `AWS_DEFAULT_REGION`), `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
/// `AWS_SESSION_TOKEN`. An operator may set `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT` and
/// `AWS_USE_DUALSTACK_ENDPOINT`. A missing variable makes the first operation fail.
///
/// Logs the duration at debug level. Most of it is spent on reading the trusted certificates.
#[must_use]
pub fn from_environment() -> Client {
    let began = Instant::now();
    let client = Client::from_conf(config_of(|name| env::var(name).ok()));
    tracing::debug!(micros = began.elapsed().as_micros(), "set up the client of DynamoDB");
    client
}

/// `variable` looks up an environment variable. A blank one is treated as absent.
fn config_of(variable: impl Fn(&str) -> Option<String>) -> Config {
    let first = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| variable(name));
        values.find(|value| !value.trim().is_empty())
    };
    let is_true = |name| first(&[name]).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut config = builder()
        .region(first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).map(Region::new))
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(first(&["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"]));
    if let (Some(id), Some(secret)) = (first(&["AWS_ACCESS_KEY_ID"]), first(&["AWS_SECRET_ACCESS_KEY"])) {
        let session = first(&["AWS_SESSION_TOKEN"]);
        config = config.credentials_provider(Credentials::new(id, secret, session, None, "environment"));
    }
    config.build()
}

/// A client for DynamoDB Local or an emulator at `url`, which accepts any region and credentials.
#[must_use]
pub fn at_endpoint(url: &str) -> Client {
    let config = builder()
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// HTTPS with rustls and ring, the only TLS stack of this workspace. A client that is built with it reads the trusted
/// certificates: the file `SSL_CERT_FILE` if that is set, otherwise the system's bundle and folders.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

fn builder() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    Builder::new()
        .behavior_version(behavior())
        .http_client(http_client())
        .timeout_config(timeouts)
        // The module `retry` decides about retries.
        .retry_config(RetryConfig::disabled())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(variables: &[(&str, &str)]) -> Config {
        config_of(|name| {
            let variable = variables.iter().find(|(variable, _)| *variable == name);
            variable.map(|(_, value)| (*value).to_owned())
        })
    }

    fn region(variables: &[(&str, &str)]) -> Option<String> {
        configured(variables).region().map(ToString::to_string)
    }

    /// The debug output, for settings without a getter.
    fn debug(variables: &[(&str, &str)]) -> String {
        format!("{:?}", configured(variables))
    }

    #[test]
    fn aws_region_precedes_aws_default_region_and_a_blank_one_is_ignored() {
        let (lambdas, default) = (("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "us-east-1"));
        assert_eq!(region(&[lambdas, default]).as_deref(), Some("eu-west-1"));
        assert_eq!(region(&[default]).as_deref(), Some("us-east-1"));
        assert_eq!(region(&[("AWS_REGION", " "), default]).as_deref(), Some("us-east-1"));
        assert_eq!(region(&[]), None);
    }

    #[test]
    fn the_endpoint_of_dynamodb_precedes_that_of_all_services_and_a_blank_one_is_ignored() {
        let (own, all) = (("AWS_ENDPOINT_URL_DYNAMODB", "http://own"), ("AWS_ENDPOINT_URL", "http://all"));
        let both = debug(&[own, all]);
        assert!(both.contains("http://own") && !both.contains("http://all"), "{both}");
        assert!(debug(&[("AWS_ENDPOINT_URL_DYNAMODB", ""), all]).contains("http://all"));
        assert!(!debug(&[("AWS_ENDPOINT_URL", "")]).contains("EndpointUrl("));
    }
}
