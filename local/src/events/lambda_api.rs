//! `Invoke` of Lambda's API over HTTP, for asynchronous invocations.

use std::io;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, Response, StatusCode},
    routing::post,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::asynchronous::Invoker;
use crate::{ServerHandle, signature::is_signed};

/// Lambda's limit of an asynchronous invocation's event, in bytes.
const EVENT_LIMIT: usize = 1024 * 1024;

/// Serves the API. A function is named by its logical id.
///
/// # Errors
/// The listener has no address.
pub(super) fn serve(listener: TcpListener, invoker: Invoker) -> io::Result<ServerHandle> {
    let router = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        // The limit is this page's own, so that the answer is Lambda's.
        .layer(DefaultBodyLimit::disable())
        .with_state(invoker);
    ServerHandle::start(listener, |listener, stop| async {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.wait()).await {
            tracing::error!("Lambda's API: {error}");
        }
    })
}

async fn invoke(
    State(invoker): State<Invoker>,
    Path(name): Path<String>,
    headers: HeaderMap,
    event: Bytes,
) -> Response<Body> {
    match accept(&invoker, &name, &headers, &event) {
        Ok(()) => answer(StatusCode::ACCEPTED, None, Body::empty()),
        Err(refusal) => {
            let text = json!({"Type": "User", "Message": refusal.message});
            answer(refusal.status, Some(refusal.kind), Body::from(text.to_string()))
        }
    }
}

/// An answer that is an error.
struct Refusal {
    status: StatusCode,
    /// The type in the header `x-amzn-errortype`.
    kind: &'static str,
    message: &'static str,
}

const fn refusal(status: StatusCode, kind: &'static str, message: &'static str) -> Refusal {
    Refusal { status, kind, message }
}

fn accept(invoker: &Invoker, name: &str, headers: &HeaderMap, event: &Bytes) -> Result<(), Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_signed(headers, "lambda") {
        return Err(refusal(
            StatusCode::FORBIDDEN,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ));
    }
    if header("x-amz-invocation-type") != "Event" {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "InvalidParameterValueException",
            "only asynchronous invocations are known here",
        ));
    }
    if event.len() > EVENT_LIMIT {
        return Err(refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            "the event is larger than 1 MB",
        ));
    }
    let event = str::from_utf8(event).ok().filter(|text| serde_json::from_str::<Value>(text).is_ok());
    let event = event.ok_or(refusal(
        StatusCode::BAD_REQUEST,
        "InvalidRequestContentException",
        "the event is not JSON",
    ))?;
    invoker.invoke(name, event.to_owned()).map_err(|_| {
        refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", "there is no function of this name")
    })
}

fn answer(status: StatusCode, kind: Option<&'static str>, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert("x-amzn-errortype", axum::http::HeaderValue::from_static(kind));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderValue;

    use super::*;
    use crate::events::test_function::TestFunction;

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=x/20261121/us-east-1/lambda/aws4_request, Signature=0";

    async fn status(
        invoker: &Invoker,
        name: &str,
        headers: [(&'static str, &'static str); 2],
        event: &str,
    ) -> u16 {
        let headers = headers.map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), HeaderValue::from_static(value))
        });
        let headers = HeaderMap::from_iter(headers);
        let event = Bytes::from(event.to_owned());
        invoke(State(invoker.clone()), Path(name.to_owned()), headers, event).await.status().as_u16()
    }

    #[tokio::test]
    async fn a_signed_asynchronous_invocation_is_accepted_and_anything_else_refused() {
        let function = TestFunction::new(|_, _| Ok("null".to_owned()));
        let invoker = Invoker::new(function.functions(0, Duration::from_mins(1)));
        let good = [("authorization", SIGNED), ("x-amz-invocation-type", "Event")];
        assert_eq!(status(&invoker, "F", good, r#"{"source":1}"#).await, 202);
        assert_eq!(function.wait_for(1).await, [r#"{"source":1}"#]);

        assert_eq!(status(&invoker, "G", good, "{}").await, 404);
        assert_eq!(status(&invoker, "F", good, "{").await, 400);
        assert_eq!(status(&invoker, "F", good, "").await, 400);
        let waits = [("authorization", SIGNED), ("x-amz-invocation-type", "RequestResponse")];
        assert_eq!(status(&invoker, "F", waits, "{}").await, 400);
        let unsigned = [("authorization", "Bearer x"), ("x-amz-invocation-type", "Event")];
        assert_eq!(status(&invoker, "F", unsigned, "{}").await, 403);
        let of_length = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert_eq!(status(&invoker, "F", good, &of_length(EVENT_LIMIT + 1)).await, 413);
        assert_eq!(status(&invoker, "F", good, &of_length(EVENT_LIMIT)).await, 202);
        assert_eq!(function.wait_for(2).await.len(), 2);
    }
}
