//! Large inboxes, written directly in the format of the crate `store`.

use std::ops::Range;

use model::ContentHash;
use serde_json::{Value, json};
use tests::System;

/// The number of contents that are stored: tests open only the oldest messages of an inbox.
const WITH_CONTENT: u64 = 400;

/// Writes deliveries of messages `m0`, `m1` … of the demo application with short contents to a user's inbox, oldest first.
/// They were accepted `offset_millis` from now and have a deadline of one day.
pub async fn fill(system: &System, user: &str, numbers: Range<u64>, offset_millis: i64) {
    let accepted = system.clock.now().millis().saturating_add_signed(offset_millis);
    let deadline = accepted / 1000 + 24 * 3600;
    let hash = ContentHash::of("x").to_string();
    let items = numbers.flat_map(|number| -> Vec<Value> {
        // Accepted one millisecond after the other, before now.
        let first = accepted - 3_600_000 + number;
        let delivery = json!({
            "pk": format!("INBOX#{user}"), "sk": format!("W#{first:013}#demo#m{number}"),
            "contentHash": hash, "acceptedAt": first, "expireAt": deadline,
        });
        let content = json!({
            "pk": format!("PUSH#demo#m{number}"), "sk": "CONTENT",
            "content": "x", "contentHash": hash, "firstAcceptedAt": first, "expireAt": deadline,
        });
        if number < WITH_CONTENT { vec![delivery, content] } else { vec![delivery] }
    });
    system.store_items(items).await;
}

/// The message ids of a page.
pub fn ids(data: &Value) -> Vec<String> {
    let messages = data["messages"].as_array().unwrap();
    messages.iter().map(|message| message["messageId"].as_str().unwrap().to_owned()).collect()
}
