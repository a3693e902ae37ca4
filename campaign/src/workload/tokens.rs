//! An application that takes tokens, introspects and revokes them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    client::{Client, Kind},
    findings::Findings,
};

/// The pause between two tokens: an application gets 30 a minute.
const PAUSE: Duration = Duration::from_secs(3);

/// The tokens that the application keeps.
const KEPT: usize = 5;

#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// Oldest first.
    issued: Vec<String>,
    asked: Option<Instant>,
}

impl Tokens {
    /// One call: takes a token if the pause is over, revokes one if there are many, or introspects one.
    pub(crate) async fn call(&mut self, client: &Client, findings: &Findings) {
        if self.asked.is_none_or(|asked| asked.elapsed() >= PAUSE) {
            self.asked = Some(Instant::now());
            let token = client.post(Kind::IssueToken, "grant_type=client_credentials").await;
            let token = token.as_ref().and_then(|answer| answer.get("access_token")).and_then(Value::as_str);
            self.issued.extend(token.map(str::to_owned));
        } else if self.issued.len() > KEPT {
            let token = self.issued.remove(0);
            if client.post(Kind::RevokeToken, format!("token={token}")).await.is_none() {
                self.issued.insert(0, token);
            }
        } else if let Some(token) = self.issued.last() {
            let answer = client.post(Kind::Introspect, format!("token={token}")).await;
            let is_active =
                answer.is_none_or(|answer| answer.get("active").is_some_and(|active| active == true));
            findings.check(is_active, || "a token that was issued is not active".to_owned());
        }
    }
}
