//! The two records of a token.

use model::{
    AppId, Source, Timestamp,
    oauth::{Application, ScopeList, TokenHash},
};
use serde::{Deserialize, Serialize};

/// The record of a token, by its hash: its application and its rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The application that the token was issued to.
    pub app_id: AppId,
    /// Scopes by name.
    pub scopes: Vec<String>,
    /// The third-party systems that the application may act for.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Absent if an operator stored the token by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// In epoch seconds.
    pub expire_at: u64,
}

impl Grant {
    /// A grant of `scopes`, with the sources of `application`.
    #[must_use]
    pub fn to(application: &Application, scopes: &ScopeList, issued_at: Timestamp, expire_at: u64) -> Self {
        Self {
            app_id: application.app_id.clone(),
            scopes: scopes.iter().map(str::to_owned).collect(),
            sources: application.sources.clone(),
            issued_at: Some(issued_at),
            expire_at,
        }
    }
}

/// The record of a token in its application's partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken {
    /// The SHA-256 of the token.
    pub hash: TokenHash,
    /// Scopes by name.
    pub scopes: Vec<String>,
    /// Absent if an operator stored the token by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// In epoch seconds.
    pub expire_at: u64,
}
