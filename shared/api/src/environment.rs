//! A function's settings, read once at its start.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use thiserror::Error;

/// The environment variables a function starts with: the process's own, or those the template gives it.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// A setting without which the function does not start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvironmentError {
    /// Not set.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// Set to something it cannot be.
    #[error("environment variable {name} is not valid: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// Every variable and its value.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The setting `name`.
    ///
    /// # Errors
    /// [`EnvironmentError`] if it is not set, or not a `T`.
    pub fn get<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, EnvironmentError> {
        self.0
            .get(name)
            .ok_or(EnvironmentError::Missing(name))?
            .parse()
            .map_err(|reason: T::Err| EnvironmentError::Invalid { name, reason: reason.to_string() })
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}
