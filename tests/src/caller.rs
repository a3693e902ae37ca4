//! A partner's HTTP client.

use std::time::Duration;

use reqwest::{
    Client, Method,
    header::{AUTHORIZATION, HeaderMap},
};
use serde_json::Value;

use crate::REFERENCE;

/// Where the APIs are.
#[derive(Debug, Clone)]
pub struct Urls {
    /// What the paths of the token endpoint and its neighbours follow.
    pub token: String,
    /// What the paths of the customer-service product follow.
    pub customer_service: String,
    /// What the paths of the push product follow.
    pub message_push: String,
    /// What the paths of the platform's own API follow.
    pub platform: String,
}

impl Urls {
    /// All APIs at one place, as `local` has them.
    #[must_use]
    pub fn all(url: &str) -> Self {
        let url = url.to_owned();
        Self { token: url.clone(), customer_service: url.clone(), message_push: url.clone(), platform: url }
    }
}

/// Who calls the APIs, and with what in the `Authorization` header.
#[derive(Debug, Clone)]
pub struct Caller {
    urls: Urls,
    authorization: Option<String>,
    client: Client,
}

/// An answer, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// The content type.
    pub content_type: String,
    headers: HeaderMap,
}

/// The most calls that a client makes for one answer.
const TRIES: u32 = 5;

/// Calls again while the answer is a clean 500, as the contract asks of a client: after 1 s, 2 s, 4 s and 8 s. On a machine that is
/// busy otherwise, a call that overlaps many others may use up its time at the store.
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
    /// Calls what is at `urls` without any token.
    #[must_use]
    pub fn anonymous(urls: Urls) -> Self {
        Self { urls, authorization: None, client: Client::new() }
    }

    /// Where the APIs are.
    #[must_use]
    pub const fn urls(&self) -> &Urls {
        &self.urls
    }

    /// The same, with `token`.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        self.with_header(&format!("Bearer {token}"))
    }

    /// The same, with this `Authorization` header.
    #[must_use]
    pub fn with_header(&self, authorization: &str) -> Self {
        Self { authorization: Some(authorization.to_owned()), ..self.clone() }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None::<Vec<u8>>).await
    }

    /// POST, without a content type.
    pub async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Any method.
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

    /// A request that is not like the others.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let base = if path.starts_with("/oauth2") {
            &self.urls.token
        } else if path.starts_with("/chatbot/api/platform") {
            &self.urls.platform
        } else if path.starts_with("/chatbot/api") {
            &self.urls.message_push
        } else {
            &self.urls.customer_service
        };
        self.client.request(method, format!("{base}{path}"))
    }

    /// Sends such a request. Its answer has to be one that the reference shows.
    pub async fn reply(request: reqwest::RequestBuilder) -> Reply {
        let (client, request) = request.build_split();
        let request = request.expect("it is a request");
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
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("it is text"))
    }

    /// The body, which is JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
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

    /// Compares the whole answer with one of the push product.
    #[track_caller]
    pub fn is_code(&self, code: u16, message: &str) {
        self.is(code, &format!(r#"{{"code":{code},"message":"{message}"}}"#));
    }

    /// Compares the whole answer with an error of the token endpoint and its neighbours.
    #[track_caller]
    pub fn is_oauth_error(&self, status: u16, error: &str, description: &str) {
        self.is(status, &format!(r#"{{"error":"{error}","error_description":"{description}"}}"#));
        self.is_not_kept();
        let challenge = (status == 401).then_some(r#"Basic realm="oauth2", charset="UTF-8""#);
        assert_eq!(self.header("www-authenticate"), challenge);
        assert_eq!(self.header("retry-after").is_some(), status == 429);
    }

    /// Checks that nobody on the way keeps the answer.
    #[track_caller]
    pub fn is_not_kept(&self) {
        let headers = (self.header("cache-control"), self.header("pragma"));
        assert_eq!(headers, (Some("no-store"), Some("no-cache")));
    }
}
