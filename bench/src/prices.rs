//! What AWS asks for what a call uses.

use serde::Deserialize;

/// List prices, in dollars, and what is assumed of a function: the file says of which region and when.
#[derive(Debug, Deserialize)]
pub struct Prices {
    /// The region.
    pub region: String,
    /// When they were looked up.
    pub known_as_of: String,
    dynamodb_million_write_units: f64,
    dynamodb_million_read_units: f64,
    api_gateway_million_requests: f64,
    lambda_million_requests: f64,
    lambda_gb_second_arm64: f64,
    assumed_of_a_function: Assumed,
}

/// What a call of a function is taken to use: its memory, and the time that is billed.
#[derive(Debug, Deserialize)]
struct Assumed {
    gb: f64,
    billed_milliseconds: f64,
}

impl Prices {
    /// Those of `prices.json`.
    ///
    /// # Errors
    /// That the file is not what it should be.
    pub fn listed() -> serde_json::Result<Self> {
        serde_json::from_str(include_str!("../prices.json"))
    }

    /// What DynamoDB costs for a million times as many units.
    #[must_use]
    pub fn store(&self, read_units: f64, write_units: f64) -> f64 {
        read_units * self.dynamodb_million_read_units + write_units * self.dynamodb_million_write_units
    }

    /// What API Gateway and the function cost for a million calls, whatever they do; without the authorizer, which runs once
    /// for many calls.
    #[must_use]
    pub fn gateway_and_function(&self) -> f64 {
        let assumed = &self.assumed_of_a_function;
        let gb_seconds = assumed.gb * assumed.billed_milliseconds / 1000.0;
        self.api_gateway_million_requests
            + self.lambda_million_requests
            + gb_seconds * 1e6 * self.lambda_gb_second_arm64
    }
}
