//! Sends signed requests to endpoints.

mod slow;

use std::{error::Error, num::NonZeroUsize, time::Duration};

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::{
        dns::{DnsFuture, ResolveDns, ResolveDnsError},
        http::HttpConnector,
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};

use crate::{
    address::is_public,
    endpoint::EndpointUrl,
    secret::Secret,
    signature::{ID_HEADER, SIGNATURE_HEADER, Signed, TIMESTAMP_HEADER},
};

/// The time for an attempt, from the look-up of the name to the end of the answer.
pub const ATTEMPT_TIME: Duration = Duration::from_secs(10);
/// The bytes of an answer's body that are read. The rest is dropped with the connection.
pub const MAX_ANSWER: usize = 16 * 1024;

/// A client that dials the addresses of its [`Reach`]. It follows no redirects and ignores the environment's proxies.
#[derive(Debug)]
pub struct Client {
    reach: Reach,
    connector: Connector,
    time: Duration,
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered within [`ATTEMPT_TIME`].
    Answered(Answer),
    /// It did not.
    Failed(Failure),
}

/// A receiver's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status. 2xx is a success, 410 asks to disable the endpoint, all else is a failure.
    pub status: u16,
    /// The header `Retry-After`, if it is a number of seconds. A date is ignored.
    pub retry_after: Option<Duration>,
    /// The first [`MAX_ANSWER`] bytes of the body. Other encodings than UTF-8 are replaced.
    pub body: String,
}

/// The reason why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The host has no public address. Nothing was dialled.
    #[error("the host has no public address")]
    NotPublic,
    /// [`ATTEMPT_TIME`] passed.
    #[error("no answer within {} seconds", ATTEMPT_TIME.as_secs())]
    TimedOut,
    /// The name is unknown, the connection or TLS failed, or the answer broke off.
    #[error("the connection failed")]
    Unreachable,
}

/// The addresses that a client dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, as [`is_public`] tells them.
    Public,
    /// All addresses: for development and tests, where receivers listen on loopback.
    Everywhere,
}

impl Client {
    /// A client that resolves names as the operating system does, and trusts the certificates that it trusts.
    #[must_use]
    pub fn new(reach: Reach) -> Self {
        Self::with(Resolver { reach, names: SystemNames }, &TlsContext::default())
    }

    fn with<N: ResolveDns + Clone + 'static>(resolver: Resolver<N>, tls: &TlsContext) -> Self {
        let reach = resolver.reach;
        let builder =
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls.clone());
        Self { reach, connector: builder.build_with_resolver(resolver), time: ATTEMPT_TIME }
    }

    /// Posts a signed body, once. The body is JSON. Without secrets the request has no header for signatures.
    pub async fn post<'s>(
        &self,
        endpoint: &EndpointUrl,
        message: Signed<'_>,
        secrets: impl IntoIterator<Item = &'s Secret>,
    ) -> Outcome {
        self.send(endpoint, message, secrets, SdkBody::from(message.body)).await
    }

    /// Posts a signed body in equal parts with a pause after each but the last. [`ATTEMPT_TIME`] includes the pauses.
    pub async fn post_slowly<'s>(
        &self,
        endpoint: &EndpointUrl,
        message: Signed<'_>,
        secrets: impl IntoIterator<Item = &'s Secret>,
        parts: NonZeroUsize,
        pause: Duration,
    ) -> Outcome {
        self.send(endpoint, message, secrets, slow::body(message.body, parts, pause)).await
    }

    async fn send<'s>(
        &self,
        endpoint: &EndpointUrl,
        message: Signed<'_>,
        secrets: impl IntoIterator<Item = &'s Secret>,
        body: SdkBody,
    ) -> Outcome {
        // The connector resolves names only, and dials an address that is written in a URL.
        if self.reach == Reach::Public && endpoint.ip_address().is_some_and(|address| !is_public(address)) {
            return Outcome::Failed(Failure::NotPublic);
        }
        let attempt =
            async { read(self.connector.call(request(endpoint, message, secrets, body)?).await?).await };
        match tokio::time::timeout(self.time, attempt).await {
            Ok(Ok(answer)) => Outcome::Answered(answer),
            Ok(Err(error)) => Outcome::Failed(failure(error.as_ref())),
            Err(_) => Outcome::Failed(Failure::TimedOut),
        }
    }
}

fn request<'s>(
    endpoint: &EndpointUrl,
    message: Signed<'_>,
    secrets: impl IntoIterator<Item = &'s Secret>,
    body: SdkBody,
) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
    let mut request = HttpRequest::new(body);
    request.set_method("POST")?;
    request.set_uri(endpoint.as_str())?;
    let headers = request.headers_mut();
    headers.insert("content-type", "application/json;charset=UTF-8");
    headers.insert("content-length", message.body.len().to_string());
    headers.insert("user-agent", "third-party-service-webhooks/1");
    headers.insert(ID_HEADER, message.id.to_owned());
    headers.insert(TIMESTAMP_HEADER, message.timestamp.to_string());
    let signatures = message.signatures(secrets);
    if !signatures.is_empty() {
        headers.insert(SIGNATURE_HEADER, signatures);
    }
    Ok(request)
}

async fn read(response: HttpResponse) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let status = StatusCode::as_u16(response.status());
    let retry_after = response.headers().get("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    let mut stream = ByteStream::new(response.into_body());
    let mut body = Vec::new();
    while body.len() < MAX_ANSWER
        && let Some(part) = stream.try_next().await?
    {
        let room = MAX_ANSWER.saturating_sub(body.len());
        body.extend(part.iter().take(room));
    }
    Ok(Answer {
        status,
        retry_after: retry_after.map(Duration::from_secs),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Classifies an error by its sources, which include the resolver's error.
fn failure(error: &(dyn Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return Failure::NotPublic;
        }
        if error.downcast_ref().is_some_and(ConnectorError::is_timeout) {
            return Failure::TimedOut;
        }
        cause = error.source();
    }
    Failure::Unreachable
}

/// The name has addresses, and none is public.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NotPublic;

/// Gives the connector those addresses of a name that may be dialled. The connector dials what it gets from here, so that a name
/// that resolves to another address later changes nothing.
#[derive(Clone, Debug)]
struct Resolver<N> {
    reach: Reach,
    names: N,
}

impl<N: ResolveDns> ResolveDns for Resolver<N> {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let mut addresses = self.names.resolve_dns(name).await?;
            if self.reach == Reach::Public {
                addresses.retain(|address| is_public(*address));
            }
            if addresses.is_empty() { Err(ResolveDnsError::new(NotPublic)) } else { Ok(addresses) }
        })
    }
}

/// The operating system's names.
#[derive(Clone, Copy, Debug)]
struct SystemNames;

impl ResolveDns for SystemNames {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let addresses = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests;
