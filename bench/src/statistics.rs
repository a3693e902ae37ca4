//! Quantiles.

/// Measured values in ascending order.
#[derive(Debug, Clone, Default)]
pub struct Sample(Vec<f64>);

impl Sample {
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        values.iter().copied().collect()
    }

    /// The nearest-rank quantile for `share` from 0 to 1: always a measured value, or 0 for an empty sample.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a sample has far fewer than 2^53 values, and a rank is not negative"
    )]
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lower of the two middle values if their number is even.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    #[expect(clippy::float_cmp, reason = "a value that was measured is not computed with")]
    fn a_quantile_is_a_value_that_was_measured() {
        let sample: Sample = (1..=100).rev().map(f64::from).collect();
        assert_eq!([sample.median(), sample.quantile(0.99), sample.quantile(1.0)], [50.0, 99.0, 100.0]);
        assert_eq!(Sample::from_iter([3.0]).quantile(0.0), 3.0);
        assert_eq!(Sample::default().median(), 0.0);
    }
}
