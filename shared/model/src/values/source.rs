//! The parameter `source`.

use std::{fmt, ops::RangeInclusive};

use serde::{Deserialize, Serialize};

use crate::{Parameter, ParameterError};

/// A third-party system, `source`: 1 is 佳信.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Source(u32);

/// The number is outside [`Source::RANGE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a source is a number between 1 and 2147483647")]
pub struct InvalidSource;

impl Source {
    /// The positive 32-bit integers: partners hold a source in an `int`.
    pub const RANGE: RangeInclusive<u32> = 1..=2_147_483_647;

    /// The source of a request without the parameter: 佳信.
    pub const DEFAULT: Self = Self(1);

    /// Reads the parameter `source`.
    ///
    /// # Errors
    /// `source: must be an integer`, then `source: value must be between 1 and 2147483647`.
    pub fn parse(parameter: &Parameter<'_>) -> Result<Self, ParameterError> {
        Self::parse_as("source", parameter)
    }

    /// Reads a source that has another name in its request.
    ///
    /// # Errors
    /// Those of [`Self::parse`], with this name.
    pub fn parse_as(name: &'static str, parameter: &Parameter<'_>) -> Result<Self, ParameterError> {
        Ok(parameter.optional_integer(name, Self::RANGE)?.map_or(Self::DEFAULT, Self))
    }

    /// 1 to 2147483647.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Source {
    type Error = InvalidSource;

    fn try_from(number: u32) -> Result<Self, InvalidSource> {
        if Self::RANGE.contains(&number) { Ok(Self(number)) } else { Err(InvalidSource) }
    }
}

impl From<Source> for u32 {
    fn from(source: Source) -> Self {
        source.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<u32, String> {
        Source::parse(&Parameter::from_query(Some(query)))
            .map(Source::number)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_source_is_stored_as_its_number() {
        for number in [1, 2_147_483_647] {
            assert_eq!(Source::try_from(number).map(u32::from), Ok(number));
        }
        assert_eq!(
            (Source::try_from(0), Source::try_from(2_147_483_648)),
            (Err(InvalidSource), Err(InvalidSource))
        );
    }

    #[test]
    fn a_source_is_between_1_and_2147483647_and_1_by_default() {
        assert_eq!(parse(""), Ok(1));
        assert_eq!(parse(" "), Ok(1));
        assert_eq!(parse("1"), Ok(1));
        assert_eq!(parse("2147483647"), Ok(2_147_483_647));
        let out_of_range = Err("source: value must be between 1 and 2147483647".to_owned());
        assert_eq!(parse("0"), out_of_range);
        assert_eq!(parse("-1"), out_of_range);
        assert_eq!(parse("2147483648"), out_of_range);
        assert_eq!(parse("99999999999999999999"), out_of_range);
        let no_integer = Err("source: must be an integer".to_owned());
        for query in ["x", "1.0", "1e0", "-", "+1", "0x1", "1 2", "１"] {
            assert_eq!(parse(query), no_integer, "{query}");
        }
    }
}
