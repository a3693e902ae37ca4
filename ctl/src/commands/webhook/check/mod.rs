//! Plays the platform against a receiver: sends valid and invalid requests and compares the answers with what a receiver has to
//! answer.

mod batch;
mod case;
mod platform;

use std::io::{self, Write};

use serde::Serialize;

use crate::{arguments::Check, error::Error};
use case::{Case, Verdict};
use platform::Platform;

#[derive(Serialize)]
struct Report {
    url: String,
    passed: bool,
    cases: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    case: &'static str,
    #[serde(flatten)]
    verdict: Verdict,
}

/// Sends each case, one after the other. Prints each verdict at once, or all as JSON at the end.
///
/// # Errors
/// [`Error::ChecksFailed`] if a case failed.
pub async fn run(check: Check, json: bool) -> Result<(), Error> {
    let url = check.url.to_string();
    let platform = Platform::new(check)?;
    let mut lines = Vec::new();
    for case in Case::ALL {
        let line = Line { case: case.name(), verdict: case.verdict(&platform.send(case).await) };
        if !json {
            let word = if line.verdict.passed { "pass" } else { "FAIL" };
            writeln!(io::stdout(), "{word}  {:<17}  {}", line.case, line.verdict.reason)
                .map_err(Error::Output)?;
        }
        lines.push(line);
    }
    let cases = lines.len();
    let failed = lines.iter().filter(|line| !line.verdict.passed).count();
    if json {
        let report = Report { url, passed: failed == 0, cases: lines };
        let text = serde_json::to_string_pretty(&report).map_err(io::Error::from)?;
        writeln!(io::stdout(), "{text}").map_err(Error::Output)?;
    }
    if failed == 0 { Ok(()) } else { Err(Error::ChecksFailed { failed, cases }) }
}
