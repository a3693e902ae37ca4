//! Every documented field, enumerated value and example of an answer occurs in some answer.

use std::collections::{BTreeMap, BTreeSet};

use local::demo::{CHAT, CUSTOMER_SERVICE_TOKEN};
use serde_json::{Value, json};
use tests::{ManualClock, REFERENCE, System};

use super::{
    call::{Call, caller},
    schema::walk,
    shape,
};

/// Calls and the parts of their answers.
struct Story {
    system: System,
    /// `operation.field` and, for strings, `operation.field=text`.
    seen: BTreeSet<String>,
    shapes: BTreeMap<&'static str, Vec<Value>>,
}

impl Story {
    /// Sends the documented call of an operation with a change.
    async fn tell(&mut self, id: &'static str, change: impl FnOnce(&mut Call)) -> Value {
        let mut call = Call::examples(REFERENCE.operation(id)).remove(0);
        change(&mut call);
        self.send(id, &call).await
    }

    async fn send(&mut self, id: &'static str, call: &Call) -> Value {
        let operation = REFERENCE.operation(id);
        let reply = call.send(operation, &caller(&self.system, operation)).await;
        assert_eq!(reply.status, 200, "{id}: {}", reply.body);
        let answer = reply.json();
        fields(id, &answer, &mut self.seen);
        self.shapes.entry(id).or_default().push(shape(&answer));
        answer
    }
}

#[tokio::test]
async fn every_documented_field_and_value_occurs_in_some_answer() {
    let clock = ManualClock::at(1_795_219_210_000);
    let system = System::start_at(&clock).await;
    let mut story = Story { system, seen: BTreeSet::new(), shapes: BTreeMap::new() };

    story.tell("issueToken", |_| ()).await;
    story.tell("introspectToken", |_| ()).await;
    story.tell("introspectToken", |call| call.body["token"] = json!(CUSTOMER_SERVICE_TOKEN)).await;
    story.tell("revokeToken", |_| ()).await;

    tell_of_a_chat(&mut story).await;
    tell_of_pushes(&mut story, &clock).await;
    story.tell("issueTicket", |_| ()).await;

    for operation in &REFERENCE.operations {
        let described = described(&operation.id, &operation.answers[&200].schema);
        let unseen: Vec<_> = described.difference(&story.seen).collect();
        assert!(unseen.is_empty(), "{unseen:?}");
        for (name, shown) in &operation.answers[&200].examples {
            let is_seen = story.shapes[operation.id.as_str()].contains(&shape(shown));
            assert!(is_seen, "{} {name}", operation.id);
        }
    }
}

async fn tell_of_a_chat(story: &mut Story) {
    let mut after = Value::Null;
    for example in
        [None].into_iter().chain(Call::examples(REFERENCE.operation("receiveMessage")).into_iter().map(Some))
    {
        if let Some(mut call) = example {
            call.body["touser"] = json!(CHAT);
            story.send("receiveMessage", &call).await;
        }
        let poll = |call: &mut Call| {
            if after.is_string() {
                call.query.insert("after".to_owned(), after.clone());
            }
        };
        after = story.tell("getChatMessages", poll).await["data"]["after"].take();
    }
    tell_of_the_user(story).await;
    story.tell("recordChatlog", |_| ()).await;
    story.tell("getChatlog", |_| ()).await;
    story.tell("getChatlog", |call| drop(call.query.insert("limit".to_owned(), json!(1)))).await;
    story.tell("getChatlog", |call| drop(call.query.insert("openId".to_owned(), json!("unknown")))).await;
    story.tell("getUserInfo", |_| ()).await;
}

/// The user writes before and after an agent takes over. Each message is read alone.
async fn tell_of_the_user(story: &mut Story) {
    const OTHER_CHAT: &str = "561f7439-9ace-4ba7-8121-bbbb3e1e96a";
    let read = |cursor: &Value| {
        let cursor = cursor.clone();
        move |call: &mut Call| drop(call.query.insert("cursor".to_owned(), cursor))
    };
    let mut cursor = story.tell("syncMessages", |_| ()).await["cursor"].take();
    for (number, mut call) in Call::examples(REFERENCE.operation("sendUserMessage")).into_iter().enumerate() {
        if number == 2 {
            story
                .tell("receiveMessage", |call| {
                    call.body["touser"] = json!(OTHER_CHAT);
                    call.body["fromuser"] = json!("客服A");
                })
                .await;
        }
        call.body["chatId"] = json!(OTHER_CHAT);
        story.send("sendUserMessage", &call).await;
        cursor = story.tell("syncMessages", read(&cursor)).await["cursor"].take();
        if number == 0 {
            let window = |call: &mut Call| drop(call.query.insert("chatId".to_owned(), json!(OTHER_CHAT)));
            story.tell("getChatMessages", window).await;
        }
    }
    let window = |call: &mut Call| drop(call.query.insert("chatId".to_owned(), json!(OTHER_CHAT)));
    story.tell("getChatMessages", window).await;
}

async fn tell_of_pushes(story: &mut Story, clock: &ManualClock) {
    story.tell("getPendingMessages", |_| ()).await;
    story.tell("logInUser", |_| ()).await;
    // One pending message, then more than a page.
    for number in 0..=20 {
        story.tell("pushMessage", |call| call.body["messageId"] = json!(format!("m-{number}"))).await;
        if number == 0 || number == 20 {
            story.tell("getPendingMessages", |_| ()).await;
            story.tell("logInUser", |_| ()).await;
        }
    }
    let waiting = story.tell("getPendingMessages", |_| ()).await["data"]["messages"].take();
    for (number, state) in [(0, "read"), (1, "delivered")] {
        let id = waiting[number]["ackId"].clone();
        story
            .tell("acknowledgeMessages", |call| {
                call.body["ackIds"] = json!([id]);
                call.body["state"] = json!(state);
            })
            .await;
    }
    story.tell("acknowledgeMessages", |call| call.body["ackIds"] = json!(["not-of-this-user"])).await;
    // One of two users has the message when it is recalled.
    let twice = |call: &mut Call| call.body["messageId"] = json!("m-1");
    story.tell("recallMessage", twice).await;
    story.tell("recallMessage", twice).await;
    let of =
        |id: &'static str| move |call: &mut Call| drop(call.query.insert("messageId".to_owned(), json!(id)));
    for id in ["m-0", "m-1", "m-2"] {
        story.tell("getPushStatus", of(id)).await;
    }
    story
        .tell("getPushStatus", |call| {
            of("m-0")(call);
            call.query.insert("limit".to_owned(), json!(1));
        })
        .await;
    clock.advance_seconds(2 * 3600);
    story.tell("getPushStatus", of("m-3")).await;
}

/// The documented fields and words of a schema, in the form of [`fields`].
pub(super) fn described(place: &str, schema: &Value) -> BTreeSet<String> {
    let mut described = BTreeSet::new();
    walk(place, schema, &mut |field, schema| {
        let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        described.extend(words.map(|word| format!("{field}={word}")));
        if field != place {
            described.insert(field.to_owned());
        }
    });
    described
}

/// The fields of an answer as `place.field`, and for strings also as `place.field=text`.
pub(super) fn fields(place: &str, answer: &Value, seen: &mut BTreeSet<String>) {
    if let Some(text) = answer.as_str() {
        seen.insert(format!("{place}={text}"));
    }
    for (name, inner) in answer.as_object().into_iter().flatten() {
        seen.insert(format!("{place}.{name}"));
        fields(&format!("{place}.{name}"), inner, seen);
    }
    for item in answer.as_array().into_iter().flatten() {
        fields(place, item, seen);
    }
}
