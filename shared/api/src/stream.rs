//! Records of a DynamoDB stream.

use serde::Deserialize;

/// A record of a table's stream. Keys and sequence number are all that is read; a record of another shape has empty ones.
#[derive(Debug, Clone, Deserialize)]
pub struct StreamRecord {
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
    sk: StringValue,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct StringValue {
    s: String,
}

impl StreamRecord {
    /// The partition key of the changed item.
    #[must_use]
    pub fn partition_key(&self) -> &str {
        &self.dynamodb.keys.pk.s
    }

    /// The sort key of the changed item.
    #[must_use]
    pub fn sort_key(&self) -> &str {
        &self.dynamodb.keys.sk.s
    }

    /// The sequence number, by which a function names a record that failed.
    #[must_use]
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }
}
