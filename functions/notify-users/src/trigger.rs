//! A batch of the stream of the table `Chat`.

use std::collections::BTreeSet;

use api::StreamRecord;
use serde::Deserialize;
use store::connections::Topic;

/// A batch of the stream.
#[derive(Debug, Clone, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    records: Vec<StreamRecord>,
}

impl Batch {
    /// The topics with new items, each once.
    pub(crate) fn topics(&self) -> BTreeSet<Topic> {
        let records = self.records.iter();
        records.filter_map(|record| Topic::of_item(record.partition_key(), record.sort_key())).collect()
    }
}

#[cfg(test)]
mod tests {
    use model::{BoundedText, ChatId, Source, UserId};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_names_each_topic_once_and_ignores_records_of_another_shape() {
        let record = |pk: &str, sk: &str| json!({"dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}}});
        let batch = json!({"Records": [
            record("INBOX#u", "W#1#a#m"), record("CHAT#2#c", "MSG#1"), record("INBOX#u", "W#2#a#n"),
            record("INBOX#u", "A#a#m#h"), record("FEED#2", "MSG#1"), {}, {"dynamodb": {"Keys": {"pk": {"N": "1"}}}},
        ]});
        let batch: Batch = serde_json::from_value(batch).unwrap();
        let chat = Topic::Chat(Source::try_from(2).unwrap(), ChatId::parse("c").unwrap());
        let inbox = Topic::Inbox(UserId::parse("u").unwrap());
        assert_eq!(batch.topics(), BTreeSet::from([inbox, chat]));
    }
}
