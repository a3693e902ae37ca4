//! Properties of all parsers: none panics on any input, and accepted values are within their limits.

use model::{
    BodyError, BoundedText, ChatId, ClientId, Content, JsonObject, MessageId, Parameter, Source, Timestamp,
    UserId,
    customer_service::{ChatLogCursor, ChatLogPageSize, ChatLogQuery, MessageBody, ReceivedMessage},
    oauth::{BearerToken, Principal},
    push::{ExpireHours, PushError, PushRequest, UserIds},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn utf16_length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Any text, or text of characters that are special to parsers.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ \t\u{3000}\u{feff}#%/,\"\\\\{}0-9a-z😀好\u{0}]{0,80}",
        "[x😀]{50,70}",
        Just(String::new()),
    ]
}

/// Any JSON value.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

/// A valid value in half of the cases.
fn value_or(right: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![right, value()]
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(words).prop_map(Value::from)
}

fn message() -> impl Strategy<Value = Value> {
    let url = || word(&["http://a/b", "https://例子.测试", "ftp://a", "http://"]);
    (
        value_or(text().prop_map(Value::from)),
        value_or(word(&["event", "evaluate", "text", "image", "file"])),
        value_or(word(&["begin", "end", "other"])),
        value_or(text().prop_map(Value::from)),
        (value_or(url()), value(), value_or(url()), value(), value_or(url())),
    )
        .prop_map(|(touser, msgtype, event_type, fromuser, (url, content, image_url, file_name, file_url))| {
            json!({
                "touser": touser, "msgtype": msgtype, "eventType": event_type, "fromuser": fromuser, "url": url,
                "text": {"content": content}, "image": {"image_url": image_url},
                "file": {"file_name": file_name, "file_url": file_url},
            })
        })
}

fn push() -> impl Strategy<Value = Value> {
    let users = prop::collection::vec(text(), 0..120).prop_map(|users| Value::from(users.join(",")));
    let hours = prop_oneof![
        (0..200_u32).prop_map(Value::from),
        (0..200_u32).prop_map(|n| Value::from(n.to_string()))
    ];
    (value_or(users), value(), value_or(hours), value())
        .prop_map(|(users, content, hours, message)| {
            json!({"userIds": users, "content": content, "expireTime": hours, "messageId": message})
        })
}

fn is_trimmed_and_within(text: &str, limit: usize) -> bool {
    text.trim() == text && !text.is_empty() && utf16_length(text) <= limit
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_a_body_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match JsonObject::from_body(&bytes) {
            Ok(_) => prop_assert!(serde_json::from_slice::<Value>(&bytes).is_ok_and(|value| value.is_object())),
            Err(BodyError::TooLarge) => prop_assert!(false, "the body is short"),
            Err(BodyError::Empty | BodyError::Invalid) => {}
        }
    }

    #[test]
    fn any_json_object_is_a_body(value in value()) {
        let body = value.to_string();
        prop_assert_eq!(JsonObject::from_body(body.as_bytes()).is_ok(), value.is_object());
    }

    #[test]
    fn a_received_message_is_within_its_limits(value in message()) {
        let body = value.to_string();
        if let Ok(message) = ReceivedMessage::parse(&JsonObject::from_body(body.as_bytes()).unwrap()) {
            prop_assert!(is_trimmed_and_within(message.chat.as_str(), 64));
            if let Some(from) = &message.from {
                prop_assert!(is_trimmed_and_within(from.as_str(), 64));
            }
            match &message.body {
                MessageBody::Begin => prop_assert!(message.from.is_some()),
                MessageBody::End => {}
                MessageBody::Evaluate(url) => prop_assert!(is_trimmed_and_within(url.as_str(), 2048)),
                MessageBody::Text(content) => {
                    prop_assert!(utf16_length(content.as_str()) <= 32_768 && !content.as_str().trim().is_empty());
                }
                MessageBody::Image(url) => prop_assert!(is_trimmed_and_within(url.as_str(), 2048)),
                MessageBody::File(name, url) => {
                    prop_assert!(is_trimmed_and_within(name.as_str(), 255));
                    prop_assert!(is_trimmed_and_within(url.as_str(), 2048));
                }
            }
        }
    }

    #[test]
    fn a_push_is_within_its_limits(value in push()) {
        let body = value.to_string();
        match PushRequest::parse(&JsonObject::from_body(body.as_bytes()).unwrap()) {
            Ok(push) => {
                let users = push.users.as_slice();
                prop_assert!((1..=UserIds::MAX_SIZE).contains(&users.len()));
                prop_assert!(users.iter().all(|user| is_trimmed_and_within(user.as_str(), UserId::MAX_LENGTH)));
                let mut unique = users.to_vec();
                unique.sort();
                unique.dedup();
                prop_assert_eq!(unique.len(), users.len());
                prop_assert!(utf16_length(push.content.as_str()) <= Content::MAX_LENGTH);
                prop_assert!(is_trimmed_and_within(push.message.as_str(), MessageId::MAX_LENGTH));
                let hours = push.expire_hours.deadline(Timestamp::from_millis(0)).seconds() / 3600;
                prop_assert!(ExpireHours::RANGE.contains(&u32::try_from(hours).unwrap()));
            }
            Err(error) => prop_assert!(error != PushError::System && error != PushError::InvalidJson),
        }
    }

    #[test]
    fn any_query_is_a_source_or_an_error(query in text()) {
        if let Ok(source) = Source::parse(&Parameter::from_query(Some(&query))) {
            prop_assert!(Source::RANGE.contains(&source.number()));
        }
    }

    #[test]
    fn any_query_is_a_user_or_an_error(query in text()) {
        if let Ok(client) = Parameter::from_query(Some(&query)).required::<ClientId>("clientId") {
            prop_assert!(is_trimmed_and_within(client.as_str(), ClientId::MAX_LENGTH));
        }
    }

    #[test]
    fn any_query_is_a_chat_log_query_or_an_error(chat in text(), limit in text(), cursor in text()) {
        let parameter = |name| Parameter::from_query(Some(match name {
            "openId" => chat.as_str(),
            "limit" => limit.as_str(),
            _ => cursor.as_str(),
        }));
        if let Ok(query) = ChatLogQuery::parse(Source::DEFAULT, parameter) {
            prop_assert!(is_trimmed_and_within(query.chat.as_str(), ChatId::MAX_LENGTH));
            prop_assert!(query.limit.is_none_or(|limit| ChatLogPageSize::RANGE.contains(&u32::try_from(limit.get()).unwrap())));
            prop_assert_eq!(query.after, None, "no text is a valid cursor");
        }
    }

    #[test]
    fn an_issued_cursor_is_accepted_for_its_chat(chat in "\\PC{1,30}", position in "[0-9]{13}#[^\u{0}]{1,16}") {
        prop_assume!(!chat.trim().is_empty());
        let id = ChatId::parse(&chat).unwrap();
        let issued = ChatLogCursor::after(position).issue(Source::DEFAULT, &id);
        let parameter = |name| Parameter::from_query(match name {
            "openId" => Some(chat.as_str()),
            "cursor" => Some(issued.as_str()),
            _ => None,
        });
        let query = ChatLogQuery::parse(Source::DEFAULT, parameter).unwrap();
        prop_assert_eq!(query.after.unwrap().issue(Source::DEFAULT, &id), issued.clone());
    }

    #[test]
    fn any_header_is_a_token_or_malformed(header in prop_oneof![text(), "[Bb]earer {0,3}[a-zA-Z0-9._~+/=, -]{0,40}"]) {
        if BearerToken::from_header(&header).is_ok() {
            let token = header.get(7..).unwrap().trim_start_matches(' ');
            prop_assert!(header.get(..7).unwrap().eq_ignore_ascii_case("bearer "));
            prop_assert!(!token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || "._~+/=-".contains(c)));
        }
    }

    #[test]
    fn any_context_is_a_principal_or_none(app in text(), sources in prop_oneof![text(), "[0-9,]{0,12}"]) {
        if let Some(principal) = Principal::from_context(&app, &sources) {
            prop_assert!(is_trimmed_and_within(principal.app.as_str(), 64));
            prop_assert_eq!(Principal::from_context(&app, &principal.sources.to_context()), Some(principal));
        }
    }

    #[test]
    fn any_time_has_19_characters_or_none(millis in any::<u64>()) {
        prop_assert!(matches!(Timestamp::from_millis(millis).date_time().len(), 0 | 19));
    }
}
