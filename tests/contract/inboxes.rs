//! Inboxes of a size that no test could push, written as the store writes them.

use std::ops::Range;

use model::ContentHash;
use serde_json::{Value, json};
use tests::System;

/// Only the oldest messages of an inbox are ever opened.
const WITH_CONTENT: u64 = 400;

/// Writes deliveries of `numbers` to a user's inbox, oldest first: of messages `m0`, `m1` … of the demo application, whose
/// deadline is a day after `offset_millis` from now. Their contents are short.
pub async fn fill(system: &System, user: &str, numbers: Range<u64>, offset_millis: i64) {
    let accepted = system.clock.now().millis().saturating_add_signed(offset_millis);
    let deadline = accepted / 1000 + 24 * 3600;
    let hash = ContentHash::of("x").to_string();
    let items = numbers.flat_map(|number| -> Vec<Value> {
        // Accepted by now, one after the other.
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
