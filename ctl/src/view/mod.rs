//! The output: tables and lines of text, or JSON.

pub mod webhook;

use std::{collections::BTreeMap, fmt};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use model::{
    AppId, Timestamp,
    oauth::{Application, ApplicationStatus, ClientSecret, Effect, ScopeState},
};
use serde::Serialize;
use store::{AuditEntry, tokens::IssuedToken};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// RFC 3339 in UTC, as in CloudWatch: `2026-11-21T07:00:00Z`.
pub fn moment(at: Timestamp) -> String {
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| "after the year 9999".to_owned())
}

fn seconds(epoch_seconds: u64) -> String {
    moment(Timestamp::from_millis(epoch_seconds.saturating_mul(1000)))
}

pub fn end(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "at once".to_owned(), |at| format!("at {}", moment(at)))
}

pub fn ended(tokens: usize) -> String {
    match tokens {
        0 => "It had no tokens to end.".to_owned(),
        1 => "1 token was ended.".to_owned(),
        many => format!("{many} tokens were ended."),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationView {
    app_id: String,
    name: String,
    status: ApplicationStatus,
    sources: Vec<u32>,
    scopes: BTreeMap<String, ScopeState>,
    created_at: String,
    /// The end of the grace period of the previous secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret_until: Option<String>,
}

impl ApplicationView {
    pub fn new(application: &Application, now: Timestamp) -> Self {
        Self {
            app_id: application.app_id.to_string(),
            name: application.name.to_string(),
            status: application.status,
            sources: application.sources.iter().map(|source| source.number()).collect(),
            scopes: application.scopes.clone(),
            created_at: moment(application.created_at),
            previous_secret_until: application.previous_secret_until(now).map(seconds),
        }
    }

    fn status(&self) -> &'static str {
        match self.status {
            ApplicationStatus::Enabled => "enabled",
            ApplicationStatus::Disabled => "disabled",
        }
    }

    fn sources(&self) -> String {
        self.sources.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    }

    fn scopes(&self) -> String {
        if self.scopes.is_empty() {
            return "none".to_owned();
        }
        let line = |(name, state): (&String, &ScopeState)| {
            let state = match state {
                ScopeState::Requested => "requested",
                ScopeState::Approved => "approved",
                ScopeState::Rejected => "rejected",
            };
            format!("{name} ({state})")
        };
        self.scopes.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for ApplicationView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = table();
        table.add_row(["client id", &self.app_id]);
        table.add_row(["name", &self.name]);
        table.add_row(["status", self.status()]);
        table.add_row(["sources", &self.sources()]);
        table.add_row(["scopes", &self.scopes()]);
        table.add_row(["created", &self.created_at]);
        if let Some(until) = &self.previous_secret_until {
            table.add_row(["old secret works until", until]);
        }
        table.fmt(f)
    }
}

/// One row per application.
pub fn applications(views: &[ApplicationView]) -> String {
    if views.is_empty() {
        return "There are no applications. `chatbotctl app create NAME --source 1` creates one.".to_owned();
    }
    let mut table = table();
    table.set_header(["client id", "name", "status", "sources", "scopes"]);
    for view in views {
        table.add_row([&view.app_id, &view.name, view.status(), &view.sources(), &view.scopes()]);
    }
    table.to_string()
}

/// The credentials of an application: the only view with a secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsView {
    client_id: String,
    client_secret: String,
    /// The end of the grace period of the previous secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secret_until: Option<String>,
}

impl CredentialsView {
    pub fn new(id: &AppId, secret: &ClientSecret, old_secret_until: Option<Timestamp>) -> Self {
        Self {
            client_id: id.to_string(),
            client_secret: secret.reveal().to_owned(),
            old_secret_until: old_secret_until.map(moment),
        }
    }
}

impl fmt::Display for CredentialsView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "client id      {}", self.client_id)?;
        writeln!(f, "client secret  {}", self.client_secret)?;
        write!(f, "\nThe secret is shown this once and stored nowhere: hand it over now.")?;
        match &self.old_secret_until {
            Some(until) => write!(f, "\nThe old secret works until {until}."),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    app_id: String,
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_tokens: Option<usize>,
}

impl ChangeView {
    pub fn new(id: &AppId, effect: Effect, ended_tokens: Option<usize>) -> Self {
        Self { app_id: id.to_string(), changed: effect == Effect::Changed, ended_tokens }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    sha256: String,
    scopes: Vec<String>,
    issued_at: String,
    expires_at: String,
}

impl TokenView {
    pub fn new(token: &IssuedToken) -> Self {
        Self {
            sha256: token.hash.to_string(),
            scopes: token.scopes.clone(),
            issued_at: token.issued_at.map(moment).unwrap_or_default(),
            expires_at: seconds(token.expire_at),
        }
    }
}

/// One row per token.
pub fn tokens(views: &[TokenView]) -> String {
    if views.is_empty() {
        return "The application has no token that is good now.".to_owned();
    }
    let mut table = table();
    table.set_header(["SHA-256", "scopes", "issued", "expires"]);
    for view in views {
        table.add_row([&view.sha256, &view.scopes.join("\n"), &view.issued_at, &view.expires_at]);
    }
    table.to_string()
}

#[derive(Debug, Serialize)]
pub struct AuditView {
    at: String,
    who: String,
    what: String,
}

impl AuditView {
    pub fn new(entry: &AuditEntry) -> Self {
        Self { at: moment(entry.at), who: entry.who.clone(), what: entry.what.clone() }
    }
}

/// One row per change.
pub fn history(views: &[AuditView]) -> String {
    let mut table = table();
    table.set_header(["when", "who", "what"]);
    for view in views {
        table.add_row([&view.at, &view.who, &view.what]);
    }
    table.to_string()
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table
}
