//! Keys made of parts that come from outside.

/// Names of the key attributes.
pub(crate) const PARTITION: &str = "pk";
pub(crate) const SORT: &str = "sk";

/// What stands between the parts of a key.
const SEPARATOR: &str = "#";

/// Joins `parts` behind `kind` so that no two lists of parts give one key: a separator within a part is escaped.
///
/// Ids of at most 64 UTF-16 units take at most 192 bytes, escaped or not: a part of three-byte characters has
/// nothing to escape, and an escaped separator takes three bytes too. Every key thus stays far below DynamoDB's
/// 2048 bytes for a partition key and 1024 for a sort key.
pub(crate) fn key(kind: &str, parts: &[&str]) -> String {
    parts
        .iter()
        .fold(kind.to_owned(), |key, part| key + SEPARATOR + &part.replace('%', "%25").replace('#', "%23"))
}

/// The kind and the parts of a key that [`key`] joined, as they were.
pub(crate) fn parts(key: &str) -> Vec<String> {
    key.split(SEPARATOR).map(|part| part.replace("%23", "#").replace("%25", "%")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_contain_separators_or_escapes_never_share_a_key() {
        let ids = ["a", "#", "a#b", "%23", "%", "%25", "##", "a%23b", "", "a#", "#a", "b", "\0", "/"];
        let mut keys: Vec<_> =
            ids.iter().flat_map(|one| ids.iter().map(|two| key("PUSH", &[one, two]))).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), ids.len() * ids.len());
    }

    #[test]
    fn the_parts_of_a_key_come_back_as_they_were() {
        for id in ["a", "#", "a#b", "%23", "%", "%25", "%2523", "#%23%25", "好"] {
            assert_eq!(parts(&key("PUSH", &[id, "x"])), ["PUSH", id, "x"]);
        }
    }

    #[test]
    fn the_longest_ids_stay_within_dynamodbs_limits() {
        for longest in ["#".repeat(64), "好".repeat(64), "😀".repeat(32)] {
            assert!(key("PUSH", &[&longest, &longest]).len() <= 4 + 2 * 193);
        }
    }
}
