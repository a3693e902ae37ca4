//! The two events of this function, and its response.

use serde::{Deserialize, Serialize};

/// A batch of the stream, or the tick of the schedule, which has no records.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Trigger {
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
}

/// A record of the stream. Its keys are all that is read; a record of another shape has none.
#[derive(Debug, Clone, Deserialize)]
struct Record {
    #[serde(default)]
    dynamodb: Change,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Change {
    keys: Keys,
    sequence_number: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Keys {
    pk: StringValue,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct StringValue {
    s: String,
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
