//! An operator, who registers applications and tokens. Writes through the crate `store`, as `chatbotctl` does.

use api::Clock;
use model::{
    AppId, AppName, BoundedText, Source,
    oauth::{Application, BearerToken, ClientSecret, Scope},
};
use store::{
    AuditEntry, Stored, Table, applications,
    tokens::{self, Grant, IssuedToken},
};

use crate::{Caller, OAuthClient};

/// An operator of one system.
pub struct Operator {
    access: Table,
    clock: Clock,
    anonymous: Caller,
}

impl Operator {
    /// An operator who writes to the table `access`; the clients of its applications call as `anonymous`.
    #[must_use]
    pub const fn new(access: Table, clock: Clock, anonymous: Caller) -> Self {
        Self { access, clock, anonymous }
    }

    /// Creates an application of source 1 with the scopes of partners approved; returns its client.
    pub async fn create_application(&self, id: &str) -> OAuthClient {
        self.create_application_with(id, &Scope::OF_PARTNERS, &[1]).await
    }

    /// Creates an application with `scopes` approved; returns its client.
    pub async fn create_application_with(&self, id: &str, scopes: &[Scope], sources: &[u32]) -> OAuthClient {
        let now = self.clock.now();
        let secret = ClientSecret::of_digits(&format!("secret-of-{id}"));
        let name = AppName::parse(id).expect("it is a name");
        let mut application = Application::new(app_id(id), name, all(sources), &secret, now);
        for scope in scopes {
            application.request_scope(scope.name());
            application.approve_scope(scope.name()).expect("the scope is requested");
        }
        let stored = applications::create(&self.access, application, &self.entry("created")).await;
        assert_eq!(stored.expect("the application is stored"), Stored::Yes);
        OAuthClient::new(&self.anonymous, id, secret.reveal())
    }

    /// Changes an application.
    pub async fn change(&self, id: &str, change: impl FnOnce(&mut Application)) {
        let found = applications::find(&self.access, &app_id(id)).await.expect("the table can be read");
        let before = found.expect("the application exists");
        let mut after = before.application.clone();
        change(&mut after);
        let stored = applications::update(&self.access, &before, after, &self.entry("changed")).await;
        assert_eq!(stored.expect("the application is stored"), Stored::Yes);
    }

    /// Stores a token that is valid for an hour, whether its application exists or not.
    pub async fn grant(&self, token: &str, app: &str, scopes: &[&str], sources: &[u32]) {
        self.grant_until(token, app, scopes, sources, self.clock.now().seconds() + 3600).await;
    }

    /// Stores a token that is valid until `expire_at` in epoch seconds.
    pub async fn grant_until(
        &self,
        token: &str,
        app: &str,
        scopes: &[&str],
        sources: &[u32],
        expire_at: u64,
    ) {
        let hash = BearerToken::parse(token).unwrap_or_else(|_| panic!("not a token")).hash();
        let grant = Grant {
            app_id: app_id(app),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            sources: all(sources),
            issued_at: Some(self.clock.now()),
            expire_at,
        };
        tokens::put(&self.access, &hash, &grant).await.expect("the token is stored");
    }

    /// The tokens of an application that are stored and not expired.
    pub async fn tokens_of(&self, app: &str) -> Vec<IssuedToken> {
        tokens::issued_to(&self.access, &app_id(app), self.clock.now()).await.expect("the table can be read")
    }

    /// Revokes the tokens of an application for which `is_meant` holds; returns their number.
    pub async fn revoke_tokens(&self, app: &str, is_meant: impl Fn(&IssuedToken) -> bool) -> usize {
        let revoked = tokens::revoke_all(&self.access, &app_id(app), self.clock.now(), is_meant).await;
        revoked.expect("the tokens are deleted")
    }

    fn entry(&self, what: &str) -> AuditEntry {
        AuditEntry { at: self.clock.now(), who: "a test".to_owned(), what: what.to_owned() }
    }
}

fn app_id(text: &str) -> AppId {
    AppId::parse(text).expect("it is an application's id")
}

fn all<T: FromIterator<Source>>(sources: &[u32]) -> T {
    sources.iter().map(|number| Source::try_from(*number).expect("it is a source")).collect()
}
