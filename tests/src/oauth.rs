//! Clients of applications, as partners write them.

use base64::{Engine, prelude::BASE64_STANDARD};
use model::{AppId, AppName, Application, BoundedText, Scope, Source, oauth::ClientSecret};
use store::{AuditEntry, Stored, Table, applications};

use crate::{
    Caller, Reply, System,
    inbox::{Item, scan},
};

/// Tokens an application may take in a minute: the template's default.
pub const TOKENS_PER_MINUTE: usize = 30;

/// The client of an application.
#[derive(Clone)]
pub struct OAuthClient {
    caller: Caller,
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
}

impl OAuthClient {
    /// A client that shows this id and this secret.
    #[must_use]
    pub fn new(anonymous: &Caller, id: &str, secret: &str) -> Self {
        let basic = BASE64_STANDARD.encode(format!("{id}:{secret}"));
        let caller = anonymous.with_header(&format!("Basic {basic}"));
        Self { caller, id: id.to_owned(), secret: secret.to_owned() }
    }

    /// Asks for a token for what is approved.
    pub async fn ask(&self) -> Reply {
        self.post("token", "grant_type=client_credentials").await
    }

    /// Asks for a token for `scope`.
    pub async fn ask_for(&self, scope: &str) -> Reply {
        self.post("token", &format!("grant_type=client_credentials&scope={scope}")).await
    }

    /// Takes a token for what is approved.
    pub async fn token(&self) -> String {
        let reply = self.ask().await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["access_token"].as_str().expect("there is a token").to_owned()
    }

    /// Asks what a token is good for.
    pub async fn introspect(&self, token: &str) -> Reply {
        self.post("introspect", &format!("token={token}")).await
    }

    /// Ends a token.
    pub async fn revoke(&self, token: &str) -> Reply {
        self.post("revoke", &format!("token={token}")).await
    }

    /// Posts a form to `/oauth2/<endpoint>`.
    pub async fn post(&self, endpoint: &str, form: &str) -> Reply {
        self.caller.post(&format!("/oauth2/{endpoint}"), form).await
    }
}

impl System {
    /// Stores an application that is approved for the scopes of partners, and returns its client.
    pub async fn application(&self, id: &str) -> OAuthClient {
        self.application_with(id, &Scope::OF_PARTNERS, &[1]).await
    }

    /// Stores an application that is approved for `scopes` and may speak for `sources`, and returns its client.
    pub async fn application_with(&self, id: &str, scopes: &[Scope], sources: &[u32]) -> OAuthClient {
        let now = self.clock.now();
        let secret = ClientSecret::of_digits(&format!("secret-of-{id}"));
        let sources =
            sources.iter().map(|number| Source::try_from(*number).expect("it is a source")).collect();
        let app_id = AppId::parse(id).expect("it is an application's id");
        let name = AppName::parse(id).expect("it is a name");
        let mut application = Application::new(app_id, name, sources, &secret, now);
        for scope in scopes {
            application.request_scope(scope.name());
            application.approve_scope(scope.name()).expect("it was asked for");
        }
        let entry = AuditEntry { at: now, who: "a test".to_owned(), what: "created".to_owned() };
        let stored = applications::create(&self.access_table(), application, &entry).await;
        assert_eq!(stored.expect("it is stored"), Stored::Yes);
        OAuthClient::new(&self.anonymous, id, secret.reveal())
    }

    /// Changes an application as an operator does.
    pub async fn change(&self, id: &str, change: impl FnOnce(&mut Application)) {
        let access = self.access_table();
        let id = AppId::parse(id).expect("it is an application's id");
        let found = applications::find(&access, &id).await.expect("the table can be read");
        let before = found.expect("there is such an application");
        let mut after = before.application.clone();
        change(&mut after);
        let entry = AuditEntry { at: self.clock.now(), who: "a test".to_owned(), what: "changed".to_owned() };
        let stored = applications::update(&access, &before, after, &entry).await;
        assert_eq!(stored.expect("it is stored"), Stored::Yes);
    }

    /// Every item of the table of applications and tokens.
    pub async fn access_items(&self) -> Vec<Item> {
        scan(&self.dynamodb, &self.access_table).await
    }

    /// The table of applications and tokens, past every fault.
    #[must_use]
    pub fn access_table(&self) -> Table {
        Table::new(self.dynamodb.clone(), self.access_table.clone())
    }
}
