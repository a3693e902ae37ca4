//! A function's environment variables, read once at its start.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use thiserror::Error;

/// The environment variables of a function: those of the process or, in `local`, those of the template.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// Why a function does not start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvironmentError {
    /// The variable is not set.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// The value cannot be parsed.
    #[error("environment variable {name} is not valid: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// The parse error.
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

    /// Names and values.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parsed value of a variable.
    ///
    /// # Errors
    /// [`EnvironmentError`] if it is not set or cannot be parsed.
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
