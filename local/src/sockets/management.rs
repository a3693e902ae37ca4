//! `@connections`: the functions' side.

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    Shared,
    browser::MESSAGE_LIMIT,
    registry::{Gone, Registry},
};
use crate::{ServerHandle, signature::is_signed};

/// The close code of a connection that a function ends.
const NORMAL: u16 = 1000;

/// Serves `/@connections/<id>`.
///
/// # Errors
/// The listener has no address.
pub(super) fn serve(listener: TcpListener, shared: Arc<Shared>) -> io::Result<ServerHandle> {
    let router = Router::new()
        .route("/@connections/{id}", any(manage))
        // The limit is API Gateway's own.
        .layer(DefaultBodyLimit::disable())
        .with_state(shared);
    ServerHandle::start(listener, |listener, stop| async {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.wait()).await {
            tracing::error!("@connections: {error}");
        }
    })
}

async fn manage(
    State(shared): State<Arc<Shared>>,
    method: Method,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_signed(&headers, "execute-api") {
        return (StatusCode::FORBIDDEN, Json(json!({"message": "Missing Authentication Token"})))
            .into_response();
    }
    answer(&shared.connections, &method, &id, &body)
        .unwrap_or_else(|Gone| (StatusCode::GONE, Json(json!({"message": "Gone"}))).into_response())
}

fn answer(connections: &Registry, method: &Method, id: &str, body: &Bytes) -> Result<Response, Gone> {
    Ok(match *method {
        Method::POST if body.len() > MESSAGE_LIMIT => {
            (StatusCode::PAYLOAD_TOO_LARGE, Json(json!({"message": "Payload too large"}))).into_response()
        }
        Method::POST => {
            connections.send(id, String::from_utf8_lossy(body).into_owned())?;
            StatusCode::OK.into_response()
        }
        Method::DELETE => {
            connections.end(id, NORMAL)?;
            StatusCode::NO_CONTENT.into_response()
        }
        Method::GET => {
            let (connected_at, active_at) = connections.times(id)?;
            Json(json!({"connectedAt": connected_at.millis(), "lastActiveAt": active_at.millis()}))
                .into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    })
}
