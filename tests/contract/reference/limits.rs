//! Each limit of a request that the document states, and the error that comes of it.

use serde_json::Value;
use tests::REFERENCE;

/// Each limit that a schema states has its error, so that none can be in the document alone.
#[test]
fn every_limit_of_a_request_has_an_error_that_names_it() {
    for operation in &REFERENCE.operations {
        let Some(answer) = operation.answers.get(&400) else { panic!("{}", operation.id) };
        let texts: Vec<_> = answer.examples.values().filter_map(|error| error["message"].as_str()).collect();
        let names = |text: &str, name: &str| text.split(['.', ':', '\'']).any(|part| part == name);
        let is_said = |name: &str, limit: &str| {
            texts.iter().any(|text| names(text, name) && text.to_lowercase().contains(limit))
        };
        let mut limits = Vec::new();
        for parameter in &operation.parameters {
            limits_of(&parameter.name, &parameter.schema, &mut limits);
        }
        if let Some(body) = operation.body.as_ref().filter(|body| !body.is_form) {
            limits_of("", &body.schema, &mut limits);
        }
        for (name, limit) in limits {
            assert!(is_said(&name, &limit), "{}: {name}, {limit}", operation.id);
        }
    }
}

/// The limits of what is called `name`, in the words of the error that there must be for each.
fn limits_of(name: &str, schema: &Value, limits: &mut Vec<(String, String)>) {
    let mut add = |limit: String| limits.push((name.to_owned(), limit));
    for (keyword, words) in
        [("maxLength", "length exceeds the max value"), ("maxItems", "size exceeds the max value")]
    {
        if let Some(max) = schema[keyword].as_u64() {
            add(format!("{words} [{max}]"));
        }
    }
    if let (Some(min), Some(max)) = (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        add(format!("value must be between {min} and {max}"));
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        let has_fields = schema["properties"][required.as_str().unwrap()].get("properties").is_some();
        if !has_fields {
            limits.push((required.as_str().unwrap().to_owned(), "is not present".to_owned()));
        }
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        limits_of(name, inner, limits);
    }
    for variant in schema["oneOf"].as_array().into_iter().flatten() {
        limits_of(name, variant, limits);
    }
    if !schema["items"].is_null() {
        limits_of(name, &schema["items"], limits);
    }
}
