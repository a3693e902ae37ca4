//! The gateway over HTTP.

use std::{io, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::Response,
};
use futures_util::StreamExt;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{Call, Gateway, REQUEST_LIMIT};
use crate::ServerHandle;

/// Serves `gateway`, and `pages` outside of it.
///
/// # Errors
/// The listener has no address.
pub fn serve(listener: TcpListener, gateway: Gateway, pages: Router) -> io::Result<ServerHandle> {
    let router = Router::new().fallback(answer).with_state(Arc::new(gateway)).merge(pages);
    ServerHandle::start(listener, |listener, stop| async {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.wait()).await {
            tracing::error!("the gateway: {error}");
        }
    })
}

/// Answers one request, and logs its method, path and status.
async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let body = read(body).await;
    let id = Uuid::new_v4();
    let call = Call { method: head.method, uri: head.uri, headers: head.headers, body, id };
    let answer = gateway.answer(&call).await;
    tracing::info!("{} {} {} in {:.0?}", answer.status, call.method, call.uri.path(), started.elapsed());
    answer.into_response(&id.to_string())
}

/// The body; `None` if it exceeds the limit.
///
/// The rest is read and dropped: a client that is still sending does not read the response.
async fn read(body: Body) -> Option<Vec<u8>> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut size = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        size += chunk.len();
        if size <= REQUEST_LIMIT {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
    }
    (size <= REQUEST_LIMIT).then_some(bytes)
}
