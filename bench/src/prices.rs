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
    lambda_gb_second_x86_64: f64,
    /// The billed time that is assumed of a call.
    assumed_billed_milliseconds: f64,
}

/// The processor of a function.
#[derive(Debug, Clone, Copy)]
pub enum Architecture {
    /// The template's default.
    Arm64,
    /// The other one.
    X86_64,
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

    /// What API Gateway and a function of this memory cost for a million calls, whatever they do; without the authorizer, which
    /// runs once for many calls.
    #[must_use]
    pub fn gateway_and_function(&self, megabytes: u32) -> f64 {
        self.api_gateway_million_requests
            + self.function(Architecture::Arm64, megabytes, self.assumed_billed_milliseconds)
    }

    /// Dollars for a million calls of a function of this memory, with this billed time each.
    #[must_use]
    pub fn function(&self, architecture: Architecture, megabytes: u32, billed_millis: f64) -> f64 {
        let gb_second = match architecture {
            Architecture::Arm64 => self.lambda_gb_second_arm64,
            Architecture::X86_64 => self.lambda_gb_second_x86_64,
        };
        let gb_seconds = f64::from(megabytes) / 1024.0 * billed_millis / 1000.0;
        self.lambda_million_requests + gb_seconds * 1e6 * gb_second
    }
}
