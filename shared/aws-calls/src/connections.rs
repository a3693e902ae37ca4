//! `@connections`: messages to the clients of the socket API.

use std::time::Duration;

use api::{Environment, EnvironmentError};
use model::{ConnectionId, platform::Signal};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::signed::{Call, CallError, SignedClient};

/// The time for one call.
const TIME: Duration = Duration::from_secs(1);

/// The status of a connection that does not exist.
const GONE: u16 = 410;

/// The connections of the socket API.
#[derive(Debug)]
pub struct Connections {
    url: String,
    client: SignedClient,
}

/// The outcome of a message to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// API Gateway accepted it. The client may still not get it.
    Accepted,
    /// There is no such connection.
    Gone,
}

impl Connections {
    /// The connections of the API and stage at the URL `CONNECTIONS_URL`.
    ///
    /// # Errors
    /// [`EnvironmentError`] if there is no URL.
    pub fn new(environment: &Environment) -> Result<Self, EnvironmentError> {
        let url: String = environment.get("CONNECTIONS_URL")?;
        let client = SignedClient::of("execute-api", environment);
        Ok(Self { url: format!("{}/@connections", url.trim_end_matches('/')), client })
    }

    /// Sends a signal to a connection.
    ///
    /// # Errors
    /// [`CallError`] unless API Gateway answers within a second that it accepts it, or that there is no such connection.
    pub async fn post(&self, connection: &ConnectionId, signal: &Signal) -> Result<Posted, CallError> {
        let body = serde_json::to_string(signal).map_err(|_| CallError::Invalid)?;
        self.call("POST", connection, &[("content-type", "application/json")], &body).await
    }

    /// Closes a connection, if it exists.
    ///
    /// # Errors
    /// Those of [`Self::post`].
    pub async fn close(&self, connection: &ConnectionId) -> Result<(), CallError> {
        self.call("DELETE", connection, &[], "").await.map(|_| ())
    }

    async fn call(
        &self,
        method: &'static str,
        connection: &ConnectionId,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> Result<Posted, CallError> {
        // Ids end with `=` and may contain `/`.
        let url = format!("{}/{}", self.url, utf8_percent_encode(connection.as_str(), NON_ALPHANUMERIC));
        match self.client.send(&Call { method, url: &url, headers, body, time: TIME }).await {
            Ok(()) => Ok(Posted::Accepted),
            Err(CallError::Refused(GONE)) => Ok(Posted::Gone),
            Err(error) => Err(error),
        }
    }
}
