//! The bodies of webhooks: an envelope with `type`, `timestamp` and `data`, as Standard Webhooks recommends.

/// The most entries of a body.
pub const MAX_ENTRIES: usize = 100;
/// The most bytes of a body: the contract's limit of a request.
pub const MAX_BODY: usize = 262_144;

/// A body under construction: entries of the feed of one source.
#[derive(Debug)]
pub struct ChatMessages {
    body: String,
    count: usize,
}

/// The end of a body with entries.
const END: &str = "]}}";

impl ChatMessages {
    /// A body without entries. `timestamp` is in the form of RFC 3339.
    #[must_use]
    pub fn new(timestamp: &str, source: u32) -> Self {
        let body = format!(
            r#"{{"type":"chat.messages","timestamp":"{timestamp}","data":{{"source":{source},"messages":["#
        );
        Self { body, count: 0 }
    }

    /// Adds an entry, which is JSON; `false` if the body has no room for it.
    pub fn add(&mut self, entry: &str) -> bool {
        let fits = self.count < MAX_ENTRIES && self.body.len() + 1 + entry.len() + END.len() <= MAX_BODY;
        if fits {
            if self.count > 0 {
                self.body.push(',');
            }
            self.body.push_str(entry);
            self.count += 1;
        }
        fits
    }

    /// The JSON of the body.
    #[must_use]
    pub fn into_json(self) -> String {
        self.body + END
    }
}

/// The body with which an operator tests an endpoint. `timestamp` is in the form of RFC 3339.
#[must_use]
pub fn endpoint_test(timestamp: &str) -> String {
    format!(r#"{{"type":"endpoint.test","timestamp":"{timestamp}","data":{{}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-11-27T02:00:00.000Z";

    #[test]
    fn a_body_has_its_entries_in_their_order() {
        let mut body = ChatMessages::new(TIME, 7);
        assert!(body.add("1") && body.add("2"));
        let data = r#"{"source":7,"messages":[1,2]}"#;
        let expected = format!(r#"{{"type":"chat.messages","timestamp":"{TIME}","data":{data}}}"#);
        assert_eq!(body.into_json(), expected);
        let empty = ChatMessages::new(TIME, 7).into_json();
        assert!(empty.ends_with(r#""messages":[]}}"#), "{empty}");
    }

    #[test]
    fn a_body_has_at_most_100_entries_and_262_144_bytes() {
        let mut body = ChatMessages::new(TIME, 7);
        assert_eq!((0..101).filter(|_| body.add("1")).count(), 100);
        let room = MAX_BODY - ChatMessages::new(TIME, 7).into_json().len() - 1;
        let mut body = ChatMessages::new(TIME, 7);
        assert!(!body.add(&"1".repeat(room + 1)));
        assert!(body.add(&"1".repeat(room)));
        assert_eq!(body.into_json().len(), MAX_BODY - 1, "the first entry has no comma");
    }
}
