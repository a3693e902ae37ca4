//! `/chat`: a page with a user's window and a partner's forms, through the real endpoints.

use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};

use crate::demo::{CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN};

const SCRIPT: &str = "text/javascript;charset=UTF-8";

/// The files of the page: path, type, text.
const FILES: [(&str, &str, &str); 5] = [
    ("/chat/chat.css", "text/css;charset=UTF-8", include_str!("chat.css")),
    ("/chat/chat.js", SCRIPT, include_str!("chat.js")),
    ("/chat/socket.js", SCRIPT, include_str!("socket.js")),
    ("/chat/reader.js", SCRIPT, include_str!("reader.js")),
    ("/chat/picture.svg", "image/svg+xml", include_str!("picture.svg")),
];

/// The page. Its scripts connect to its own origin, and to the socket API at `socket_url`.
pub fn pages(socket_url: &str) -> Router {
    let policy = policy(socket_url);
    let page = include_str!("index.html")
        .replace("{customer_service}", CUSTOMER_SERVICE_TOKEN)
        .replace("{message_push}", MESSAGE_PUSH_TOKEN)
        .replace("{platform}", PLATFORM_TOKEN);
    let files = FILES.map(|(path, content_type, text)| (path, content_type, text.to_owned()));
    files.into_iter().chain([("/chat", "text/html;charset=UTF-8", page)]).fold(
        Router::new(),
        |router, (path, content_type, text)| {
            let headers =
                [(CONTENT_TYPE, content_type.to_owned()), (CONTENT_SECURITY_POLICY, policy.clone())];
            router.route(path, get(move || async move { (headers, text).into_response() }))
        },
    )
}

/// The page's own scripts, style and endpoints, and its socket. The socket has another origin than a page that is opened under
/// another name of this machine. Messages may have images from anywhere.
fn policy(socket_url: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {socket_url}; \
         img-src http: https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
