//! The signing secrets of an application. They are stored as they are, since a signature needs the key itself. They have a
//! partition of their own, which a role can be denied.

use std::fmt;

use model::{AppId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dynamodb::{
    error::StoreError,
    expression::{Expression, number},
    key::Key,
    table::{ConditionalWrite, Consistency, Table},
};

/// The signing secrets of an application, as `whsec_` and base64. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningSecrets {
    version: u64,
    current: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousSecret>,
}

/// A replaced secret, which signs until the end of its grace period.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PreviousSecret {
    secret: String,
    /// The end of the grace period, in epoch seconds.
    until: u64,
}

impl SigningSecrets {
    /// The first secret of an application.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self { version: 1, current: secret, previous: None }
    }

    /// The secrets after a rotation. The current one signs until `until`, in epoch seconds, or ends at once if that is `None`.
    /// The one before it ends at once.
    #[must_use]
    pub fn rotated(self, secret: String, until: Option<u64>) -> Self {
        let previous = until.map(|until| PreviousSecret { secret: self.current, until });
        Self { version: self.version + 1, current: secret, previous }
    }

    /// 1 for the first secret, and one more after each rotation.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The secrets that sign at `now`, the current one first.
    pub fn valid_at(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let previous = self.previous.iter().filter(move |previous| previous.until > now.seconds());
        [self.current.as_str()].into_iter().chain(previous.map(|previous| previous.secret.as_str()))
    }

    /// The end of the replaced secret's grace period, in epoch seconds, if it is after `now`.
    #[must_use]
    pub fn previous_until(&self, now: Timestamp) -> Option<u64> {
        self.previous.as_ref().map(|previous| previous.until).filter(|until| *until > now.seconds())
    }
}

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecrets")
    }
}

/// Reads the secrets of an application. One strongly consistent read.
///
/// # Errors
/// [`StoreError`] if the read fails, or the item is corrupt.
pub async fn find_secrets(table: &Table, app: &AppId) -> Result<Option<SigningSecrets>, StoreError> {
    table.get(Key::signing_secrets(app), Consistency::Strong).await
}

/// Stores the first secrets of an application, or those after a rotation; returns whether it did. It does not if a concurrent
/// request stored others. One conditional put.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn put_secrets(table: &Table, app: &AppId, secrets: &SigningSecrets) -> Result<bool, StoreError> {
    let is_next = match secrets.version {
        0 | 1 => Expression::new("attribute_not_exists(pk)", []),
        version => Expression::new("version = :before", [(":before", number(version - 1))]),
    };
    let outcome = table.put_if(Key::signing_secrets(app), secrets, is_next).await?;
    Ok(matches!(outcome, ConditionalWrite::Written(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_secrets_sign_until_the_grace_period_ends() {
        let valid = |secrets: &SigningSecrets, second: u64| {
            let now = Timestamp::from_millis(second * 1000);
            secrets.valid_at(now).map(str::to_owned).collect::<Vec<_>>()
        };
        let secrets = SigningSecrets::new("a".to_owned()).rotated("b".to_owned(), Some(10));
        assert_eq!(valid(&secrets, 9), ["b", "a"]);
        assert_eq!(valid(&secrets, 10), ["b"]);
        assert_eq!(secrets.version(), 2);
        assert_eq!(valid(&secrets.clone().rotated("c".to_owned(), Some(20)), 9), ["c", "b"]);
        assert_eq!(valid(&secrets.rotated("c".to_owned(), None), 9), ["c"]);
    }
}
