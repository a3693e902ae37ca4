//! Lists of scopes in requests and responses: RFC 6749 §3.3.

use std::{collections::BTreeSet, fmt};

use super::OAuthError;

/// One or more names of scopes, each once, in alphabetical order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeList(BTreeSet<String>);

impl ScopeList {
    /// Parses names separated by single spaces.
    ///
    /// # Errors
    /// [`OAuthError::InvalidScope`] if a name is empty or has other characters than RFC 6749 permits.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        if text.split(' ').all(is_name) {
            Ok(Self(text.split(' ').map(str::to_owned).collect()))
        } else {
            Err(OAuthError::InvalidScope)
        }
    }

    /// A list of these names; `None` if there are none.
    #[must_use]
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let names: BTreeSet<_> = names.into_iter().map(str::to_owned).collect();
        (!names.is_empty()).then_some(Self(names))
    }

    /// Whether `others` contains all of these scopes.
    #[must_use]
    pub fn is_within(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// The names, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for ScopeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_once_each_and_in_order() {
        let scopes = ScopeList::parse("b a b").unwrap();
        assert_eq!(scopes.to_string(), "a b");
        assert!(ScopeList::parse("a").unwrap().is_within(&scopes));
        assert!(!ScopeList::parse("a c").unwrap().is_within(&scopes));
        assert_eq!(ScopeList::of([]), None);
        assert_eq!(ScopeList::of(["b", "a"]), Some(scopes));
    }

    #[test]
    fn anything_else_is_no_list_of_scopes() {
        for text in ["", " ", " a", "a ", "a  b", "a\tb", "a\"", "a\\b", "范围"] {
            assert_eq!(ScopeList::parse(text), Err(OAuthError::InvalidScope), "{text:?}");
        }
    }
}
