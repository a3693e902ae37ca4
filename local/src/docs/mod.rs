//! `/docs`: the reference as a page, on which each endpoint can be called. The same page as files, to be published.

mod viewer;

use std::{
    fs,
    io::{self, Error},
    path::Path,
    sync::Arc,
};

use axum::{
    Router,
    extract::{Path as UrlPath, State},
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::demo::{CLIENT_ID, CLIENT_SECRET, CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN};

/// The reference itself.
pub const DOCUMENT: &str = include_str!("../../../docs/openapi.yaml");

/// Only what is of the page's own origin, and calls to it. The viewer draws with inline styles, and its icons are data. The page
/// says the same of itself, for where it is published.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
    img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'";

/// One file of the page.
struct File {
    name: &'static str,
    content: Vec<u8>,
}

type Files = State<Arc<Vec<File>>>;

/// The page, which calls this process; with what the demo shows to be let in, if the demo is here.
///
/// # Errors
/// That the viewer's archive cannot be read.
pub fn pages(has_demo: bool) -> io::Result<Router> {
    let demo = json!({
        "client": {"username": CLIENT_ID, "password": CLIENT_SECRET},
        "customerService": CUSTOMER_SERVICE_TOKEN,
        "messagePush": MESSAGE_PUSH_TOKEN,
        "platform": PLATFORM_TOKEN,
    });
    let credentials = if has_demo { demo } else { json!({}) };
    let files = files(&json!({"isServedByTheApi": true, "credentials": credentials}))?;
    Ok(Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(async |State(files): Files| answer(&files, "index.html")))
        .route(
            "/docs/{name}",
            get(async |State(files): Files, UrlPath(name): UrlPath<String>| answer(&files, &name)),
        )
        .with_state(Arc::new(files)))
}

/// Writes the page into a folder: the same files, with nothing of the demo.
///
/// # Errors
/// That the folder cannot be written, or the viewer's archive not read.
pub fn write(folder: &Path) -> io::Result<()> {
    let named = |error: Error| Error::new(error.kind(), format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(named)?;
    files(&json!({"isServedByTheApi": false, "credentials": {}}))?
        .iter()
        .try_for_each(|file| fs::write(folder.join(file.name), &file.content))
        .map_err(named)
}

/// What the page is made of. `settings` say whether the API is where the page is, and by security scheme what is filled in: a token,
/// or a user name and a password.
fn files(settings: &Value) -> io::Result<Vec<File>> {
    let page =
        include_str!("index.html").replace("{policy}", POLICY).replace("{settings}", &settings.to_string());
    let own = [
        ("index.html", page.as_str()),
        ("docs.js", include_str!("docs.js")),
        ("docs.css", include_str!("docs.css")),
        ("openapi.yaml", DOCUMENT),
    ];
    let own = own.map(|(name, text)| File { name, content: text.as_bytes().to_vec() });
    Ok(own.into_iter().chain(viewer::files()?).collect())
}

fn answer(files: &[File], name: &str) -> Response {
    let Some(file) = files.iter().find(|file| file.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let content_type = match name.rsplit_once('.') {
        Some((_, "html")) => "text/html;charset=UTF-8",
        Some((_, "js")) => "text/javascript;charset=UTF-8",
        Some((_, "css")) => "text/css;charset=UTF-8",
        Some((_, "png")) => "image/png",
        Some((_, "txt")) => "text/plain;charset=UTF-8",
        _ => "application/yaml;charset=UTF-8",
    };
    // That nobody may frame the page only a header can say.
    let policy = format!("{POLICY}; frame-ancestors 'none'");
    let headers = [(CONTENT_TYPE, content_type), (CONTENT_SECURITY_POLICY, policy.as_str())];
    (headers, file.content.clone()).into_response()
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
