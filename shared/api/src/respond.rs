//! From an event to an answer: the one way every function behind an API takes.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use lambda_http::{
    Body, RequestExt, Response,
    http::{StatusCode, header::CONTENT_TYPE},
    request::RequestContext,
};
use serde::Serialize;
use store::Meter;

use crate::{Envelope, Failure, Request, Tally, logging::RequestLine};

/// The time in which an answer is given, whatever the store does: two seconds less than a function may run, so that
/// the caller gets a clean error of ours and not the gateway's.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// Of every answer with a body, the gateway's own included.
const JSON: &str = "application/json;charset=UTF-8";

/// The payload of an answer that says no more than that it is done.
#[derive(Debug, Serialize)]
pub struct Done {}

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
    let started = Instant::now();
    let request_id = event.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    let gateway_request_id = gateway_request_id(&event);
    let (meter, tally) = (Meter::default(), Tally::default());
    let request = Request::from_event(event, meter.clone(), tally.clone());
    let application = request.as_ref().map(|request| request.principal.app.to_string());

    let outcome: Result<String, Failure<E>> = match request {
        None => Err(Failure::of_ours("no principal in the event")),
        Some(request) => match tokio::time::timeout(ANSWER_WITHIN, handle(request)).await {
            Err(_) => Err(Failure::of_ours("no answer in time")),
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(payload)) => E::success(&payload).map_err(|_| Failure::of_ours("the answer has no JSON")),
        },
    };
    let code = outcome.as_ref().map_or_else(|failure| failure.answer.code(), |_| E::SUCCESS);
    let cause = outcome.as_ref().err().and_then(|failure| failure.cause.as_deref());
    let line = RequestLine {
        request_id: &request_id,
        gateway_request_id: gateway_request_id.as_deref(),
        function,
        application: application.as_deref(),
        outcome: code.into(),
        cause,
        duration: started.elapsed(),
    };
    line.write(&meter, &tally);
    match outcome {
        Ok(body) => json(StatusCode::OK, body),
        Err(failure) => json(failure.answer.http_status(), failure.answer.body()),
    }
}

/// The id that the caller sees as `x-amzn-requestid`, by which to find the line of a request that was reported.
fn gateway_request_id(event: &lambda_http::Request) -> Option<String> {
    match event.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => context.request_id.clone(),
        _ => None,
    }
}

fn json(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, lambda_http::http::HeaderValue::from_static(JSON));
    response
}
