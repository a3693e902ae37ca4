//! The parameter `limit` of the endpoints that page.

use std::ops::RangeInclusive;

use crate::{Parameter, ParameterError};

/// The most entries of one response, `limit`: 1 to `MAX`, and `DEFAULT` if the caller names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize<const DEFAULT: u32, const MAX: u32>(u32);

impl<const DEFAULT: u32, const MAX: u32> PageSize<DEFAULT, MAX> {
    /// Both bounds are valid.
    pub const RANGE: RangeInclusive<u32> = 1..=MAX;

    /// Reads the parameter `limit`.
    ///
    /// # Errors
    /// [`ParameterError::NotAnInteger`], then [`ParameterError::OutOfRange`].
    pub fn parse(parameter: &Parameter<'_>) -> Result<Self, ParameterError> {
        Ok(Self::parse_optional(parameter)?.unwrap_or(Self(DEFAULT)))
    }

    /// Reads the parameter `limit` where its absence has a meaning of its own.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_optional(parameter: &Parameter<'_>) -> Result<Option<Self>, ParameterError> {
        Ok(parameter.optional_integer("limit", Self::RANGE)?.map(Self))
    }

    /// The number of entries.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(limit: Option<&str>) -> Result<usize, ParameterError> {
        PageSize::<100, 200>::parse(&Parameter::from_query(limit)).map(PageSize::get)
    }

    #[test]
    fn both_bounds_are_valid_and_no_limit_is_the_default() {
        for (limit, size) in [(None, 100), (Some(" "), 100), (Some("1"), 1), (Some("200"), 200)] {
            assert_eq!(parse(limit), Ok(size), "{limit:?}");
        }
        for limit in ["0", "201", "-1"] {
            assert_eq!(parse(Some(limit)), Err(ParameterError::OutOfRange("limit", 1..=200)), "{limit}");
        }
        assert_eq!(parse(Some("x")), Err(ParameterError::NotAnInteger("limit")));
    }
}
