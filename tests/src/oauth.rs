//! The client of an application at the token endpoint.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{Caller, Reply, paths};

/// The tokens that are issued to an application in a minute: the template's default.
pub const TOKENS_PER_MINUTE: usize = 30;

/// A client, which authenticates with HTTP Basic.
#[derive(Clone)]
pub struct OAuthClient {
    caller: Caller,
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
}

impl OAuthClient {
    /// A client with these credentials, valid or not.
    #[must_use]
    pub fn new(anonymous: &Caller, id: &str, secret: &str) -> Self {
        let basic = BASE64_STANDARD.encode(format!("{id}:{secret}"));
        let caller = anonymous.with_header(&format!("Basic {basic}"));
        Self { caller, id: id.to_owned(), secret: secret.to_owned() }
    }

    /// Requests a token for all approved scopes.
    pub async fn ask(&self) -> Reply {
        self.post("token", "grant_type=client_credentials").await
    }

    /// Requests a token for `scope`, which is URL-encoded already.
    pub async fn ask_for(&self, scope: &str) -> Reply {
        self.post("token", &format!("grant_type=client_credentials&scope={scope}")).await
    }

    /// Requests a token for all approved scopes, which must be issued.
    pub async fn token(&self) -> String {
        let reply = self.ask().await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["access_token"].as_str().expect("access_token is a string").to_owned()
    }

    /// Introspects a token.
    pub async fn introspect(&self, token: &str) -> Reply {
        self.post("introspect", &format!("token={token}")).await
    }

    /// Revokes a token.
    pub async fn revoke(&self, token: &str) -> Reply {
        self.post("revoke", &format!("token={token}")).await
    }

    /// Posts a form to an endpoint of the token API, by the last part of its path.
    pub async fn post(&self, endpoint: &str, form: &str) -> Reply {
        self.caller.post(&format!("{}/{endpoint}", paths::TOKEN_API), form).await
    }
}
