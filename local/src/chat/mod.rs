//! `/chat`: a page with a user's window and a partner's forms, through the real endpoints.

use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};

use crate::demo::{CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN};

/// The page's own script and style only; messages may have images from anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src http: https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn pages() -> Router {
    let page = include_str!("index.html")
        .replace("{customer_service}", CUSTOMER_SERVICE_TOKEN)
        .replace("{message_push}", MESSAGE_PUSH_TOKEN)
        .replace("{platform}", PLATFORM_TOKEN);
    Router::new()
        .route("/chat", get(move || async move { file("text/html;charset=UTF-8", page) }))
        .route("/chat/chat.css", get(|| async { file("text/css;charset=UTF-8", include_str!("chat.css")) }))
        .route(
            "/chat/chat.js",
            get(|| async { file("text/javascript;charset=UTF-8", include_str!("chat.js")) }),
        )
        .route("/chat/picture.svg", get(|| async { file("image/svg+xml", include_str!("picture.svg")) }))
}

fn file(content_type: &'static str, text: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CONTENT_SECURITY_POLICY, POLICY)], text)
}
