//! The bodies of requests, with messages of chats that do not exist.

use model::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;
use webhook::payload::{MAX_BODY, MAX_ENTRIES};

/// Text of Chinese characters, each of three bytes in UTF-8.
const CHINESE: &str = "您好，请问有什么可以帮您？";
const CHARACTER: usize = 3;

/// A batch of one text message.
pub fn of_text(now: Timestamp) -> Vec<u8> {
    batch(now, &[text("您好，我想咨询一下 😀")])
}

/// A batch with each kind of message.
pub fn of_each_kind(now: Timestamp) -> Vec<u8> {
    let kinds = [
        text("您好，我想咨询一下 😀"),
        json!({"msgtype": "image", "image": {"image_url": "https://example.com/1.png"}}),
        json!({"msgtype": "file", "file": {"file_name": "说明.txt", "file_url": "https://example.com/1.txt"}}),
        json!({"msgtype": "event", "eventType": "request"}),
        json!({"msgtype": "event", "eventType": "close"}),
    ];
    batch(now, &kinds)
}

/// A batch of [`MAX_ENTRIES`] Chinese text messages that together make a body of [`MAX_BODY`] bytes.
pub fn largest(now: Timestamp) -> Vec<u8> {
    let empty = batch(now, &vec![text(""); MAX_ENTRIES]).len();
    let room = MAX_BODY.saturating_sub(empty);
    let each = room / (MAX_ENTRIES * CHARACTER);
    let rest = room - each * MAX_ENTRIES * CHARACTER;
    let chinese: String = CHINESE.chars().cycle().take(each).collect();
    let padded = format!("{chinese}{}", "a".repeat(rest));
    let mut messages = vec![text(&chinese); MAX_ENTRIES - 1];
    messages.push(text(&padded));
    batch(now, &messages)
}

/// A body of a type that no document names.
pub fn of_unknown_type(now: Timestamp) -> Vec<u8> {
    envelope("check.unknown", now, &json!({"anything": [1, "二", null]}))
}

fn text(content: &str) -> Value {
    json!({"msgtype": "text", "text": {"content": content}})
}

/// A batch of messages of a new chat, numbered from 1.
fn batch(now: Timestamp, messages: &[Value]) -> Vec<u8> {
    let chat = format!("check-{}", Uuid::new_v4());
    let messages: Vec<_> =
        (1..).zip(messages).map(|(seq, message)| entry(&chat, seq, now, message)).collect();
    envelope("chat.messages", now, &json!({"source": 1, "messages": messages}))
}

/// A message with the fields that each kind has.
fn entry(chat: &str, seq: u32, now: Timestamp, message: &Value) -> Value {
    let mut entry = json!({
        "openId": chat, "seq": seq, "messageId": format!("message-{seq}"), "clientId": "",
        "time": now.date_time(),
    });
    if let (Some(entry), Some(message)) = (entry.as_object_mut(), message.as_object()) {
        entry.extend(message.clone());
    }
    entry
}

fn envelope(kind: &str, now: Timestamp, data: &Value) -> Vec<u8> {
    json!({"type": kind, "timestamp": now.rfc3339(), "data": data}).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_batch_has_the_most_bytes_and_messages_and_is_chinese() {
        let body = largest(Timestamp::from_millis(1_795_219_200_000));
        assert_eq!(body.len(), MAX_BODY);
        let parsed: Value = serde_json::from_slice(&body).unwrap();
        let messages = parsed["data"]["messages"].as_array().unwrap();
        assert_eq!(messages.len(), MAX_ENTRIES);
        let chinese = String::from_utf8(body).unwrap().chars().filter(|c| c.len_utf8() == CHARACTER).count();
        assert!(chinese * CHARACTER > MAX_BODY * 9 / 10, "{chinese}");
    }

    #[test]
    fn batches_are_those_of_the_document() {
        let now = Timestamp::from_millis(1_795_219_200_000);
        for body in [of_text(now), of_each_kind(now), largest(now)] {
            ::tests::REFERENCE.check_webhook_body(&String::from_utf8(body).unwrap());
        }
    }

    #[test]
    fn a_batch_is_of_one_chat_and_numbered_from_1() {
        let body = of_each_kind(Timestamp::from_millis(1_795_219_200_000));
        let parsed: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&parsed["type"], &parsed["timestamp"]),
            (&json!("chat.messages"), &json!("2026-11-21T00:00:00.000Z"))
        );
        let messages = parsed["data"]["messages"].as_array().unwrap();
        let chat = &messages[0]["openId"];
        assert!(chat.as_str().unwrap().starts_with("check-"));
        for (index, message) in messages.iter().enumerate() {
            assert_eq!((&message["openId"], &message["seq"]), (chat, &json!(index + 1)));
            assert_eq!(message["time"], "2026-11-21 08:00:00");
        }
        let kinds: Vec<_> = messages.iter().map(|message| message["msgtype"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["text", "image", "file", "event", "event"]);
    }
}
