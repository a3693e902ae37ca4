//! Acknowledgement ids. If the first byte is odd, the rest is a position that gets a valid checksum. Oracle: an accepted id is
//! issued again as the same one, and is valid for its user alone.

use model::{
    BoundedText, CursorCodec, JsonObject, UserId,
    platform::{AckId, Acknowledgement},
};
use serde_json::json;

use crate::limits::units;

pub fn run(bytes: &[u8]) {
    let Some((selector, rest)) = bytes.split_first() else { return };
    let (Ok(user), Ok(other)) = (UserId::parse("user"), UserId::parse("user2")) else { return };
    let codec = CursorCodec::new(["acknowledgement", "", "user"]);
    let has_checksum = selector & 1 == 1;
    let text = if has_checksum { codec.encode(rest) } else { String::from_utf8_lossy(rest).into_owned() };
    let id = AckId::parse(&text, &user);
    if let Some(id) = &id {
        assert!(units(id.delivery.app.as_str()) <= 64 && units(id.delivery.message.as_str()) <= 64);
        assert_eq!(id.content_hash.as_str().len(), 64);
        assert_eq!(AckId::parse(&id.issue(&user), &user).as_ref(), Some(id));
        assert_eq!(AckId::parse(&text, &other), None);
        assert_eq!(AckId::parse(&id.issue(&other), &user), None);
    }
    let body = json!({"userId": "user", "ackIds": [text], "state": "read"}).to_string();
    let Ok(body) = JsonObject::from_body(body.as_bytes()) else { return };
    match Acknowledgement::parse(&body) {
        Ok(Acknowledgement { ack_ids, invalid, .. }) => {
            // A text of the list is trimmed.
            let expected = AckId::parse(text.trim(), &user);
            assert_eq!(invalid.is_empty(), expected.is_some());
            assert_eq!(ack_ids.first(), expected.as_ref());
        }
        Err(error) => assert!(text.trim().is_empty(), "{error}"),
    }
}
