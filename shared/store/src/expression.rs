//! DynamoDB's expressions, with the values in them.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::table::Item;

/// What must hold of an item, or how it is changed.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) text: String,
    /// By the names they have in the text; none where it has none, since DynamoDB refuses an empty map.
    pub(crate) values: Option<Item>,
}

impl Expression {
    pub(crate) fn new<const N: usize>(text: &str, values: [(&str, AttributeValue); N]) -> Self {
        let values: Item = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { text: text.to_owned(), values: (!values.is_empty()).then_some(values) }
    }
}

/// A number as a value.
pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A text as a value.
pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
