//! Condition and update expressions with their values.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::Item;

/// An expression in DynamoDB's syntax.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) text: String,
    /// The values by placeholder, such as `:now`. `None` instead of an empty map, which DynamoDB refuses.
    pub(crate) values: Option<Item>,
}

impl Expression {
    pub(crate) fn new<const N: usize>(text: &str, values: [(&str, AttributeValue); N]) -> Self {
        let values: Item = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { text: text.to_owned(), values: (!values.is_empty()).then_some(values) }
    }
}

/// An attribute value of type N.
pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// An attribute value of type S.
pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
