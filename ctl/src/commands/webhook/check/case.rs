//! The cases, and the answers that pass.

use serde::Serialize;
use webhook::client::{Answer, Outcome};

/// A property of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Accepts a batch with each kind of message.
    Valid,
    /// Refuses a signature by another secret.
    WrongSignature,
    /// Refuses a request without the header of signatures.
    MissingSignature,
    /// Refuses a request that was signed ten minutes ago: it may be a recorded one.
    OldTimestamp,
    /// Accepts two signatures, of which either one may be by the secret that it knows.
    Rotation,
    /// Accepts a batch again: its first answer may have been lost.
    RepeatedBatch,
    /// Accepts and ignores a type that it does not know: types may be added.
    UnknownType,
    /// Accepts the largest body.
    LargestBody,
    /// Waits for a body that takes eight seconds.
    SlowBody,
}

/// The result of a case.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub passed: bool,
    /// One line.
    pub reason: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Every 2xx.
    Accepted,
    /// Every 4xx but 410, which would disable the endpoint.
    Refused,
}

impl Case {
    /// The order in which the cases are sent.
    pub const ALL: [Self; 9] = [
        Self::Valid,
        Self::WrongSignature,
        Self::MissingSignature,
        Self::OldTimestamp,
        Self::Rotation,
        Self::RepeatedBatch,
        Self::UnknownType,
        Self::LargestBody,
        Self::SlowBody,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::WrongSignature => "wrong-signature",
            Self::MissingSignature => "missing-signature",
            Self::OldTimestamp => "old-timestamp",
            Self::Rotation => "rotation",
            Self::RepeatedBatch => "repeated-batch",
            Self::UnknownType => "unknown-type",
            Self::LargestBody => "largest-body",
            Self::SlowBody => "slow-body",
        }
    }

    const fn expected(self) -> Expected {
        match self {
            Self::WrongSignature | Self::MissingSignature | Self::OldTimestamp => Expected::Refused,
            Self::Valid
            | Self::Rotation
            | Self::RepeatedBatch
            | Self::UnknownType
            | Self::LargestBody
            | Self::SlowBody => Expected::Accepted,
        }
    }

    /// Judges the outcomes of the case's requests, in the order of sending. All of them have to be as expected.
    pub fn verdict(self, outcomes: &[Outcome]) -> Verdict {
        let expected = self.expected();
        let unexpected = outcomes.iter().enumerate().find(|(_, outcome)| !expected.is_met_by(outcome));
        let Some((index, outcome)) = unexpected else {
            let answers: Vec<_> = outcomes.iter().map(shown).collect();
            return Verdict { passed: true, reason: answers.join(", ") };
        };
        let request = if outcomes.len() > 1 {
            format!("request {} of {}: ", index + 1, outcomes.len())
        } else {
            String::new()
        };
        Verdict { passed: false, reason: format!("{request}{}; {}", shown(outcome), expected.text()) }
    }
}

impl Expected {
    const fn is_met_by(self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Accepted, Outcome::Answered(Answer { status: 200..=299, .. })) => true,
            (Self::Refused, Outcome::Answered(Answer { status, .. })) => {
                matches!(*status, 400..=499) && *status != 410
            }
            _ => false,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Accepted => "expected 2xx",
            Self::Refused => "expected 4xx, but not 410",
        }
    }
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered(answer) => format!("answered {}", answer.status),
        Outcome::Failed(failure) => failure.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use webhook::client::Failure;

    use super::*;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered(Answer { status, retry_after: None, body: String::new() })
    }

    #[test]
    fn the_bounds_of_the_answers_that_pass() {
        for (status, accepts, refuses) in [
            (199, false, false),
            (200, true, false),
            (299, true, false),
            (300, false, false),
            (399, false, false),
            (400, false, true),
            (409, false, true),
            (410, false, false),
            (411, false, true),
            (499, false, true),
            (500, false, false),
        ] {
            assert_eq!(Case::Valid.verdict(&[answered(status)]).passed, accepts, "{status}");
            assert_eq!(Case::OldTimestamp.verdict(&[answered(status)]).passed, refuses, "{status}");
        }
        let failed = [Outcome::Failed(Failure::TimedOut)];
        assert!(!Case::Valid.verdict(&failed).passed && !Case::OldTimestamp.verdict(&failed).passed);
    }

    #[test]
    fn a_reason_names_the_first_request_that_was_answered_otherwise() {
        let reason = |outcomes: &[Outcome]| Case::Rotation.verdict(outcomes).reason;
        assert_eq!(reason(&[answered(204), answered(200)]), "answered 204, answered 200");
        assert_eq!(reason(&[answered(204), answered(400)]), "request 2 of 2: answered 400; expected 2xx");
        assert_eq!(
            reason(&[Outcome::Failed(Failure::TimedOut), answered(400)]),
            "request 1 of 2: no answer within 10 seconds; expected 2xx"
        );
        let refusal = Case::WrongSignature.verdict(&[answered(204)]).reason;
        assert_eq!(refusal, "answered 204; expected 4xx, but not 410");
    }
}
