//! Calls of clients, and what a client learns from an answer.

use std::fmt;

use local::gateway::Answer;
use serde_json::Value;

use super::time::{Millis, SECOND};

/// The largest difference of an instance's clock from the true time.
pub(super) const SKEW: Millis = 5 * SECOND;

/// The time after its end in which a call may still take effect: requests to the store are applied up to 2 s after they were sent.
pub(super) const SETTLES: Millis = 2 * SECOND;

/// A call, by the true time.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) begun: Millis,
    pub(super) ended: Millis,
    pub(super) outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// A success, with its body.
    Done(Value),
    /// A 4xx with its message. The call changes nothing.
    Refused(String),
    /// A 429 or a 5xx. The call may have taken effect, or part of it.
    Unknown,
}

impl Outcome {
    /// Reads an answer; its body, if it is none of the contract.
    pub(super) fn of(answer: &Answer) -> Result<Self, String> {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let unclean = || format!("{} {text}", answer.status);
        let body: Value = serde_json::from_str(&text).map_err(|_| unclean())?;
        let message = ["message", "error"].iter().find_map(|name| body[*name].as_str()).map(str::to_owned);
        match (answer.status, message) {
            (200, _) => Ok(Self::Done(body)),
            (429, Some(_)) => Ok(Self::Unknown),
            (400..429, Some(message)) => Ok(Self::Refused(message)),
            (500, Some(message)) if message == "system error" || message == "server_error" => {
                Ok(Self::Unknown)
            }
            _ => Err(unclean()),
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match &self.outcome {
            Outcome::Done(_) => "done",
            Outcome::Refused(message) => message,
            Outcome::Unknown => "unknown",
        };
        write!(f, "{}..{} {outcome}", self.begun, self.ended)
    }
}

impl Call {
    pub(super) fn is_done(&self) -> bool {
        matches!(self.outcome, Outcome::Done(_))
    }

    /// Whether the call may have taken effect.
    pub(super) fn may_apply(&self) -> bool {
        !matches!(self.outcome, Outcome::Refused(_))
    }

    pub(super) fn refusal(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Refused(message) => Some(message),
            _ => None,
        }
    }

    /// The body of a success.
    pub(super) fn body(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Done(body) => Some(body),
            _ => None,
        }
    }

    /// The time after which the call takes no effect any more.
    pub(super) const fn settled(&self) -> Millis {
        self.ended + SETTLES
    }

    /// Whether this call ended before the other began.
    pub(super) const fn precedes(&self, other: &Self) -> bool {
        self.ended < other.begun
    }
}
