//! Applications: who may call, for what, and how that comes about.
//!
//! An application is created, asks for a scope and has it approved; from then on its client takes tokens with its
//! secret. Whoever operates the service does the rest: rejects a scope, replaces a secret, disables it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    AppId, AppName, Source, Timestamp,
    oauth::{ClientSecret, ScopeList, SecretHash},
};

/// An application and what it may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// What identifies it, as `client_id` too.
    pub app_id: AppId,
    /// What people call it.
    pub name: AppName,
    /// The third-party systems it may speak for.
    pub sources: Vec<Source>,
    /// Whether it may do anything at all.
    pub status: ApplicationStatus,
    /// What became of each scope it asked for, by name.
    pub scopes: BTreeMap<String, ScopeState>,
    /// When it was created.
    pub created_at: Timestamp,
    secret: SecretHash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_secret: Option<PreviousSecret>,
}

/// Whether an application may do anything at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationStatus {
    /// It may.
    Enabled,
    /// It gets no token, and those it had are gone.
    Disabled,
}

/// What became of a scope that an application asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeState {
    /// It waits for somebody to decide.
    Requested,
    /// Tokens may be taken for it.
    Approved,
    /// It was turned down, or taken away.
    Rejected,
}

/// A secret that was replaced and still works for a while.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PreviousSecret {
    hash: SecretHash,
    /// When it ends, in epoch seconds.
    until: u64,
}

/// Whether something was changed, or was so already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is new.
    Changed,
    /// It was so before.
    Unchanged,
}

/// A scope that the application never asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the application has not asked for this scope")]
pub struct NotRequested;

/// A scope that was turned down, and not asked for since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotApprovable {
    /// The application never asked for it.
    #[error(transparent)]
    NotRequested(#[from] NotRequested),
    /// It was turned down; the application has to ask again.
    #[error("the scope was rejected; the application has to ask for it again")]
    Rejected,
}

impl Application {
    /// A new application, enabled and without any scope.
    #[must_use]
    pub fn new(
        app_id: AppId,
        name: AppName,
        sources: Vec<Source>,
        secret: &ClientSecret,
        created_at: Timestamp,
    ) -> Self {
        Self {
            app_id,
            name,
            sources,
            status: ApplicationStatus::Enabled,
            scopes: BTreeMap::new(),
            created_at,
            secret: secret.hash(),
            previous_secret: None,
        }
    }

    /// Whether `secret` is the one of `application`. Where there is no such application the answer takes as long.
    #[must_use]
    pub fn authenticates(application: Option<&Self>, secret: &ClientSecret, now: Timestamp) -> bool {
        let shown = secret.hash();
        let nobody = SecretHash::dummy();
        let current = application.map_or(&nobody, |application| &application.secret);
        let previous = application.and_then(|application| application.previous_secret_at(now));
        let (is_current, is_previous) =
            (shown.matches(current), shown.matches(previous.map_or(&nobody, |previous| &previous.hash)));
        is_current | is_previous
    }

    fn previous_secret_at(&self, now: Timestamp) -> Option<&PreviousSecret> {
        self.previous_secret.as_ref().filter(|previous| previous.until > now.seconds())
    }

    /// When the secret before the last one ends, in epoch seconds, if it still works at `now`.
    #[must_use]
    pub fn previous_secret_until(&self, now: Timestamp) -> Option<u64> {
        self.previous_secret_at(now).map(|previous| previous.until)
    }

    /// The scopes it may take tokens for; `None` if there are none.
    #[must_use]
    pub fn approved_scopes(&self) -> Option<ScopeList> {
        let approved = self.scopes.iter().filter(|(_, state)| **state == ScopeState::Approved);
        ScopeList::of(approved.map(|(name, _)| name.as_str()))
    }

    /// Asks for a scope. One that was rejected may be asked for again.
    pub fn request_scope(&mut self, scope: &str) -> Effect {
        match self.scopes.get(scope) {
            Some(ScopeState::Requested | ScopeState::Approved) => Effect::Unchanged,
            Some(ScopeState::Rejected) | None => self.set(scope, ScopeState::Requested),
        }
    }

    /// Approves a scope that was asked for.
    ///
    /// # Errors
    /// [`NotApprovable`] if nobody asks for it.
    pub fn approve_scope(&mut self, scope: &str) -> Result<Effect, NotApprovable> {
        match self.scopes.get(scope).ok_or(NotRequested)? {
            ScopeState::Approved => Ok(Effect::Unchanged),
            ScopeState::Requested => Ok(self.set(scope, ScopeState::Approved)),
            ScopeState::Rejected => Err(NotApprovable::Rejected),
        }
    }

    /// Turns down a scope that was asked for, or takes away one that was approved.
    ///
    /// # Errors
    /// [`NotRequested`].
    pub fn reject_scope(&mut self, scope: &str) -> Result<Effect, NotRequested> {
        match self.scopes.get(scope).ok_or(NotRequested)? {
            ScopeState::Rejected => Ok(Effect::Unchanged),
            ScopeState::Requested | ScopeState::Approved => Ok(self.set(scope, ScopeState::Rejected)),
        }
    }

    fn set(&mut self, scope: &str, state: ScopeState) -> Effect {
        self.scopes.insert(scope.to_owned(), state);
        Effect::Changed
    }

    /// Enables or disables it.
    pub fn set_status(&mut self, status: ApplicationStatus) -> Effect {
        let effect = if self.status == status { Effect::Unchanged } else { Effect::Changed };
        self.status = status;
        effect
    }

    /// Replaces the secret. The one that was in force works until `until`, in epoch seconds, or no longer at all; the
    /// one before that, if it still worked, no longer does.
    pub fn rotate_secret(&mut self, secret: &ClientSecret, until: Option<u64>) {
        let hash = std::mem::replace(&mut self.secret, secret.hash());
        self.previous_secret = until.map(|until| PreviousSecret { hash, until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedText;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const SCOPE: &str = "message-push-service";

    fn secret(digits: &str) -> ClientSecret {
        ClientSecret::of_digits(digits)
    }

    fn application() -> Application {
        let (id, name) = (AppId::parse("app").unwrap(), AppName::parse("An app").unwrap());
        Application::new(id, name, vec![Source::DEFAULT], &secret("1"), NOW)
    }

    fn authenticates(application: &Application, digits: &str, now: Timestamp) -> bool {
        Application::authenticates(Some(application), &secret(digits), now)
    }

    #[test]
    fn a_scope_is_asked_for_before_it_is_approved() {
        let mut application = application();
        assert_eq!(application.approve_scope(SCOPE), Err(NotRequested.into()));
        assert_eq!(application.reject_scope(SCOPE), Err(NotRequested));
        assert_eq!(application.request_scope(SCOPE), Effect::Changed);
        assert_eq!(application.request_scope(SCOPE), Effect::Unchanged);
        assert_eq!(application.approved_scopes(), None);
        assert_eq!(application.approve_scope(SCOPE), Ok(Effect::Changed));
        assert_eq!(application.approve_scope(SCOPE), Ok(Effect::Unchanged));
        assert_eq!(application.request_scope(SCOPE), Effect::Unchanged, "it stays approved");
        assert_eq!(application.approved_scopes(), ScopeList::of([SCOPE]));
    }

    #[test]
    fn a_scope_that_was_taken_away_has_to_be_asked_for_again() {
        let mut application = application();
        application.request_scope(SCOPE);
        application.approve_scope(SCOPE).unwrap();
        assert_eq!(application.reject_scope(SCOPE), Ok(Effect::Changed));
        assert_eq!(application.reject_scope(SCOPE), Ok(Effect::Unchanged));
        assert_eq!(application.approved_scopes(), None);
        assert_eq!(application.approve_scope(SCOPE), Err(NotApprovable::Rejected));
        assert_eq!(application.request_scope(SCOPE), Effect::Changed);
        assert_eq!(application.approve_scope(SCOPE), Ok(Effect::Changed));
    }

    #[test]
    fn a_secret_that_was_replaced_works_until_its_time_and_no_second_longer() {
        let mut application = application();
        application.rotate_secret(&secret("2"), Some(NOW.seconds() + 60));
        let at = |seconds: u64| Timestamp::from_millis(NOW.millis() + seconds * 1000);
        assert!(authenticates(&application, "2", NOW) && authenticates(&application, "2", at(1_000_000)));
        assert!(authenticates(&application, "1", NOW) && authenticates(&application, "1", at(59)));
        assert!(!authenticates(&application, "1", at(60)));
        assert_eq!(application.previous_secret_until(at(59)), Some(NOW.seconds() + 60));
        assert_eq!(application.previous_secret_until(at(60)), None);
    }

    #[test]
    fn the_secret_before_the_previous_one_ends_at_once() {
        let mut application = application();
        application.rotate_secret(&secret("2"), Some(NOW.seconds() + 60));
        application.rotate_secret(&secret("3"), Some(NOW.seconds() + 60));
        let working: Vec<_> =
            ["1", "2", "3"].into_iter().filter(|digits| authenticates(&application, digits, NOW)).collect();
        assert_eq!(working, ["2", "3"]);
    }

    #[test]
    fn without_a_grace_period_the_old_secret_ends_at_once_whatever_time_it_is() {
        let mut application = application();
        application.rotate_secret(&secret("2"), None);
        assert!(!authenticates(&application, "1", Timestamp::from_millis(0)));
        assert!(authenticates(&application, "2", NOW));
    }

    #[test]
    fn nobody_authenticates_as_an_application_that_is_not_there() {
        assert!(!Application::authenticates(None, &secret("1"), NOW));
        assert!(!Application::authenticates(None, &ClientSecret::shown(""), NOW));
    }

    #[test]
    fn nothing_that_shows_an_application_shows_a_secret_or_its_hash() {
        let shown = format!("{:?}", application());
        assert!(!shown.contains(&crate::sha256_hex("cs-1")) && !shown.contains("cs-1"), "{shown}");
    }
}
