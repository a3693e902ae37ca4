//! The connection to the table, and the identity of the operator.

use std::time::Duration;

use aws_config::{SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sts::{config::ProvideCredentials, error::SdkError};
use store::{Client, client};

use crate::error::Error;

pub struct Connection {
    pub client: Client,
    identity: Identity,
}

enum Identity {
    /// The user of this machine.
    Local,
    /// The caller identity of the AWS credentials.
    Aws(Box<SdkConfig>),
}

impl Connection {
    /// Connects to `endpoint_url`, or to AWS as the AWS CLI does.
    ///
    /// # Errors
    /// [`Error::NoRegion`], or [`Error::Nobody`] without credentials.
    pub async fn open(endpoint_url: Option<&str>) -> Result<Self, Error> {
        if let Some(url) = endpoint_url {
            return Ok(Self { client: client::at_endpoint(url), identity: Identity::Local });
        }
        let settings = settings().await;
        settings.region().ok_or(Error::NoRegion)?;
        let credentials = settings.credentials_provider().ok_or(Error::Nobody)?;
        credentials.provide_credentials().await.map_err(|_| Error::Nobody)?;
        let client = Client::new(&settings);
        Ok(Self { client, identity: Identity::Aws(Box::new(settings)) })
    }

    /// The operator's name in the history: an ARN, or the user of this machine for a table of `local`.
    ///
    /// # Errors
    /// [`Error::Nobody`] if AWS does not know the credentials, [`Error::WhoUnanswered`] if it does not answer.
    pub async fn who(&self) -> Result<String, Error> {
        match &self.identity {
            Identity::Local => {
                let user = std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
                Ok(format!("local:{}", user.as_deref().unwrap_or("unknown")))
            }
            Identity::Aws(settings) => {
                let caller = aws_sdk_sts::Client::new(settings).get_caller_identity().send().await;
                match caller {
                    Ok(caller) => caller.arn.ok_or(Error::Nobody),
                    Err(SdkError::ServiceError(_)) => Err(Error::Nobody),
                    Err(_) => Err(Error::WhoUnanswered),
                }
            }
        }
    }
}

/// The settings as the AWS CLI finds them.
async fn settings() -> SdkConfig {
    // Longer than in a function: AWS may be far away, and no caller waits.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build();
    aws_config::defaults(client::behavior())
        .http_client(client::http_client())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard())
        .load()
        .await
}
