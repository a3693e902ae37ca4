//! Checks of the log of the function under attack.

use serde_json::Value;

use super::instance::ProcessLog;

/// The functions that know no application: their events name none.
const WITHOUT_APPLICATION: [&str; 3] = ["dispatch-events", "notify-users", "socket"];

/// Checks that a log has JSON lines only, exactly one request line for each finished invocation, no body and
/// none of the secrets.
///
/// # Errors
/// The line that breaks a rule.
pub(super) fn check(log: &ProcessLog, binary: &str, secrets: &[&str]) -> Result<(), String> {
    // In a line, the quotes of a body in JSON are escaped.
    let bodies: Vec<String> = log.bodies.iter().flat_map(|body| [body.clone(), escaped(body)]).collect();
    let mut requests = Vec::new();
    for line in log.text.lines() {
        let has_body = bodies.iter().any(|body| line.contains(body));
        if has_body || secrets.iter().any(|secret| line.contains(*secret)) {
            return Err(format!("a secret, a content or a body is logged: {line}"));
        }
        let Ok(parsed) = serde_json::from_str::<Value>(line) else {
            return Err(format!("a panic, or a line that is no JSON: {line}"));
        };
        if parsed["level"] == "ERROR" {
            return Err(format!("an error is logged: {line}"));
        }
        if parsed["message"] == "request" {
            requests.push((line, parsed));
        }
    }
    // The line is written before the answer is sent.
    let most = log.finished.len() + usize::from(log.was_interrupted);
    if !(log.finished.len()..=most).contains(&requests.len()) {
        return Err(format!("{} request lines for {} invocations", requests.len(), log.finished.len()));
    }
    for ((line, request), is_success) in requests.iter().zip(&log.finished) {
        let is_complete = request["request_id"].as_str().is_some_and(|id| !id.is_empty())
            && request["function"] == binary
            && !request["outcome"].is_null()
            && request["duration_ms"].as_f64().is_some_and(|millis| millis >= 0.0);
        let has_application = !request["application"].is_null();
        if !is_complete || (*is_success && !WITHOUT_APPLICATION.contains(&binary) && !has_application) {
            return Err(format!("an incomplete request line: {line}"));
        }
    }
    Ok(())
}

fn escaped(body: &str) -> String {
    let quoted = Value::from(body).to_string();
    quoted.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"level":"INFO","message":"request","request_id":"1","function":"f","outcome":200,"duration_ms":1.5,"application":"demo"}"#;

    fn outcome(text: &str, finished: &[bool], was_interrupted: bool) -> Result<(), String> {
        let bodies = vec![r#"{"messageId":"m"}"#.to_owned()];
        let log = ProcessLog { text: text.to_owned(), bodies, finished: finished.to_vec(), was_interrupted };
        check(&log, "f", &["s3cret"])
    }

    #[test]
    fn each_finished_invocation_has_one_complete_line_and_an_interrupted_one_at_most_one() {
        assert_eq!(outcome(LINE, &[true], false), Ok(()));
        assert_eq!(outcome(LINE, &[true], true), Ok(()));
        assert_eq!(outcome(LINE, &[], true), Ok(()));
        assert!(outcome(LINE, &[], false).is_err());
        assert!(outcome("", &[true], true).is_err());
        let anonymous = LINE.replace(r#","application":"demo""#, "");
        assert!(outcome(&anonymous, &[true], false).is_err());
        assert_eq!(outcome(&anonymous, &[false], false), Ok(()));
        assert!(outcome(&LINE.replace("1.5", "null"), &[true], false).is_err());
    }

    #[test]
    fn a_panic_an_error_a_secret_and_a_body_are_found() {
        assert!(outcome(r#"{"level":"DEBUG","message":"body: {\"messageId\":\"m\"}"}"#, &[], true).is_err());
        assert!(outcome("thread 'main' panicked at x.rs", &[], true).is_err());
        assert!(outcome(r#"{"level":"ERROR","message":"x"}"#, &[], true).is_err());
        assert!(outcome(r#"{"level":"DEBUG","message":"s3cret"}"#, &[], true).is_err());
        assert_eq!(outcome(r#"{"level":"DEBUG","message":"x"}"#, &[], true), Ok(()));
    }
}
