//! The output of `chatbotctl webhook`.

use std::fmt;

use model::{AppId, Source, Timestamp, oauth::Effect};
use serde::Serialize;
use store::webhooks::{AttemptRecord, DisabledBecause, Endpoint, EndpointStatus, Hint, SigningSecrets};
use webhook::{client::Outcome, endpoint::EndpointUrl};

use super::{moment, seconds, table};

/// The characters of an answer that `test` shows; `log` has as many.
const SHOWN_ANSWER: usize = 200;

/// A new signing secret: the only view of webhooks with one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSecret {
    secret: String,
    secret_version: u64,
    /// The end of the grace period of the previous secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secret_until: Option<String>,
}

impl NewSecret {
    pub fn new(secret: String, secret_version: u64, old_secret_until: Option<Timestamp>) -> Self {
        Self { secret, secret_version, old_secret_until: old_secret_until.map(moment) }
    }
}

impl fmt::Display for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "signing secret  {}", self.secret)?;
        write!(f, "\nThe secret, version {}, is shown this once: hand it over now.", self.secret_version)?;
        match &self.old_secret_until {
            Some(until) => write!(f, "\nRequests are signed with the old secret too until {until}."),
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationView {
    app_id: String,
    #[serde(flatten)]
    pub secret: NewSecret,
}

impl RotationView {
    pub fn new(id: &AppId, secret: NewSecret) -> Self {
        Self { app_id: id.to_string(), secret }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SetView {
    app_id: String,
    url: String,
    sources: Vec<u32>,
    /// The first secret; `None` if there was one before.
    #[serde(flatten)]
    secret: Option<NewSecret>,
    /// The time from which the messages of new endpoints are delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    warnings: Vec<String>,
}

impl SetView {
    pub fn new(
        id: &AppId,
        url: &EndpointUrl,
        sources: &[Source],
        secret: Option<NewSecret>,
        starts_at: Option<Timestamp>,
        warnings: Vec<String>,
    ) -> Self {
        Self {
            app_id: id.to_string(),
            url: url.to_string(),
            sources: numbers(sources),
            secret,
            starts_at: starts_at.map(moment),
            warnings,
        }
    }
}

impl fmt::Display for SetView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { app_id, url, .. } = self;
        writeln!(f, "url             {url}")?;
        match &self.secret {
            Some(secret) => writeln!(f, "{secret}\n")?,
            None => writeln!(f, "\nThe signing secret is the one that was set before.")?,
        }
        match &self.starts_at {
            Some(starts_at) => writeln!(
                f,
                "Messages from {starts_at} on are delivered. `chatbotctl webhook seek {app_id} --to oldest` also delivers those of the last 8 days."
            )?,
            None => writeln!(f, "Delivery goes on where it was.")?,
        }
        self.warnings.iter().try_for_each(|warning| writeln!(f, "{warning}"))?;
        write!(f, "Next: `chatbotctl webhook test {app_id}`.")
    }
}

/// The state of an endpoint.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointView {
    source: u32,
    url: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<DisabledBecause>,
    changed_at: String,
    /// All messages before this time are delivered. `None` if delivery starts with the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_until: Option<String>,
    failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
    running: bool,
}

impl EndpointView {
    pub fn new(endpoint: &Endpoint, progress: &Hint, delivered_until: Timestamp, now: Timestamp) -> Self {
        let (status, because) = match endpoint.status {
            EndpointStatus::Enabled => ("enabled", None),
            EndpointStatus::Disabled(because) => ("disabled", Some(because)),
        };
        Self {
            source: endpoint.source.number(),
            url: endpoint.url.clone(),
            status,
            because,
            changed_at: moment(endpoint.changed_at),
            delivered_until: Some(delivered_until).filter(|until| until.millis() > 0).map(moment),
            failures: progress.delivery.failures,
            failing_since: progress.delivery.failing_since.map(moment),
            next_attempt_at: progress.next_attempt_at.filter(|at| *at > now).map(moment),
            running: progress.is_running,
        }
    }

    fn status(&self) -> String {
        let Self { status, changed_at, .. } = self;
        let because = match self.because {
            None => "",
            Some(DisabledBecause::Operator) => " by an operator",
            Some(DisabledBecause::Gone) => " by the receiver's answer 410",
            Some(DisabledBecause::Failing) => " after 72 hours of failures",
        };
        format!("{status}{because}, since {changed_at}")
    }

    fn failures(&self) -> String {
        match &self.failing_since {
            Some(since) => format!("{} since {since}", self.failures),
            None => self.failures.to_string(),
        }
    }
}

/// The webhook of an application.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookView {
    app_id: String,
    /// `None` if `webhook set` was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_version: Option<u64>,
    /// The end of the grace period of the previous secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secret_until: Option<String>,
    endpoints: Vec<EndpointView>,
    warnings: Vec<String>,
}

impl WebhookView {
    pub fn new(
        id: &AppId,
        secrets: Option<&SigningSecrets>,
        endpoints: Vec<EndpointView>,
        warnings: Vec<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            app_id: id.to_string(),
            secret_version: secrets.map(SigningSecrets::version),
            old_secret_until: secrets.and_then(|secrets| secrets.previous_until(now)).map(seconds),
            endpoints,
            warnings,
        }
    }
}

impl fmt::Display for WebhookView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = table();
        table.add_row(["client id", &self.app_id]);
        let secret = match self.secret_version {
            Some(version) => format!("version {version}"),
            None => "none: run `webhook set` again".to_owned(),
        };
        table.add_row(["signing secret", &secret]);
        if let Some(until) = &self.old_secret_until {
            table.add_row(["old secret signs until", until]);
        }
        for endpoint in &self.endpoints {
            table.add_row(["source", &endpoint.source.to_string()]);
            table.add_row(["url", &endpoint.url]);
            table.add_row(["status", &endpoint.status()]);
            table.add_row(["delivered until", endpoint.delivered_until.as_deref().unwrap_or("nothing yet")]);
            table.add_row(["failures", &endpoint.failures()]);
            if let Some(at) = &endpoint.next_attempt_at {
                table.add_row(["next attempt", at]);
            }
        }
        table.fmt(f)?;
        self.warnings.iter().try_for_each(|warning| write!(f, "\n{warning}"))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusView {
    app_id: String,
    changed: bool,
    warnings: Vec<String>,
}

impl StatusView {
    pub fn new(id: &AppId, effect: Effect, warnings: Vec<String>) -> Self {
        Self { app_id: id.to_string(), changed: effect == Effect::Changed, warnings }
    }

    /// `text`, and the warnings below it.
    pub fn text(&self, text: String) -> String {
        [text].into_iter().chain(self.warnings.iter().cloned()).collect::<Vec<_>>().join("\n")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeekView {
    app_id: String,
    sources: Vec<u32>,
    to: String,
}

impl SeekView {
    pub fn new(id: &AppId, sources: &[Source], to: Timestamp) -> Self {
        Self { app_id: id.to_string(), sources: numbers(sources), to: moment(to) }
    }
}

/// The end of a test.
#[derive(Serialize)]
pub struct TestView {
    url: String,
    /// The HTTP status, or the reason why there is none.
    outcome: String,
    millis: u64,
    answer: String,
}

impl TestView {
    pub fn new(url: &EndpointUrl, outcome: &Outcome, millis: u64) -> Self {
        let (outcome, answer) = match outcome {
            Outcome::Answered(answer) => {
                (answer.status.to_string(), answer.body.chars().take(SHOWN_ANSWER).collect())
            }
            Outcome::Failed(failure) => (failure.to_string(), String::new()),
        };
        Self { url: url.to_string(), outcome, millis, answer: escaped(&answer) }
    }
}

impl fmt::Display for TestView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, outcome, millis, answer } = self;
        write!(f, "{url}: {outcome}, after {millis} ms")?;
        if answer.is_empty() { Ok(()) } else { write!(f, "\n{answer}") }
    }
}

/// An attempt to post a batch.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptView {
    at: String,
    source: u32,
    webhook_id: String,
    /// The HTTP status, or the reason why there is none.
    outcome: String,
    millis: u64,
    messages: usize,
    /// The first characters of the answer to a failed attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

impl AttemptView {
    pub fn new(source: Source, attempt: &AttemptRecord) -> Self {
        Self {
            at: moment(attempt.at),
            source: source.number(),
            webhook_id: attempt.id.clone(),
            outcome: attempt.outcome.clone(),
            millis: attempt.millis,
            messages: attempt.entries,
            answer: attempt.answer.as_deref().map(escaped),
        }
    }
}

/// One row per attempt.
pub fn attempts(views: &[AttemptView]) -> String {
    if views.is_empty() {
        return "Nothing was sent yet.".to_owned();
    }
    let mut table = table();
    table.set_header(["when", "source", "webhook-id", "outcome", "ms", "messages", "answer"]);
    for view in views {
        table.add_row([
            &view.at,
            &view.source.to_string(),
            &view.webhook_id,
            &view.outcome,
            &view.millis.to_string(),
            &view.messages.to_string(),
            view.answer.as_deref().unwrap_or_default(),
        ]);
    }
    table.to_string()
}

/// A text of the receiver with its control characters, invisible characters and backslashes escaped: they could manipulate the
/// terminal.
fn escaped(text: &str) -> String {
    let escape = |character: char| match character {
        '"' | '\'' => character.to_string(),
        other => other.escape_debug().to_string(),
    };
    text.chars().map(escape).collect()
}

fn numbers(sources: &[Source]) -> Vec<u32> {
    sources.iter().map(|source| source.number()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cannot_manipulate_the_terminal() {
        for (text, expected) in [
            (r#"{"error":"it's 出错了 😀"}"#, r#"{"error":"it's 出错了 😀"}"#),
            ("a\r\n\tb\u{0}\u{7f}", r"a\r\n\tb\0\u{7f}"),
            ("\u{1b}[2J\u{9b}2J", r"\u{1b}[2J\u{9b}2J"),
            ("a\u{202e}b\u{200b}c\u{2028}\u{feff}", r"a\u{202e}b\u{200b}c\u{2028}\u{feff}"),
            (r"\n", r"\\n"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
