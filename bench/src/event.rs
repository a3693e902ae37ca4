//! The events that the functions are measured with: those of `events/`, some with another body or query.

use std::{fs, io, path::Path, sync::Arc};

use model::{
    AppId, BoundedText, ContentHash, MessageId, Timestamp, UserId,
    platform::{AckId, DeliveryRef},
};
use serde_json::{Value, json};

/// One kind of call.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it is called in a report.
    pub name: &'static str,
    /// The binary that answers it.
    pub binary: &'static str,
    /// The event, in JSON.
    pub event: Arc<str>,
}

impl Call {
    /// Looks whether a function answered it as it should.
    ///
    /// # Errors
    /// That it did not.
    pub fn check(&self, answer: &str) -> io::Result<()> {
        let answered: Value = serde_json::from_str(answer)?;
        let succeeded = answered.pointer("/statusCode").is_some_and(|status| status == 200);
        let allowed =
            answered.pointer("/policyDocument/Statement/0/Effect").is_some_and(|effect| effect == "Allow");
        if succeeded || allowed { Ok(()) } else { Err(io::Error::other(format!("{}: {answer}", self.name))) }
    }
}

/// The smallest function, and what it is called.
pub const HELLO: &str = "hello";

/// The calls to measure, `hello` first: each function's usual one, and the greatest push.
///
/// # Errors
/// That an event is missing from `events/`.
pub fn calls() -> io::Result<Vec<Call>> {
    let push = |id: &str, users: Vec<String>, content: &str| json!({"userIds": users.join(","), "content": content, "messageId": id, "expireTime": 168});
    let two_users = vec![WAITING_USER.to_owned(), "6557192726348112377".to_owned()];
    let two_users = push(MESSAGE, two_users, "您好,您有一条新消息");
    let hundred_users = (0..100).map(|number| format!("user-{number}")).collect();
    let shown = shown()?;
    let hundred_users = push("the-largest", hundred_users, &"x".repeat(32_768));
    let to_be_recalled = push("to-be-recalled", vec!["user-0".to_owned()], "x");
    Ok(vec![
        call(HELLO, "get-user-info/documented-user", as_it_is)?,
        call("authorizer", "authorizer/demo-token", as_it_is)?,
        call("receive-message", "receive-message/text", as_it_is)?,
        call("get-chatlog", "get-chatlog/documented-chat", as_it_is)?,
        call("get-user-info", "get-user-info/documented-user", as_it_is)?,
        call("push-message", "push-message/two-users", |event| with_body(event, &two_users))?,
        call(LARGEST_PUSH, "push-message/two-users", |event| with_body(event, &hundred_users))?,
        call(TO_BE_RECALLED, "push-message/two-users", |event| with_body(event, &to_be_recalled))?,
        call("recall-message", "recall-message/pushed-message", |event| {
            with_body(event, &json!({"messageId": "to-be-recalled"}));
        })?,
        call("get-push-status", "get-push-status/unknown-message", |event| {
            with_query(event, "messageId", MESSAGE);
        })?,
        call("issue-token", "issue-token/token", as_it_is)?,
        call("log-in-user", "log-in-user/login", |event| {
            with_body(
                event,
                &json!({"userId": WAITING_USER, "clientId": "client", "hostIp": "10.1.123.6", "userAgent": BROWSER}),
            );
        })?,
        call("get-pending-messages", "get-pending-messages/nothing-waits", |event| {
            with_query(event, "userId", WAITING_USER);
        })?,
        call("acknowledge-messages", "acknowledge-messages/invalid-ack-id", |event| {
            with_body(event, &json!({"userId": WAITING_USER, "ackIds": [shown], "state": "delivered"}));
        })?,
        call("get-chat-messages", "get-chat-messages/nothing-said", as_it_is)?,
        call("record-chatlog", "record-chatlog/turn", as_it_is)?,
    ])
}

/// The push of 100 users and 32 KiB.
pub const LARGEST_PUSH: &str = "push-message, 100 × 32 KiB";

/// A push whose message is recalled after it; measured once more, as the smallest push there can be.
const TO_BE_RECALLED: &str = "push-message, 1 × 1 byte";

/// The message that waits for a user.
const MESSAGE: &str = "EQFEQ234TFQRFV54GHTE4HG4";

/// The user for whom a message waits.
const WAITING_USER: &str = "6557578274821898321";

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

fn as_it_is(_: &mut Value) {}

/// An acknowledgement id of the waiting user's. It need not be of a message that waits: nothing is read for it.
fn shown() -> io::Result<String> {
    let user = UserId::parse(WAITING_USER).map_err(io::Error::other)?;
    let moment = Timestamp::from_millis(1);
    let delivery = DeliveryRef {
        first_accepted_at: moment,
        app: AppId::parse("demo").map_err(io::Error::other)?,
        message: MessageId::parse(MESSAGE).map_err(io::Error::other)?,
    };
    Ok(AckId { delivery, content_hash: ContentHash::of("x"), accepted_at: moment }.issue(&user))
}

fn call(name: &'static str, path: &str, change: impl FnOnce(&mut Value)) -> io::Result<Call> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(path).with_extension("json");
    let mut event = serde_json::from_slice(&fs::read(file)?)?;
    change(&mut event);
    let binary = name.split(',').next().unwrap_or_default();
    Ok(Call { name, binary, event: event.to_string().into() })
}

fn with_body(event: &mut Value, body: &Value) {
    event["body"] = body.to_string().into();
    event["isBase64Encoded"] = false.into();
}

fn with_query(event: &mut Value, name: &str, value: &str) {
    event["queryStringParameters"] = json!({name: value});
    event["multiValueQueryStringParameters"] = json!({name: [value]});
}
