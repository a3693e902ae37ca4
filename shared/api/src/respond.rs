//! From an event to a response: the one way that every function behind an API takes.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use lambda_http::{
    Body, RequestExt, Response,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
};
use serde::Serialize;

use crate::{
    ErrorResponse, Failure, FromEvent, Product, RequestMetrics, logging::RequestLine,
    request::gateway_context,
};

/// The deadline of a response, whatever the store does: two seconds less than a function may run, so that the caller gets
/// an error in the product's envelope and not Lambda's time-out.
pub const RESPONSE_DEADLINE: Duration = Duration::from_secs(8);

/// The content type of every response, API Gateway's own included.
const JSON: &str = "application/json;charset=UTF-8";

/// The payload of a success that has none.
#[derive(Debug, Serialize)]
pub struct Empty {}

/// A payload in the field `data` of its envelope.
#[derive(Debug, Serialize)]
pub struct Data<T> {
    /// The payload.
    pub data: T,
}

/// Answers `event` with the result of `handle`, and logs one line.
///
/// An event without a principal is answered 500 and `handle` is not called; a `handle` that exceeds [`RESPONSE_DEADLINE`]
/// is answered 500 too. The line identifies the request and its outcome, and never holds a token, a header or a body.
pub async fn respond<R, P, T, F>(
    function: &str,
    event: lambda_http::Request,
    handle: impl FnOnce(R) -> F,
) -> Response<Body>
where
    R: FromEvent,
    P: Product,
    T: Serialize,
    F: Future<Output = Result<T, Failure<P>>>,
{
    let started = Instant::now();
    let request_id = event.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    // The caller sees it as `x-amzn-requestid`: the key to find the log line of a reported request.
    let gateway_request_id = gateway_context(&event).and_then(|context| context.request_id.clone());
    let metrics = RequestMetrics::default();

    let outcome: Result<String, Failure<P>> = match R::from_event(event, metrics.clone()) {
        None => Err(Failure::internal("the event lacks what API Gateway puts there")),
        Some(request) => match tokio::time::timeout(RESPONSE_DEADLINE, handle(request)).await {
            Err(_) => Err(Failure::internal("no answer in time")),
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(payload)) => P::success(&payload).map_err(|_| Failure::internal("the answer has no JSON")),
        },
    };
    let (response, cause) = match outcome {
        Ok(body) => (Ok(body), None),
        Err(Failure { error, cause }) => (Err(P::failure(&error)), cause),
    };
    let line = RequestLine {
        request_id: &request_id,
        gateway_request_id: gateway_request_id.as_deref(),
        function,
        outcome: response.as_ref().map_or_else(|error| error.code.clone(), |_| P::SUCCESS.into()),
        cause: cause.as_deref(),
        duration: started.elapsed(),
    };
    line.write(&metrics);
    match response {
        Ok(body) => http_response::<P>(StatusCode::OK, Vec::new(), body),
        Err(ErrorResponse { status, headers, body, .. }) => http_response::<P>(status, headers, body),
    }
}

fn http_response<P: Product>(
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: String,
) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    for (name, value) in P::HEADERS {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
