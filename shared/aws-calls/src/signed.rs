//! Requests that are signed with the credentials of the function's role.

use std::{
    error::Error,
    fmt,
    time::{Duration, SystemTime},
};

use api::{Environment, EventFailure};
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{http::HttpConnector, identity::Identity, orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use thiserror::Error as ThisError;

/// A client of one service. `Debug` does not show the credentials.
pub(crate) struct SignedClient {
    service: &'static str,
    region: String,
    identity: Identity,
    connector: Connector,
}

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
pub enum CallError {
    /// The request has no form in HTTP. Nothing was sent.
    #[error("cannot be built")]
    Invalid,
    /// There is no connection, or it broke.
    #[error("is not answered")]
    Unreachable,
    /// There is no answer in time.
    #[error("is not answered in time")]
    TimedOut,
    /// The service answered with this HTTP status.
    #[error("is answered {0}")]
    Refused(u16),
}

/// One request.
pub(crate) struct Call<'a> {
    pub(crate) method: &'static str,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'static str, &'static str)],
    pub(crate) body: &'a str,
    /// The time for the response.
    pub(crate) time: Duration,
}

impl fmt::Debug for SignedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedClient").field("service", &self.service).finish_non_exhaustive()
    }
}

impl From<CallError> for EventFailure {
    fn from(error: CallError) -> Self {
        Self::caused_by(&format!("the call of AWS {error}"))
    }
}

impl SignedClient {
    /// A client of `service`, by its name in signatures. Lambda sets `AWS_REGION` and the credentials.
    pub(crate) fn of(service: &'static str, environment: &Environment) -> Self {
        let value = |name| optional(environment, name);
        let credentials = Credentials::new(
            value("AWS_ACCESS_KEY_ID").unwrap_or_default(),
            value("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
            value("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        Self {
            service,
            region: value("AWS_REGION").unwrap_or_default(),
            identity: credentials.into(),
            connector: Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build(),
        }
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// [`CallError`] unless the status of the response is a success.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<(), CallError> {
        let request = self.request(call).map_err(|_| CallError::Invalid)?;
        match tokio::time::timeout(call.time, self.connector.call(request)).await {
            Ok(Ok(response)) if response.status().is_success() => Ok(()),
            Ok(Ok(response)) => Err(CallError::Refused(response.status().as_u16())),
            Ok(Err(_)) => Err(CallError::Unreachable),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    fn request(&self, call: &Call<'_>) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
        let body = SignableBody::Bytes(call.body.as_bytes());
        let signable = SignableRequest::new(call.method, call.url, call.headers.iter().copied(), body)?;
        let parameters = SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?;
        let (instructions, _) = sign(signable, &parameters.into())?.into_parts();
        let (signed, _) = instructions.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(call.body));
        request.set_method(call.method)?;
        request.set_uri(call.url)?;
        for (name, value) in call.headers {
            request.headers_mut().insert(*name, *value);
        }
        for header in signed {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }
}

/// A variable that may be absent. A blank one is treated as absent.
pub(crate) fn optional(environment: &Environment, name: &'static str) -> Option<String> {
    environment.get::<String>(name).ok().filter(|value| !value.trim().is_empty())
}
