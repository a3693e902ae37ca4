//! The contract's rules for the values of a body, stated on `serde_json`'s values.

use serde_json::{Map, Value};

/// A parameter as the contract reads it.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// Absent, `null`, empty or blank.
    Absent,
    /// A string, or an integer as its digits.
    Text(String),
    /// An array, an object, a boolean, a fraction or an exponent.
    NotText,
}

/// The object of a body; `None` if the body is no object, or has a number that `serde_json` would round.
pub fn exact_object(body: &[u8]) -> Option<Map<String, Value>> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    match serde_json::from_slice(body).ok()? {
        Value::Object(object) if object.values().all(is_exact) => Some(object),
        _ => None,
    }
}

/// Whether a value has no number that `serde_json` holds as a float: its digits are lost.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(values) => values.iter().all(is_exact),
        Value::Object(object) => object.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// The member `name` as the contract reads it.
pub fn see(object: &Map<String, Value>, name: &str) -> Seen {
    match object.get(name) {
        None | Some(Value::Null) => Seen::Absent,
        Some(Value::String(text)) if text.trim().is_empty() => Seen::Absent,
        Some(Value::String(text)) => Seen::Text(text.clone()),
        Some(Value::Number(number)) if !number.is_f64() => Seen::Text(number.to_string()),
        Some(Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Seen::NotText,
    }
}
