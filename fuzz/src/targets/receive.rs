//! The body of a received message. Oracle: the contract's table of fields in their order, stated a second time.

use model::{
    JsonObject,
    customer_service::{MessageBody, ReceivedMessage},
};
use serde_json::{Map, Value, json};

use crate::{
    json::{Seen, exact_object, see},
    limits::{assert_content, assert_identifier, units},
};

pub fn run(bytes: &[u8]) {
    let Ok(body) = JsonObject::from_body(bytes) else { return };
    let message = ReceivedMessage::parse(&body);
    if let Ok(message) = &message {
        assert_valid(message);
    }
    if let Some(object) = exact_object(bytes) {
        let error = message.err().map(|error| error.to_string()).unwrap_or_default();
        let expected = expected(&object).err().unwrap_or_default();
        // The form of URLs has a target of its own.
        if !error.ends_with("must be an http or https URL") {
            assert_eq!(error, expected);
        }
    }
}

fn assert_valid(message: &ReceivedMessage) {
    assert_identifier(message.chat.as_str(), 64);
    let mut printed = json!({"touser": message.chat.as_str()});
    let mut add = |name: &str, value: Value| {
        if let Some(printed) = printed.as_object_mut() {
            printed.insert(name.to_owned(), value);
        }
    };
    if let Some(from) = &message.from {
        assert_identifier(from.as_str(), 64);
        add("fromuser", from.as_str().into());
    }
    if let Some(id) = &message.id {
        assert_identifier(id.as_str(), 64);
        add("msgId", id.as_str().into());
    }
    let may_be_anonymous = matches!(message.body, MessageBody::End | MessageBody::Evaluate(_));
    assert!(message.from.is_some() || may_be_anonymous);
    match &message.body {
        MessageBody::Begin => {
            add("msgtype", "event".into());
            add("eventType", "begin".into());
        }
        MessageBody::End => {
            add("msgtype", "event".into());
            add("eventType", "end".into());
        }
        MessageBody::Evaluate(url) => {
            assert_identifier(url.as_str(), 2048);
            add("msgtype", "evaluate".into());
            add("url", url.as_str().into());
        }
        MessageBody::Text(content) => {
            assert_content(content.as_str());
            add("msgtype", "text".into());
            add("text", json!({"content": content.as_str()}));
        }
        MessageBody::Image(url) => {
            assert_identifier(url.as_str(), 2048);
            add("msgtype", "image".into());
            add("image", json!({"image_url": url.as_str()}));
        }
        MessageBody::File(name, url) => {
            assert_identifier(name.as_str(), 255);
            assert_identifier(url.as_str(), 2048);
            add("msgtype", "file".into());
            add("file", json!({"file_name": name.as_str(), "file_url": url.as_str()}));
        }
    }
    let printed = printed.to_string();
    let body = JsonObject::from_body(printed.as_bytes()).unwrap_or_default();
    assert_eq!(ReceivedMessage::parse(&body).as_ref(), Ok(message));
}

/// The first error of a body, except those of the form of a URL.
fn expected(object: &Map<String, Value>) -> Result<(), String> {
    identifier(object, "touser", "touser", 64, true)?;
    let kind = word(object, "msgtype")?;
    if !["event", "evaluate", "text", "image", "file"].contains(&kind.as_str()) {
        return Err("invalid msgtype".to_owned());
    }
    let event = if kind == "event" { word(object, "eventType")? } else { String::new() };
    if kind == "event" && event != "begin" && event != "end" {
        return Err("eventType: must be one of [begin, end]".to_owned());
    }
    identifier(object, "fromuser", "fromuser", 64, event != "end" && kind != "evaluate")?;
    let nested = |name: &str| match object.get(name) {
        Some(Value::Object(nested)) => Ok(nested.clone()),
        _ if see(object, name) == Seen::Absent => Ok(Map::new()),
        _ => Err(format!("{name}: must be an object")),
    };
    match kind.as_str() {
        "evaluate" => identifier(object, "url", "url", 2048, true)?,
        "text" => match see(&nested("text")?, "content") {
            Seen::Text(content) if units(&content) > 32_768 => {
                return Err("text.content: length exceeds the max value [32768]".to_owned());
            }
            Seen::Text(_) => {}
            other => return Err(not_a_string(&other, "text.content")),
        },
        "image" => identifier(&nested("image")?, "image_url", "image.image_url", 2048, true)?,
        "file" => {
            let file = nested("file")?;
            identifier(&file, "file_name", "file.file_name", 255, true)?;
            identifier(&file, "file_url", "file.file_url", 2048, true)?;
        }
        _ => {}
    }
    identifier(object, "msgId", "msgId", 64, false)
}

fn word(object: &Map<String, Value>, name: &str) -> Result<String, String> {
    match see(object, name) {
        Seen::Text(text) => Ok(text.trim().to_owned()),
        other => Err(not_a_string(&other, name)),
    }
}

fn identifier(
    object: &Map<String, Value>,
    name: &str,
    shown: &str,
    max: usize,
    is_required: bool,
) -> Result<(), String> {
    match see(object, name) {
        Seen::Absent if !is_required => Ok(()),
        Seen::Text(text) if units(text.trim()) > max => {
            Err(format!("{shown}: length exceeds the max value [{max}]"))
        }
        Seen::Text(_) => Ok(()),
        other => Err(not_a_string(&other, shown)),
    }
}

fn not_a_string(seen: &Seen, name: &str) -> String {
    match seen {
        Seen::Absent => format!("Required parameter '{name}' is not present"),
        Seen::Text(_) | Seen::NotText => format!("{name}: must be a string"),
    }
}
