//! The bodies of the platform's API. Oracle: accepted values are within their limits, and are read back from a body that is
//! written with them.

use model::{
    JsonObject, Source, UserDetail,
    platform::{AckId, AckState, Acknowledgement, Login, RobotTurn, UserMessage, UserMessageBody},
};
use serde_json::{Value, json};

use crate::limits::{assert_content, assert_identifier};

pub fn run(bytes: &[u8]) {
    let Ok(body) = JsonObject::from_body(bytes) else { return };
    if let Ok(login) = Login::parse(&body) {
        assert_login(&login);
    }
    if let Ok(turn) = RobotTurn::parse(&body) {
        assert_turn(&turn);
    }
    if let Ok(message) = UserMessage::parse(&body) {
        assert_message(&message);
    }
    if let Ok(acknowledgement) = Acknowledgement::parse(&body) {
        assert_acknowledgement(&acknowledgement);
    }
}

fn assert_source(source: Source) {
    assert!((1..=2_147_483_647).contains(&source.number()));
}

/// Reads `printed` with `parse`.
fn read_back<T, E>(printed: &Value, parse: impl Fn(&JsonObject<'_>) -> Result<T, E>) -> Option<T> {
    let printed = printed.to_string();
    parse(&JsonObject::from_body(printed.as_bytes()).ok()?).ok()
}

fn assert_login(login: &Login) {
    assert_source(login.source);
    assert_identifier(login.user.as_str(), 60);
    assert_identifier(login.client.as_str(), 64);
    assert_identifier(login.host_ip.as_str(), 64);
    assert_identifier(login.user_agent.as_str(), 2048);
    let details = [&login.broswer, &login.sys_info, &login.address, &login.city, &login.channel_name];
    details.into_iter().flatten().for_each(|detail| assert_identifier(detail.as_str(), 255));
    let text = |detail: &Option<UserDetail>| detail.as_ref().map(ToString::to_string);
    let printed = json!({
        "userId": login.user.as_str(), "clientId": login.client.as_str(), "source": login.source.number(),
        "hostIp": login.host_ip.as_str(), "userAgent": login.user_agent.as_str(), "broswer": text(&login.broswer),
        "sysInfo": text(&login.sys_info), "address": text(&login.address), "city": text(&login.city),
        "channelName": text(&login.channel_name),
    });
    assert_eq!(read_back(&printed, Login::parse).as_ref(), Some(login));
}

fn assert_turn(turn: &RobotTurn) {
    assert_source(turn.source);
    assert_identifier(turn.chat.as_str(), 64);
    assert_content(turn.question.as_str());
    assert_content(turn.reply.as_str());
    if let Some(mode) = &turn.reply_mode {
        assert_identifier(mode.as_str(), 64);
    }
    if let Some(entry) = &turn.entry {
        assert_identifier(entry.as_str(), 64);
    }
    let date_time = turn.at.map(|at| {
        assert!(at.millis() <= 9_999_999_999_999 && at.millis() % 1000 == 0, "keys hold 13 digits");
        at.date_time()
    });
    let printed = json!({
        "source": turn.source.number(), "openId": turn.chat.as_str(), "question": turn.question.as_str(),
        "reply": turn.reply.as_str(), "replyMode": turn.reply_mode.as_ref().map(ToString::to_string),
        "dateTime": date_time, "entryId": turn.entry.as_ref().map(ToString::to_string),
    });
    assert_eq!(read_back(&printed, RobotTurn::parse).as_ref(), Some(turn));
}

fn assert_message(message: &UserMessage) {
    assert_source(message.source);
    assert_identifier(message.chat.as_str(), 64);
    assert_identifier(message.id.as_str(), 64);
    if let Some(client) = &message.client {
        assert_identifier(client.as_str(), 64);
    }
    let (msgtype, event, text, image, file) = match &message.body {
        UserMessageBody::Request => ("event", Some("request"), Value::Null, Value::Null, Value::Null),
        UserMessageBody::Close => ("event", Some("close"), Value::Null, Value::Null, Value::Null),
        UserMessageBody::Text(content) => {
            assert_content(content.as_str());
            ("text", None, json!({"content": content.as_str()}), Value::Null, Value::Null)
        }
        UserMessageBody::Image(url) => {
            assert_identifier(url.as_str(), 2048);
            ("image", None, Value::Null, json!({"image_url": url.as_str()}), Value::Null)
        }
        UserMessageBody::File(name, url) => {
            assert_identifier(name.as_str(), 255);
            assert_identifier(url.as_str(), 2048);
            let file = json!({"file_name": name.as_str(), "file_url": url.as_str()});
            ("file", None, Value::Null, Value::Null, file)
        }
    };
    let printed = json!({
        "source": message.source.number(), "chatId": message.chat.as_str(), "messageId": message.id.as_str(),
        "clientId": message.client.as_ref().map(ToString::to_string), "msgtype": msgtype, "eventType": event,
        "text": text, "image": image, "file": file,
    });
    assert_eq!(read_back(&printed, UserMessage::parse).as_ref(), Some(message));
}

fn assert_acknowledgement(acknowledgement: &Acknowledgement) {
    let Acknowledgement { user, ack_ids, invalid, state } = acknowledgement;
    assert_identifier(user.as_str(), 60);
    assert!((1..=100).contains(&(ack_ids.len() + invalid.len())));
    assert!(invalid.iter().all(|text| AckId::parse(text, user).is_none()));
    assert!(invalid.is_sorted_by(|one, next| one < next), "each once");
    let texts = ack_ids.iter().map(|id| id.issue(user)).chain(invalid.iter().cloned());
    let state = match state {
        AckState::Delivered => "delivered",
        AckState::Read => "read",
    };
    let printed = json!({"userId": user.as_str(), "ackIds": texts.collect::<Vec<_>>(), "state": state});
    let read = read_back(&printed, Acknowledgement::parse);
    assert!(read.is_some_and(|read| read.invalid == *invalid && read.ack_ids.len() <= ack_ids.len()));
}
