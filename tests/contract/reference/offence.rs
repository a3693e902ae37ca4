//! Calls that break the rule which an error's text names, and calls at the bound of that rule.

use serde_json::{Value, json};
use tests::reference::Operation;

use super::call::Call;

/// The place of a parameter in a call.
pub(super) enum Place {
    Query(String),
    /// A JSON pointer, for a list that of its first element.
    Body(String),
}

/// Calls that differ in one parameter.
pub(super) struct Offence {
    /// Each gets the error.
    pub wrong: Vec<Call>,
    /// Each is at a bound of the rule, or is one of the allowed values.
    pub right: Vec<Call>,
}

/// Calls that break and that keep the rule of an error's text.
///
/// # Panics
/// If the text belongs to no known rule.
pub(super) fn offence(operation: &Operation, text: &str) -> Offence {
    let (name, rule) = parameter_and_rule(text);
    let place = place(operation, name);
    let base = base(operation, &place);
    let with = |values: Vec<Value>| values.into_iter().map(|value| place.set(&base, Some(value))).collect();
    let absent = || place.set(&base, None);
    let (wrong, right) = match rule {
        // Each type has other fields, so that a word alone makes no valid call.
        rule if name == "msgtype" && rule.starts_with("must be one of") => {
            return Offence {
                wrong: with(vec![json!("x"), json!("Text")]),
                right: Call::examples(operation),
            };
        }
        "is not present" => {
            let blank = with(vec![json!(""), json!(" \u{3000}\n")]);
            let none = if name == "ackIds" { with(vec![json!([])]) } else { Vec::new() };
            return Offence { wrong: [vec![absent()], blank, none].concat(), right: Vec::new() };
        }
        "must be a string" => (vec![json!(true), json!([]), json!({}), json!(1.5)], Vec::new()),
        "must be an object" => (vec![json!(1), json!("x"), json!([])], Vec::new()),
        "must be a list of strings" => (vec![json!(1), json!({}), json!([{}])], Vec::new()),
        "must be a list of objects" => (vec![json!(1), json!({}), json!(["x"]), json!([[]])], Vec::new()),
        "must be an integer" => (vec![json!("x"), json!("1.0")], Vec::new()),
        "must be an http or https URL" => {
            (vec![json!("ftp://example.com"), json!("example.com")], vec![json!("HTTPS://例子.测试/")])
        }
        "must be yyyy-MM-dd HH:mm:ss" => {
            (vec![json!("2020-05-12T08:30:00"), json!("2020-05-12")], vec![json!("2020-05-12 08:30:00")])
        }
        "invalid msgtype" => (vec![json!("Text"), json!("voice")], Vec::new()),
        "is not valid" => (vec![json!("x")], Vec::new()),
        rule => at_and_beyond(name, rule),
    };
    Offence { wrong: with(wrong), right: with(right) }
}

/// Values beyond a bound and values at the bound.
fn at_and_beyond(name: &str, rule: &str) -> (Vec<Value>, Vec<Value>) {
    let numbers: Vec<usize> =
        rule.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
    if rule.starts_with("value must be between") {
        let (first, last) = (numbers[0], numbers[1]);
        return (vec![json!(first - 1), json!(last + 1)], vec![json!(first), json!(last)]);
    }
    if let Some(words) = rule.strip_prefix("must be one of [") {
        let words = words.trim_end_matches(']').split(", ");
        // `true` and `false` are JSON booleans.
        let words = words.map(|word| serde_json::from_str(word).unwrap_or_else(|_| json!(word))).collect();
        return (vec![json!("x")], words);
    }
    let max = *numbers.last().unwrap_or_else(|| panic!("unknown rule: {rule}"));
    let sized = |size: usize| match (name, rule) {
        ("ackIds", _) => json!(vec!["x"; size]),
        ("chats", _) => json!(vec![json!({"chatId": "x"}); size]),
        (_, rule) if rule.starts_with("size") => json!(vec!["u"; size].join(",")),
        (name, _) if name.ends_with("url") => json!(format!("{:x<size$}", "http://a/")),
        _ => json!("好".repeat(size)),
    };
    (vec![sized(max + 1)], vec![sized(max)])
}

/// The parameter that an error names, and the rule.
fn parameter_and_rule(text: &str) -> (&str, &str) {
    if text == "invalid msgtype" {
        return ("msgtype", text);
    }
    if let Some(rest) = text.strip_prefix("Required parameter '") {
        return rest.split_once("' ").unwrap();
    }
    let text = text.strip_prefix("messsagePush.").unwrap_or(text);
    text.split_once(": ").unwrap_or_else(|| panic!("unknown rule: {text}"))
}

pub(super) fn place(operation: &Operation, name: &str) -> Place {
    // The chat window's cursor has another name.
    let names = if name == "cursor" { vec!["cursor", "after"] } else { vec![name] };
    let parameter = operation.parameters.iter().find(|parameter| names.contains(&parameter.name.as_str()));
    match parameter {
        Some(parameter) => Place::Query(parameter.name.clone()),
        None => Place::Body(pointer(operation, name)),
    }
}

/// The JSON pointer of a field, in the first example body that has its lists.
fn pointer(operation: &Operation, name: &str) -> String {
    let pointer_in = |body: &Value| {
        name.split('.').fold(String::new(), |pointer, field| {
            let is_list = body.pointer(&pointer).is_some_and(Value::is_array);
            format!("{pointer}{}/{field}", if is_list { "/0" } else { "" })
        })
    };
    let pointers = Call::examples(operation).into_iter().map(|call| pointer_in(&call.body));
    pointers.max_by_key(String::len).unwrap()
}

/// The first example that has the parameter, or the first example.
pub(super) fn base(operation: &Operation, place: &Place) -> Call {
    let examples = Call::examples(operation);
    let has = |call: &&Call| match place {
        Place::Query(_) => true,
        Place::Body(pointer) => call.body.pointer(pointer).is_some(),
    };
    examples.iter().find(has).unwrap_or(&examples[0]).clone()
}

impl Place {
    /// The call with this value of the parameter, or without it.
    pub fn set(&self, base: &Call, value: Option<Value>) -> Call {
        let mut call = base.clone();
        let (object, name) = match self {
            Self::Query(name) => (&mut call.query, name.as_str()),
            Self::Body(pointer) => {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                (call.body.pointer_mut(parent).unwrap().as_object_mut().unwrap(), name)
            }
        };
        match value {
            Some(value) => object.insert(name.to_owned(), value),
            None => object.remove(name),
        };
        call
    }
}
