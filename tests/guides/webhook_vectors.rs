//! The signed requests of docs/webhook-vectors.json, which partners verify their receivers with.
//!
//! `WEBHOOK_VECTORS=write` writes the file instead of comparing it.

use std::fs;

use serde::Serialize;
use standardwebhooks::Webhook;
use tests::REFERENCE;
use webhook::{secret::Secret, signature::Signed};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/webhook-vectors.json");

/// Published here, so good for nothing else.
const SECRET: &str = "whsec_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";
const OTHER_SECRET: &str = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
const ID: &str = "msg_0123456789abcdef0123456789abcdef";
/// 2026-11-21 08:00:00 in UTC+8.
const TIMESTAMP: i64 = 1_795_219_200;
const BODY: &str = r#"{"type":"endpoint.test","timestamp":"2026-11-21T00:00:00.000Z","data":{}}"#;
const CHINESE: &str = r#"{"type":"chat.messages","timestamp":"2026-11-21T00:00:00.000Z","data":{"source":1,"messages":[{"openId":"dc71a6ba-24b6-4ed9-b865-837f2a7e158f","seq":1,"messageId":"m-1","clientId":"","time":"2026-11-21 08:00:00","msgtype":"text","text":{"content":"您好，我想咨询一下 😀👨‍👩‍👧"}}]}}"#;

#[derive(Serialize)]
struct Vector {
    name: String,
    secret: String,
    id: String,
    timestamp: i64,
    body: String,
    /// The header `webhook-signature`.
    signature: String,
    valid: bool,
}

/// A request that is signed with `secrets`, for a receiver that knows [`SECRET`].
fn signed(name: &str, body: &str, secrets: &[&str], valid: bool) -> Vector {
    let secrets: Vec<_> = secrets.iter().map(|secret| Secret::parse(secret).unwrap()).collect();
    let message = Signed { id: ID, timestamp: TIMESTAMP, body: body.as_bytes() };
    Vector {
        name: name.to_owned(),
        secret: SECRET.to_owned(),
        id: ID.to_owned(),
        timestamp: TIMESTAMP,
        body: body.to_owned(),
        signature: message.signatures(&secrets),
        valid,
    }
}

/// The valid request with a change that makes it invalid.
fn changed(name: &str, change: impl FnOnce(&mut Vector)) -> Vector {
    let mut vector = signed(name, BODY, &[SECRET], false);
    change(&mut vector);
    vector
}

fn vectors() -> Vec<Vector> {
    vec![
        signed("valid", BODY, &[SECRET], true),
        signed("Chinese text and emoji", CHINESE, &[SECRET], true),
        signed("rotation, known secret first", BODY, &[SECRET, OTHER_SECRET], true),
        signed("rotation, known secret second", BODY, &[OTHER_SECRET, SECRET], true),
        changed("unknown version first", |vector| {
            vector.signature = format!("v2,AAAA {}", vector.signature);
            vector.valid = true;
        }),
        changed("unknown version alone", |vector| vector.signature = vector.signature.replace("v1,", "v2,")),
        changed("altered body", |vector| vector.body = BODY.replace("{}", "{ }")),
        changed("altered timestamp", |vector| vector.timestamp += 1),
        changed("altered id", |vector| vector.id = ID.replace("msg_0", "msg_1")),
        signed("wrong secret", BODY, &[OTHER_SECRET], false),
        changed("empty signature", |vector| vector.signature.clear()),
    ]
}

#[test]
fn the_bodies_are_those_of_the_reference() {
    for body in [BODY, CHINESE] {
        REFERENCE.check_webhook_body(body);
    }
}

#[test]
fn the_vectors_are_those_of_the_document() {
    let text = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var("WEBHOOK_VECTORS").is_ok_and(|value| value == "write") {
        fs::write(FILE, &text).unwrap();
    }
    assert!(fs::read_to_string(FILE).unwrap() == text, "WEBHOOK_VECTORS=write writes the file");
}

#[test]
fn standard_webhooks_has_the_verdict_of_each_vector() {
    let vectors = vectors();
    for Vector { name, secret, id, timestamp, body, signature, valid } in &vectors {
        // `verify` refuses the old timestamp of each vector, so that the signatures are compared here.
        let expected = Webhook::new(secret).unwrap().sign(id, *timestamp, body.as_bytes()).unwrap();
        assert_eq!(signature.split(' ').any(|given| given == expected), *valid, "{name}");
    }
    assert_eq!(vectors.iter().filter(|vector| vector.valid).count(), 5);
    assert_eq!(vectors.len(), 11);
}
