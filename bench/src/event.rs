//! The measured events: files of `events/`, some with a changed body or query.

use std::{fs, io, path::Path, sync::Arc};

use model::{
    AppId, BoundedText, ContentHash, MessageId, Timestamp, UserId,
    platform::{AckId, DeliveryRef},
};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct Call {
    /// The name in reports: the binary, and after a comma the variant.
    pub name: &'static str,
    /// The binary of the function that answers it.
    pub binary: &'static str,
    pub event: Arc<str>,
    /// The minimum size of the answer, in bytes: guards against a call that measures too little.
    pub at_least: usize,
}

impl Call {
    /// Checks an answer: status 200 or an `Allow` policy, with at least [`at_least`](Self::at_least) bytes.
    pub fn check(&self, answer: &str) -> io::Result<()> {
        let answered: Value = serde_json::from_str(answer)?;
        let succeeded = answered.pointer("/statusCode").is_some_and(|status| status == 200);
        let allowed =
            answered.pointer("/policyDocument/Statement/0/Effect").is_some_and(|effect| effect == "Allow");
        if answer.len() < self.at_least {
            return Err(io::Error::other(format!("{}: an answer of {} bytes", self.name, answer.len())));
        }
        if succeeded || allowed { Ok(()) } else { Err(io::Error::other(format!("{}: {answer}", self.name))) }
    }
}

/// The call of the smallest function, the baseline.
pub const HELLO: &str = "hello";

/// The calls to measure, `hello` first: the usual call of each function, and the largest push.
///
/// # Errors
/// A file is missing from `events/`.
pub fn calls() -> io::Result<Vec<Call>> {
    let two_users = vec![WAITING_USER.to_owned(), "6557192726348112377".to_owned()];
    let two_users = push(MESSAGE, &two_users, "您好,您有一条新消息");
    let shown = shown()?;
    let hundred_users = largest_push();
    let to_be_recalled = push("to-be-recalled", &["user-0".to_owned()], "x");
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

/// The calls that decide a memory size, after 20 [`RICH_PUSH`]es, which store the rich messages of the measured login.
///
/// # Errors
/// A file is missing from `events/` or from the sanitizer's corpus.
pub fn calls_for_memory() -> io::Result<Vec<Call>> {
    let contents: Vec<_> = RICH_TEXTS.into_iter().map(rich_text).collect::<io::Result<_>>()?;
    let mut calls = Vec::new();
    for (number, content) in contents.iter().cycle().take(20).enumerate() {
        let rich = push(&format!("rich-{number}"), &[RICH_USER.to_owned()], content);
        calls.push(call(RICH_PUSH, "push-message/two-users", |event| with_body(event, &rich))?);
    }
    let largest_push = largest_push();
    let login =
        json!({"userId": RICH_USER, "clientId": "client", "hostIp": "10.1.123.6", "userAgent": BROWSER});
    let rich_login =
        call("log-in-user, 20 rich messages", "log-in-user/login", |event| with_body(event, &login))?;
    let chat_log = call("get-chatlog, the largest answer", "get-chatlog/documented-chat", |event| {
        with_query(event, "openId", LONG_CHAT);
    })?;
    calls.extend([
        call("authorizer", "authorizer/demo-token", as_it_is)?,
        call("receive-message", "receive-message/text", as_it_is)?,
        call(LARGEST_PUSH, "push-message/two-users", |event| with_body(event, &largest_push))?,
        Call { at_least: 400_000, ..rich_login },
        Call { at_least: 5_000_000, ..chat_log },
    ]);
    Ok(calls)
}

/// A chat whose log is larger than one answer.
pub const LONG_CHAT: &str = "long-chat";

/// A push of rich text to the user of the measured login.
pub const RICH_PUSH: &str = "push-message, rich text";

const RICH_USER: &str = "rich-user";

/// Contents as editors produce them, 12,000 to 33,000 characters each.
const RICH_TEXTS: [&str; 6] = ["by-hand", "newsletter", "quill", "tinymce", "wechat", "word"];

fn rich_text(name: &str) -> io::Result<String> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/sanitizer/corpus");
    fs::read_to_string(corpus.join(name).with_extension("html"))
}

fn push(id: &str, users: &[String], content: &str) -> Value {
    json!({"userIds": users.join(","), "content": content, "messageId": id, "expireTime": 168})
}

fn largest_push() -> Value {
    let users: Vec<_> = (0..100).map(|number| format!("user-{number}")).collect();
    push("the-largest", &users, &"x".repeat(32_768))
}

/// The largest push: 32 KiB to 100 users.
pub const LARGEST_PUSH: &str = "push-message, 100 × 32 KiB";

/// The smallest push. Its message is the one that the next call recalls.
const TO_BE_RECALLED: &str = "push-message, 1 × 1 byte";

/// The pending message of [`WAITING_USER`].
const MESSAGE: &str = "EQFEQ234TFQRFV54GHTE4HG4";

/// The user with one pending message.
const WAITING_USER: &str = "6557578274821898321";

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

fn as_it_is(_: &mut Value) {}

/// An acknowledgement id of [`WAITING_USER`]. Acknowledging reads no message, so none need exist for it.
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
    Ok(Call { name, binary, event: event.to_string().into(), at_least: 0 })
}

fn with_body(event: &mut Value, body: &Value) {
    event["body"] = body.to_string().into();
    event["isBase64Encoded"] = false.into();
}

fn with_query(event: &mut Value, name: &str, value: &str) {
    event["queryStringParameters"] = json!({name: value});
    event["multiValueQueryStringParameters"] = json!({name: [value]});
}
