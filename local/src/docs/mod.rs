//! `/docs`: the API reference, on which each endpoint can be called; and the same page as files, for publication.

mod viewer;

use std::{
    fs,
    io::{Error, Result},
    path::Path,
};

use axum::{
    Router,
    body::Body,
    extract::Path as UrlPath,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::demo::{CLIENT_ID, CLIENT_SECRET, CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN};

pub const DOCUMENT: &str = include_str!("../../../docs/openapi.yaml");

/// The page's own origin only. The viewer needs inline styles and data images. The page contains the same policy, for where it
/// is published.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
    img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'";

/// Our own files, besides `index.html`.
const OWN: [(&str, &str); 3] = [
    ("docs.js", include_str!("docs.js")),
    ("docs.css", include_str!("docs.css")),
    ("openapi.yaml", DOCUMENT),
];

/// The page for this process, with the demo's credentials if `has_demo`.
pub fn pages(has_demo: bool) -> Router {
    let demo = json!({
        "client": {"username": CLIENT_ID, "password": CLIENT_SECRET},
        "customerService": CUSTOMER_SERVICE_TOKEN,
        "messagePush": MESSAGE_PUSH_TOKEN,
        "platform": PLATFORM_TOKEN,
    });
    let credentials = if has_demo { demo } else { json!({}) };
    let index = index(&json!({"isServedByTheApi": true, "credentials": credentials}));
    Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(move || async move { file("index.html", index) }))
        .route("/docs/{name}", get(async |UrlPath(name): UrlPath<String>| part(&name)))
}

/// Writes the page into a folder, without the demo's credentials.
///
/// # Errors
/// The folder cannot be written, or the viewer's archive cannot be read.
pub fn write(folder: &Path) -> Result<()> {
    let named = |error: Error| Error::new(error.kind(), format!("{}: {error}", folder.display()));
    let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content).map_err(named);
    fs::create_dir_all(folder).map_err(named)?;
    write("index.html", index(&json!({"isServedByTheApi": false, "credentials": {}})).as_bytes())?;
    OWN.iter().try_for_each(|(name, text)| write(name, text.as_bytes()))?;
    viewer::NAMES.into_iter().try_for_each(|name| write(name, &viewer::read(name)?))
}

/// `index.html`. `settings` hold whether the API has the origin of the page, and the credentials per security scheme.
fn index(settings: &Value) -> String {
    include_str!("index.html").replace("{policy}", POLICY).replace("{settings}", &settings.to_string())
}

/// The files of `index.html`. Those of the viewer are read on demand: most processes never serve them.
fn part(name: &str) -> Response {
    if let Some((name, text)) = OWN.iter().find(|(own, _)| *own == name) {
        return file(name, *text);
    }
    if !viewer::NAMES.contains(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    viewer::read(name)
        .map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |content| file(name, content))
}

fn file(name: &str, content: impl Into<Body>) -> Response {
    let content_type = match name.rsplit_once('.') {
        Some((_, "html")) => "text/html;charset=UTF-8",
        Some((_, "js")) => "text/javascript;charset=UTF-8",
        Some((_, "css")) => "text/css;charset=UTF-8",
        Some((_, "png")) => "image/png",
        Some((_, "txt")) => "text/plain;charset=UTF-8",
        _ => "application/yaml;charset=UTF-8",
    };
    // Framing can be forbidden by a header only.
    let policy = format!("{POLICY}; frame-ancestors 'none'");
    let headers = [(CONTENT_TYPE, content_type), (CONTENT_SECURITY_POLICY, policy.as_str())];
    (headers, content.into()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_whole_and_holds_nothing_of_the_demo() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("docs")).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join("docs").join(name)).unwrap();
        assert_eq!(read("openapi.yaml"), DOCUMENT);
        let page = read("index.html");
        let referred = page.split(" src=\"").skip(1).chain(page.split(" rel=\"stylesheet\" href=\"").skip(1));
        let referred: Vec<_> = referred.filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(referred.len(), 4, "{referred:?}");
        for name in [vec!["index.html", "openapi.yaml"], referred].concat() {
            let text = read(name);
            assert!(!text.is_empty(), "{name}");
            for secret in [CLIENT_SECRET, CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN] {
                assert!(!text.contains(secret), "{name}");
            }
        }
    }
}
