//! The partner that reads what users say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::chat::number_after;
use crate::{
    client::{Client, Kind},
    findings::Findings,
};

/// The reader of the feed of source 1, from its oldest entry on.
#[derive(Debug, Default)]
pub(crate) struct FeedReader {
    cursor: String,
    /// The last `seq` of each chat.
    last: BTreeMap<String, u32>,
}

impl FeedReader {
    /// Reads the next page. Returns the number of its entries, each of which must be the next one of its chat.
    pub(crate) async fn read(&mut self, client: &Client, findings: &Findings) -> Option<usize> {
        let parameters = [("source", "1"), ("cursor", &self.cursor), ("limit", "200")];
        let page = client.get(Kind::Sync, &parameters).await?;
        let entries = page.get("list").and_then(Value::as_array)?;
        for entry in entries {
            let chat = entry.get("openId").and_then(Value::as_str).unwrap_or_default();
            let last = self.last.entry(chat.to_owned()).or_default();
            let seq = entry.get("seq").and_then(Value::as_u64);
            let number = number_after(entry.pointer("/text/content"), "user ");
            *last += 1;
            findings.check(seq == Some(u64::from(*last)) && number == Some(*last), || {
                format!("the feed has message {number:?} of {chat} with seq {seq:?} instead of {last}")
            });
        }
        page.get("cursor").and_then(Value::as_str)?.clone_into(&mut self.cursor);
        Some(entries.len())
    }

    /// The last `seq` of a chat; 0 if there is none.
    pub(crate) fn last(&self, chat: &str) -> u32 {
        self.last.get(chat).copied().unwrap_or_default()
    }
}
