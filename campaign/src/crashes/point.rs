//! The moments at which a function is killed.

use std::fmt;

use tests::Moment;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    /// At a moment of its store request `number`, counted from 0.
    Request { number: usize, moment: Moment },
    /// After it has answered the invocation.
    Answered,
}

impl Point {
    /// The crash points of an invocation with this number of store requests.
    pub(super) fn all(requests: usize) -> impl Iterator<Item = Self> {
        let moments = [Moment::Arrived, Moment::Applied, Moment::Answered];
        let of_request =
            move |number| moments.into_iter().map(move |moment| Self::Request { number, moment });
        (0..requests).flat_map(of_request).chain([Self::Answered])
    }

    /// A description with the name of the operation; `requests` are those of the run without a crash.
    pub(super) fn describe(self, requests: &[String]) -> String {
        match self {
            Self::Request { number, .. } => {
                let operation = requests.get(number).map_or("a request", String::as_str);
                format!("request {} ({operation}), {self}", number + 1)
            }
            Self::Answered => self.to_string(),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request { moment: Moment::Arrived, .. } => "before it is forwarded",
            Self::Request { moment: Moment::Applied, .. } => "after it is applied, before its reply",
            Self::Request { moment: Moment::Answered, .. } => "after its reply",
            Self::Answered => "after the function's answer",
        })
    }
}
