//! From an event to an answer: the one way every function behind an API takes.

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
    Envelope, Failure, Request, UnauthenticatedRequest,
    logging::RequestLine,
    request::{Account, gateway_context},
};

/// The time in which an answer is given, whatever the store does: two seconds less than a function may run, so that
/// the caller gets a clean error of ours and not the gateway's.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// Of every answer with a body, the gateway's own included.
const JSON: &str = "application/json;charset=UTF-8";

/// The payload of an answer that says no more than that it is done.
#[derive(Debug, Serialize)]
pub struct Done {}

/// The payload of an answer that says something, in an envelope that has a place for it.
#[derive(Debug, Serialize)]
pub struct Data<T> {
    /// What it says.
    pub data: T,
}

/// Answers `event` with what `handle` makes of it, and logs one line of it.
///
/// An event without a principal is answered 500 and `handle` is not called; so is one that `handle` takes too long
/// for. The line holds what identifies the request and what became of it, and never a token, a header or a body.
pub async fn respond<E, P, F>(
    function: &'static str,
    event: lambda_http::Request,
    handle: impl FnOnce(Request) -> F,
) -> Response<Body>
where
    E: Envelope,
    P: Serialize,
    F: Future<Output = Result<P, Failure<E>>>,
{
    answer(function, event, Request::from_event, handle).await
}

/// The same for an API without an authorizer, whose `handle` finds out itself who calls.
pub async fn respond_unauthenticated<E, P, F>(
    function: &'static str,
    event: lambda_http::Request,
    handle: impl FnOnce(UnauthenticatedRequest) -> F,
) -> Response<Body>
where
    E: Envelope,
    P: Serialize,
    F: Future<Output = Result<P, Failure<E>>>,
{
    answer(function, event, UnauthenticatedRequest::from_event, handle).await
}

async fn answer<R, E, P, F>(
    function: &'static str,
    event: lambda_http::Request,
    read: impl FnOnce(lambda_http::Request, Account) -> Option<R>,
    handle: impl FnOnce(R) -> F,
) -> Response<Body>
where
    E: Envelope,
    P: Serialize,
    F: Future<Output = Result<P, Failure<E>>>,
{
    let started = Instant::now();
    let request_id = event.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    // What the caller sees as `x-amzn-requestid`, by which to find the line of a request that was reported.
    let gateway_request_id = gateway_context(&event).and_then(|context| context.request_id.clone());
    let account = Account::default();

    let outcome: Result<String, Failure<E>> = match read(event, account.clone()) {
        None => Err(Failure::of_ours("the event lacks what API Gateway puts there")),
        Some(request) => match tokio::time::timeout(ANSWER_WITHIN, handle(request)).await {
            Err(_) => Err(Failure::of_ours("no answer in time")),
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(payload)) => E::success(&payload).map_err(|_| Failure::of_ours("the answer has no JSON")),
        },
    };
    let Account { meter, tally } = account;
    let application = tally.application();
    let line = RequestLine {
        request_id: &request_id,
        gateway_request_id: gateway_request_id.as_deref(),
        function,
        application: application.as_deref(),
        outcome: outcome.as_ref().map_or_else(|failure| failure.answer.code(), |_| E::SUCCESS.into()),
        cause: outcome.as_ref().err().and_then(|failure| failure.cause.as_deref()),
        duration: started.elapsed(),
    };
    line.write(&meter, &tally);
    match outcome {
        Ok(body) => response::<E>(StatusCode::OK, Vec::new(), body),
        Err(Failure { answer, .. }) => response::<E>(answer.http_status(), answer.headers(), answer.body()),
    }
}

fn response<E: Envelope>(
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: String,
) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    for (name, value) in E::HEADERS {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
