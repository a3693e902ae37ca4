//! An HTTP client of the APIs. It checks every answer against the reference.

use std::time::Duration;

use reqwest::{
    Client, Method,
    header::{AUTHORIZATION, HeaderMap},
};
use serde_json::{Value, json};

use crate::{REFERENCE, paths};

/// The base URLs of the APIs.
#[derive(Debug, Clone)]
pub struct Urls {
    /// The token API.
    pub token: String,
    /// The customer-service API.
    pub customer_service: String,
    /// The push API.
    pub message_push: String,
    /// The platform's API.
    pub platform: String,
}

impl Urls {
    /// The same URL for all APIs, as in `local`.
    #[must_use]
    pub fn all(url: &str) -> Self {
        let url = url.to_owned();
        Self { token: url.clone(), customer_service: url.clone(), message_push: url.clone(), platform: url }
    }
}

/// A client with a fixed `Authorization` header, or without one.
#[derive(Debug, Clone)]
pub struct Caller {
    urls: Urls,
    authorization: Option<String>,
    client: Client,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: String,
    /// Empty if the header is absent.
    pub content_type: String,
    headers: HeaderMap,
}

/// The most calls for one answer.
const TRIES: u32 = 5;

/// Repeats a call that is answered 500, as clients should: after 1 s, 2 s, 4 s and 8 s. On a busy machine, one of many concurrent
/// calls may use up its time at the store.
pub async fn until_answered(call: impl AsyncFn() -> Reply) -> Reply {
    for number in 1..TRIES {
        let reply = call().await;
        if reply.status != 500 {
            return reply;
        }
        tokio::time::sleep(Duration::from_secs(1 << (number - 1))).await;
    }
    call().await
}

impl Caller {
    /// A client without a token.
    #[must_use]
    pub fn anonymous(urls: Urls) -> Self {
        Self { urls, authorization: None, client: Client::new() }
    }

    #[must_use]
    pub const fn urls(&self) -> &Urls {
        &self.urls
    }

    /// The same client with a bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        self.with_header(&format!("Bearer {token}"))
    }

    /// The same client with this `Authorization` header.
    #[must_use]
    pub fn with_header(&self, authorization: &str) -> Self {
        Self { authorization: Some(authorization.to_owned()), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None::<Vec<u8>>).await
    }

    /// Sends a POST without a content type.
    pub async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Sends a request with any method.
    pub async fn send(&self, method: Method, path: &str, body: Option<impl Into<Vec<u8>>>) -> Reply {
        let mut request = self.request(method, path);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = body {
            request = request.body(body.into());
        }
        Self::reply(request).await
    }

    /// A request to the API of `path`, without the `Authorization` header, for [`Self::reply`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let base = if path.starts_with(paths::TOKEN_API) {
            &self.urls.token
        } else if path.starts_with(paths::PLATFORM_API) {
            &self.urls.platform
        } else if path.starts_with(paths::MESSAGE_PUSH_API) {
            &self.urls.message_push
        } else {
            &self.urls.customer_service
        };
        self.client.request(method, format!("{base}{path}"))
    }

    /// Sends a request. Panics if the reference does not describe the answer.
    pub async fn reply(request: reqwest::RequestBuilder) -> Reply {
        let (client, request) = request.build_split();
        let request = request.expect("the request is complete");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.expect("the gateway answers");
        let headers = response.headers().clone();
        let content_type = headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let reply = Reply {
            status: response.status().as_u16(),
            content_type: content_type.unwrap_or_default(),
            headers,
            body: response.text().await.expect("the answer is text"),
        };
        REFERENCE.check(method.as_str(), &path, &reply);
        reply
    }
}

impl Reply {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("it is text"))
    }

    /// The parsed body. Panics if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// The `data` of a success of the push product or of the platform's API.
    #[track_caller]
    #[must_use]
    pub fn data(&self) -> Value {
        let mut body = self.json();
        let outcome = (self.status, &body["code"], &body["message"]);
        assert_eq!(outcome, (200, &json!(200), &json!("success")), "{}", self.body);
        body["data"].take()
    }

    /// The body of a success of the customer-service product.
    #[track_caller]
    #[must_use]
    pub fn success(&self) -> Value {
        let body = self.json();
        let outcome = (self.status, &body["status"], &body["message"]);
        assert_eq!(outcome, (200, &json!(0), &json!("ok")), "{}", self.body);
        body
    }

    /// Compares the whole answer.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
        assert_eq!(self.content_type, "application/json;charset=UTF-8");
    }

    /// Compares the whole answer with an error of the customer-service product.
    #[track_caller]
    pub fn is_error(&self, status: u16, errcode: i32, message: &str) {
        self.is(status, &format!(r#"{{"status":-1,"errcode":{errcode},"message":"{message}"}}"#));
    }

    /// Compares the whole answer with one of the push product that has no `data`.
    #[track_caller]
    pub fn is_code(&self, code: u16, message: &str) {
        self.is(code, &format!(r#"{{"code":{code},"message":"{message}"}}"#));
    }

    /// Compares the whole answer, its headers included, with an error of the token API.
    #[track_caller]
    pub fn is_oauth_error(&self, status: u16, error: &str, description: &str) {
        self.is(status, &format!(r#"{{"error":"{error}","error_description":"{description}"}}"#));
        self.is_not_cached();
        let challenge = (status == 401).then_some(r#"Basic realm="oauth2", charset="UTF-8""#);
        assert_eq!(self.header("www-authenticate"), challenge);
        assert_eq!(self.header("retry-after").is_some(), status == 429);
    }

    /// Checks that the answer must not be cached.
    #[track_caller]
    pub fn is_not_cached(&self) {
        let headers = (self.header("cache-control"), self.header("pragma"));
        assert_eq!(headers, (Some("no-store"), Some("no-cache")));
    }
}
