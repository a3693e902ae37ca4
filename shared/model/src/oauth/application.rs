//! Applications, their secrets, and the approval of their scopes.
//!
//! An application is created, requests a scope and gets it approved. Its client then takes tokens with its secret. Operators
//! reject scopes, replace secrets, and disable applications.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    AppId, AppName, Source, Timestamp,
    oauth::{ClientSecret, ScopeList, SecretHash},
};

/// An application: its name, sources, scopes and secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Its id, which is also its `client_id`.
    pub app_id: AppId,
    /// The name that operators see.
    pub name: AppName,
    /// The values of `source` that it may use.
    pub sources: Vec<Source>,
    /// A disabled application gets no tokens.
    pub status: ApplicationStatus,
    /// The state of each requested scope, by name.
    pub scopes: BTreeMap<String, ScopeState>,
    /// When it was created.
    pub created_at: Timestamp,
    secret: SecretHash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_secret: Option<PreviousSecret>,
}

/// Whether an application may take tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationStatus {
    /// Tokens are issued.
    Enabled,
    /// No token is issued, and earlier ones are deleted.
    Disabled,
}

/// The state of a requested scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeState {
    /// An operator has not decided yet.
    Requested,
    /// Tokens are issued for it.
    Approved,
    /// An operator rejected the request, or withdrew the approval.
    Rejected,
}

/// A replaced secret, which works until the end of its grace period.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PreviousSecret {
    hash: SecretHash,
    /// The end of the grace period, in epoch seconds.
    until: u64,
}

/// Whether a command changed the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It did.
    Changed,
    /// The application had that state before.
    Unchanged,
}

/// The application never requested the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the application has not asked for this scope")]
pub struct NotRequested;

/// The scope is not open for approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotApprovable {
    /// The application never requested it.
    #[error(transparent)]
    NotRequested(#[from] NotRequested),
    /// It was rejected. The application has to request it again.
    #[error("the scope was rejected; the application has to ask for it again")]
    Rejected,
}

impl Application {
    /// A new application, enabled and without scopes.
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

    /// Whether `secret` is valid for `application`. Takes the same time without an application.
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

    /// The end of the replaced secret's grace period, in epoch seconds, if it is after `now`.
    #[must_use]
    pub fn previous_secret_until(&self, now: Timestamp) -> Option<u64> {
        self.previous_secret_at(now).map(|previous| previous.until)
    }

    /// The approved scopes; `None` if there are none.
    #[must_use]
    pub fn approved_scopes(&self) -> Option<ScopeList> {
        let approved = self.scopes.iter().filter(|(_, state)| **state == ScopeState::Approved);
        ScopeList::of(approved.map(|(name, _)| name.as_str()))
    }

    /// Requests a scope, also one that was rejected.
    pub fn request_scope(&mut self, scope: &str) -> Effect {
        match self.scopes.get(scope) {
            Some(ScopeState::Requested | ScopeState::Approved) => Effect::Unchanged,
            Some(ScopeState::Rejected) | None => self.set(scope, ScopeState::Requested),
        }
    }

    /// Approves a requested scope.
    ///
    /// # Errors
    /// [`NotApprovable`] if there is no open request for it.
    pub fn approve_scope(&mut self, scope: &str) -> Result<Effect, NotApprovable> {
        match self.scopes.get(scope).ok_or(NotRequested)? {
            ScopeState::Approved => Ok(Effect::Unchanged),
            ScopeState::Requested => Ok(self.set(scope, ScopeState::Approved)),
            ScopeState::Rejected => Err(NotApprovable::Rejected),
        }
    }

    /// Rejects a requested scope, or withdraws the approval of one.
    ///
    /// # Errors
    /// [`NotRequested`] if the application never requested it.
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

    /// Enables or disables the application.
    pub fn set_status(&mut self, status: ApplicationStatus) -> Effect {
        let effect = if self.status == status { Effect::Unchanged } else { Effect::Changed };
        self.status = status;
        effect
    }

    /// Replaces the secret. The current one works until `until`, in epoch seconds, or ends at once if that is `None`. The one
    /// before it ends at once.
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
    fn a_secret_that_replaces_itself_works() {
        let mut application = application();
        application.rotate_secret(&secret("1"), Some(NOW.seconds() + 60));
        assert!(authenticates(&application, "1", NOW));
    }

    #[test]
    fn a_status_that_is_set_twice_changes_once() {
        let mut application = application();
        assert_eq!(application.set_status(ApplicationStatus::Enabled), Effect::Unchanged);
        assert_eq!(application.set_status(ApplicationStatus::Disabled), Effect::Changed);
        assert_eq!(application.set_status(ApplicationStatus::Disabled), Effect::Unchanged);
        assert_eq!(application.status, ApplicationStatus::Disabled);
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
