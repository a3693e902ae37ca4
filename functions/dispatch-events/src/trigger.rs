//! The two events of this function, and its response.

use std::collections::BTreeMap;

use api::StreamRecord;
use model::Source;
use serde::{Deserialize, Serialize};
use store::feed;

/// A batch of the stream, or the tick of the schedule, which has no records.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Trigger {
    #[serde(rename = "Records")]
    records: Option<Vec<StreamRecord>>,
}

/// The records that failed. Lambda repeats the batch from the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    /// The record's sequence number.
    item_identifier: String,
}

impl Trigger {
    /// The sources with new messages, each with the sequence number of its first record; `None` for the schedule.
    pub(crate) fn sources(&self) -> Option<BTreeMap<Source, String>> {
        let mut sources = BTreeMap::new();
        for record in self.records.as_ref()? {
            if let Some(source) = feed::source_of(record.partition_key()) {
                sources.entry(source).or_insert_with(|| record.sequence_number().to_owned());
            }
        }
        Some(sources)
    }
}

impl BatchResponse {
    /// The records with these sequence numbers failed.
    pub(crate) fn failed(sequence_numbers: impl Iterator<Item = String>) -> Self {
        let failures = sequence_numbers.map(|item_identifier| ItemFailure { item_identifier });
        Self { batch_item_failures: failures.collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sources(event: &serde_json::Value) -> Option<Vec<(u32, String)>> {
        let trigger: Trigger = serde_json::from_value(event.clone()).unwrap();
        let sources = trigger.sources()?.into_iter();
        Some(sources.map(|(source, record)| (source.number(), record)).collect())
    }

    #[test]
    fn a_batch_names_each_source_once_and_ignores_records_of_another_shape() {
        let record = |partition: &str, number: &str| json!({"dynamodb": {"Keys": {"pk": {"S": partition}}, "SequenceNumber": number}});
        let batch = json!({"Records": [
            record("FEED#2", "1"), record("FEED#1", "2"), record("FEED#2", "3"), record("CHAT#1#c", "4"), {}, {"dynamodb": {}},
        ]});
        assert_eq!(sources(&batch), Some(vec![(1, "2".to_owned()), (2, "1".to_owned())]));
    }

    #[test]
    fn an_event_without_records_is_the_schedules() {
        assert_eq!(sources(&json!({"source": "aws.events", "detail-type": "Scheduled Event"})), None);
    }

    #[test]
    fn failed_records_have_the_form_that_lambda_reads() {
        let response = BatchResponse::failed(["7".to_owned()].into_iter());
        let expected = json!({"batchItemFailures": [{"itemIdentifier": "7"}]});
        assert_eq!(serde_json::to_value(response).unwrap(), expected);
    }
}
