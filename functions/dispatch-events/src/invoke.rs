//! Asynchronous invocations of a Lambda function: one signed POST each, without the SDK of Lambda.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use api::{Environment, EnvironmentError, EventFailure};
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

/// The time for an invocation to be accepted.
const TIME: Duration = Duration::from_secs(3);

/// Invokes one function. `Debug` does not show the credentials.
pub struct Invoker {
    url: String,
    region: String,
    identity: Identity,
    connector: Connector,
}

impl fmt::Debug for Invoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoker").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Invoker {
    /// An invoker of the function `DELIVERY_FUNCTION`.
    ///
    /// Lambda sets `AWS_REGION` and the credentials. `LAMBDA_ENDPOINT` is the URL of Lambda's API, unless an operator sets
    /// `AWS_ENDPOINT_URL_LAMBDA` or `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// [`EnvironmentError`] if there is no function or no endpoint.
    pub(crate) fn new(environment: &Environment) -> Result<Self, EnvironmentError> {
        let optional = |name| environment.get::<String>(name).ok().filter(|value| !value.trim().is_empty());
        let endpoint = match optional("AWS_ENDPOINT_URL_LAMBDA").or_else(|| optional("AWS_ENDPOINT_URL")) {
            Some(endpoint) => endpoint,
            None => environment.get("LAMBDA_ENDPOINT")?,
        };
        let function: String = environment.get("DELIVERY_FUNCTION")?;
        let credentials = Credentials::new(
            optional("AWS_ACCESS_KEY_ID").unwrap_or_default(),
            optional("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
            optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        Ok(Self {
            url: format!("{}/2015-03-31/functions/{function}/invocations", endpoint.trim_end_matches('/')),
            region: optional("AWS_REGION").unwrap_or_default(),
            identity: credentials.into(),
            connector: Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build(),
        })
    }

    /// Queues an invocation with this JSON. Lambda runs it later, or never: it is a hint.
    pub(crate) async fn invoke(&self, payload: &str) -> Result<(), EventFailure> {
        let request = self.request(payload).map_err(|_| failure("cannot be built"))?;
        match tokio::time::timeout(TIME, self.connector.call(request)).await {
            Ok(Ok(response)) if response.status().is_success() => Ok(()),
            Ok(Ok(response)) => Err(failure(&format!("is answered {}", response.status()))),
            Ok(Err(_)) => Err(failure("is not answered")),
            Err(_) => Err(failure("is not answered in time")),
        }
    }

    fn request(&self, payload: &str) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        let headers = [("content-type", "application/json"), ("x-amz-invocation-type", "Event")];
        let body = SignableBody::Bytes(payload.as_bytes());
        let signable = SignableRequest::new("POST", self.url.as_str(), headers.into_iter(), body)?;
        let parameters = SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("lambda")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?;
        let (instructions, _) = sign(signable, &parameters.into())?.into_parts();
        let (signed, _) = instructions.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(payload));
        request.set_method("POST")?;
        request.set_uri(self.url.as_str())?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        for header in signed {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }
}

fn failure(why: &str) -> EventFailure {
    EventFailure::caused_by(&format!("Invoke {why}"))
}
