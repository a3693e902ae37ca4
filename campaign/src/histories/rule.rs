//! Broken rules.

use std::fmt;

use super::time::Millis;

/// A rule of the contract that a history breaks.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    pub(super) rule: &'static str,
    pub(super) at: Millis,
    pub(super) subject: Subject,
    /// The facts.
    pub(super) facts: String,
}

/// The smallest part of the world that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// A message id of an application of the push product.
    Message { app: usize, id: u64 },
    /// A chat of a source.
    Chat { source: u32, chat: u64 },
    /// The chat log of a chat.
    Log { chat: u64 },
    /// The tokens of an application.
    Tokens { app: usize },
    /// A user's details.
    Details { client: usize },
    /// The tickets and connections of a user.
    Sockets { user: usize },
    /// The whole.
    World,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms: {}: {:?}: {}", self.at, self.rule, self.subject, self.facts)
    }
}
