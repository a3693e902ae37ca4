//! The body of a request. Oracle: `serde_json`'s own reading of the whole document.

use model::{BodyError, JsonObject, Parameter};
use serde_json::{Map, Value};

pub fn run(bytes: &[u8]) {
    let without_mark = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let document = serde_json::from_slice::<Value>(without_mark);
    match (JsonObject::from_body(bytes), document) {
        (Ok(object), Ok(Value::Object(expected))) => assert_members(&object, &expected),
        (Ok(_), Ok(other)) => unreachable!("{other} is no object"),
        // Values of any size and depth are skipped, as long as they are not read.
        (Ok(_), Err(error)) => {
            let error = error.to_string();
            assert!(error.contains("out of range") || error.contains("recursion limit"), "{error}");
        }
        (Err(BodyError::TooLarge), _) => assert!(bytes.len() > 262_144),
        (Err(BodyError::Empty), _) => {
            let text = str::from_utf8(bytes).unwrap_or("not empty");
            assert!(text.chars().all(|c| c.is_whitespace() || c == '\u{feff}'));
        }
        (Err(BodyError::Invalid), document) => assert!(!document.is_ok_and(|value| value.is_object())),
    }
}

fn assert_members(object: &JsonObject<'_>, expected: &Map<String, Value>) {
    for (name, value) in expected {
        assert_value(&object.get(name), value);
        let list = object.list(name);
        assert_eq!(list.is_some(), value.is_array(), "{name}");
        for (element, value) in list.iter().flatten().zip(value.as_array().into_iter().flatten()) {
            assert_value(element, value);
        }
    }
}

fn assert_value(parameter: &Parameter<'_>, value: &Value) {
    match (parameter, value) {
        (Parameter::Absent, Value::Null) | (Parameter::Other, Value::Array(_) | Value::Bool(_)) => {}
        (Parameter::Absent, Value::String(text)) => assert!(text.trim().is_empty(), "{text:?}"),
        (Parameter::Text(text), Value::String(expected)) => {
            assert!(text == expected && !text.trim().is_empty(), "{text:?}");
        }
        (Parameter::Integer(digits), Value::Number(number)) if !number.is_f64() => {
            assert_eq!(*digits, number.to_string());
        }
        // An integer that only a float could hold keeps its digits.
        (Parameter::Integer(digits), Value::Number(_)) => {
            let digits = digits.strip_prefix('-').unwrap_or(digits);
            assert!(!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
        }
        (Parameter::Other, Value::Number(number)) => assert!(number.is_f64(), "{number}"),
        (Parameter::Object(object), Value::Object(expected)) => assert_members(object, expected),
        (parameter, value) => unreachable!("{parameter:?} is not {value}"),
    }
}
