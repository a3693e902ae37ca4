//! The bodies of a push and of a recall. Oracle: the contract's list of errors, stated a second time.

use std::collections::HashSet;

use model::{
    JsonObject, Timestamp,
    push::{PushRequest, RecallRequest},
};
use serde_json::{Map, Value, json};

use crate::{
    json::{Seen, exact_object, see},
    limits::{assert_content, assert_identifier, units},
};

pub fn run(bytes: &[u8]) {
    let Ok(body) = JsonObject::from_body(bytes) else { return };
    let push = PushRequest::parse(&body);
    let recall = RecallRequest::parse(&body);
    if let Ok(push) = &push {
        assert_valid(push);
    }
    if let Ok(recall) = &recall {
        assert_identifier(recall.message.as_str(), 64);
    }
    if let Some(object) = exact_object(bytes) {
        let texts = push.map(|push| Texts::of(&push)).map_err(|error| error.to_string());
        assert_eq!(texts, expected(&object));
        let message = recall.map(|recall| recall.message.to_string()).map_err(|error| error.to_string());
        assert_eq!(message, expected_message(&object));
    }
}

/// The values of a push as texts.
#[derive(Debug, PartialEq, Eq)]
struct Texts {
    users: Vec<String>,
    content: String,
    hours: u64,
    message: String,
}

impl Texts {
    fn of(push: &PushRequest) -> Self {
        Self {
            users: push.users.as_slice().iter().map(ToString::to_string).collect(),
            content: push.content.to_string(),
            hours: push.expire_hours.deadline(Timestamp::from_millis(0)).seconds() / 3600,
            message: push.message.to_string(),
        }
    }
}

fn assert_valid(push: &PushRequest) {
    let texts = Texts::of(push);
    assert!((1..=100).contains(&texts.users.len()) && (1..=168).contains(&texts.hours));
    for user in &texts.users {
        assert_identifier(user, 60);
        assert!(!user.contains(','), "{user}");
    }
    assert_content(&texts.content);
    assert_identifier(&texts.message, 64);
    let printed = json!({
        "userIds": texts.users.join(","), "content": texts.content, "expireTime": texts.hours, "messageId": texts.message,
    });
    let printed = printed.to_string();
    let body = JsonObject::from_body(printed.as_bytes()).unwrap_or_default();
    assert_eq!(PushRequest::parse(&body).as_ref(), Ok(push));
}

fn expected(object: &Map<String, Value>) -> Result<Texts, String> {
    let users = match see(object, "userIds") {
        Seen::Text(list) if list.split(',').all(|element| element.trim().is_empty()) => Seen::Absent,
        users => users,
    };
    let (content, hours) = (see(object, "content"), see(object, "expireTime"));
    let message = see(object, "messageId");
    let present =
        [("userIds", &users), ("content", &content), ("expireTime", &hours), ("messageId", &message)];
    if let Some((name, _)) = present.into_iter().find(|(_, seen)| **seen == Seen::Absent) {
        return Err(format!("Required parameter '{name}' is not present"));
    }
    let Seen::Text(users) = users else { return Err("messsagePush.userIds: must be a string".to_owned()) };
    let users: Vec<_> = users.split(',').map(str::trim).filter(|user| !user.is_empty()).collect();
    if users.len() > 100 {
        return Err("messsagePush.userIds: size exceeds the max value [100]".to_owned());
    }
    if users.iter().any(|user| units(user) > 60) {
        return Err("messsagePush.userIds: element length exceeds the max value [60]".to_owned());
    }
    let Seen::Text(content) = content else {
        return Err("messsagePush.content: must be a string".to_owned());
    };
    if units(&content) > 32_768 {
        return Err("messsagePush.content: length exceeds the max value [32768]".to_owned());
    }
    let hours = match hours {
        Seen::Text(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().unwrap_or(0),
        _ => 0,
    };
    if !(1..=168).contains(&hours) {
        return Err("messsagePush.expireTime: value must be between 1 and 168".to_owned());
    }
    let message = expected_message(object)?;
    let mut seen = HashSet::new();
    let users = users.into_iter().filter(|user| seen.insert(*user)).map(str::to_owned).collect();
    Ok(Texts { users, content, hours, message })
}

fn expected_message(object: &Map<String, Value>) -> Result<String, String> {
    match see(object, "messageId") {
        Seen::Absent => Err("Required parameter 'messageId' is not present".to_owned()),
        Seen::NotText => Err("messsagePush.messageId: must be a string".to_owned()),
        Seen::Text(id) if units(id.trim()) > 64 => {
            Err("messsagePush.messageId: Length exceeds the max value [64]".to_owned())
        }
        Seen::Text(id) => Ok(id.trim().to_owned()),
    }
}
