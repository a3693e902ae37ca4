//! Primary keys, and how they are composed of ids.
//!
//! A key is a kind and ids, joined by `#`. `#` and `%` within an id are escaped, so that two lists of ids never share a key.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{error::StoreError, item::Item};

const PARTITION_KEY: &str = "pk";
const SORT_KEY: &str = "sk";

const SEPARATOR: &str = "#";

/// The value of a partition key: one item collection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Partition(String);

impl Partition {
    /// `<kind>#<id>#<id>…`.
    pub(crate) fn new(kind: &str, ids: &[&str]) -> Self {
        Self(join(kind, ids))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of one item in this partition.
    pub(crate) const fn item(self, sort_key: String) -> Key {
        Key { partition: self, sort_key }
    }
}

/// The kind of an item within its partition: the first part of its sort key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ItemKind(pub(crate) &'static str);

impl ItemKind {
    /// `<kind>#<id>#<id>…`.
    pub(crate) fn sort_key(self, ids: &[&str]) -> String {
        join(self.0, ids)
    }

    /// `<kind>#`, which begins every sort key of this kind.
    pub(crate) fn prefix(self) -> String {
        self.0.to_owned() + SEPARATOR
    }

    /// `<kind>#<id>#…<id>#`, which begins every sort key of this kind with these first ids.
    pub(crate) fn prefix_with(self, ids: &[&str]) -> String {
        self.sort_key(ids) + SEPARATOR
    }

    /// A string that sorts after every sort key of this kind: `$` is the character after `#`.
    pub(crate) fn end(self) -> String {
        self.0.to_owned() + "$"
    }

    /// The ids in a sort key of this kind.
    ///
    /// # Errors
    /// [`Fault::CorruptItem`](crate::Fault::CorruptItem) if the sort key is of another kind, or has another number of ids.
    pub(crate) fn ids<const N: usize>(
        self,
        sort_key: &str,
        operation: &'static str,
    ) -> Result<[String; N], StoreError> {
        let ids = sort_key.strip_prefix(&self.prefix()).map(split).and_then(|ids| ids.try_into().ok());
        ids.ok_or_else(|| StoreError::corrupt_item(operation))
    }
}

/// The primary key of an item: partition key and sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    partition: Partition,
    sort_key: String,
}

impl Key {
    /// The key attributes alone.
    pub(crate) fn into_item(self) -> Item {
        self.with(Item::new())
    }

    /// `attributes` and the key attributes.
    pub(crate) fn with(self, mut attributes: Item) -> Item {
        attributes.insert(PARTITION_KEY.to_owned(), AttributeValue::S(self.partition.0));
        attributes.insert(SORT_KEY.to_owned(), AttributeValue::S(self.sort_key));
        attributes
    }

    /// The key of an item that DynamoDB returned; `None` if a key attribute is missing.
    pub(crate) fn of(item: &Item) -> Option<Self> {
        let partition = Partition(text(item, PARTITION_KEY)?.to_owned());
        Some(Self { partition, sort_key: text(item, SORT_KEY)?.to_owned() })
    }
}

/// The sort key of an item that `operation` returned.
pub(crate) fn sort_key(item: &Item, operation: &'static str) -> Result<String, StoreError> {
    let sort_key = text(item, SORT_KEY).map(str::to_owned);
    sort_key.ok_or_else(|| StoreError::corrupt_item(operation))
}

fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Ids of at most 64 UTF-16 units take at most 192 bytes, escaped or not: a character of three bytes is never escaped, and
/// an escape takes three bytes. Every key therefore stays far below DynamoDB's limits, 2,048 bytes for a partition key
/// and 1,024 bytes for a sort key.
fn join(kind: &str, ids: &[&str]) -> String {
    ids.iter().fold(kind.to_owned(), |key, id| key + SEPARATOR + &id.replace('%', "%25").replace('#', "%23"))
}

fn split(ids: &str) -> Vec<String> {
    ids.split(SEPARATOR).map(|id| id.replace("%23", "#").replace("%25", "%")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    #[test]
    fn ids_that_contain_separators_or_escapes_never_share_a_key() {
        let ids = ["a", "#", "a#b", "%23", "%", "%25", "##", "a%23b", "", "a#", "#a", "b", "\0", "/"];
        let mut keys: Vec<_> =
            ids.iter().flat_map(|one| ids.iter().map(|two| join("PUSH", &[one, two]))).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), ids.len() * ids.len());
    }

    #[test]
    fn the_ids_of_a_sort_key_come_back_as_they_were() {
        for id in ["a", "#", "a#b", "%23", "%", "%25", "%2523", "#%23%25", "好"] {
            let sort_key = ItemKind("W").sort_key(&[id, "x"]);
            assert_eq!(ItemKind("W").ids(&sort_key, "Query").unwrap(), [id, "x"]);
        }
    }

    #[test]
    fn a_sort_key_of_another_kind_or_with_another_number_of_ids_is_corrupt() {
        for sort_key in ["", "W", "V#a#b", "WW#a#b", "W#a", "W#a#b#c"] {
            let error = ItemKind("W").ids::<2>(sort_key, "Query").unwrap_err();
            assert_eq!(error.fault, Fault::CorruptItem, "{sort_key}");
        }
    }

    #[test]
    fn the_prefix_begins_and_the_end_follows_every_sort_key_of_a_kind() {
        let kind = ItemKind("MSG");
        for id in ["", "0", "\u{10ffff}"] {
            let sort_key = kind.sort_key(&[id]);
            assert!(sort_key.starts_with(&kind.prefix()) && sort_key < kind.end());
        }
    }

    #[test]
    fn the_longest_ids_stay_within_dynamodbs_limits() {
        for longest in ["#".repeat(64), "好".repeat(64), "😀".repeat(32)] {
            assert!(join("PUSH", &[&longest, &longest]).len() <= 4 + 2 * 193);
        }
    }
}
