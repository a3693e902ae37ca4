//! The list prices of AWS, and the cost of a call from its use.

use serde::Deserialize;

/// List prices in dollars, for one region and date, and the assumed billed time of a function.
#[derive(Debug, Deserialize)]
pub struct Prices {
    pub region: String,
    /// The month of the look-up.
    pub known_as_of: String,
    dynamodb_million_write_units: f64,
    dynamodb_million_read_units: f64,
    api_gateway_million_requests: f64,
    lambda_million_requests: f64,
    lambda_gb_second_arm64: f64,
    lambda_gb_second_x86_64: f64,
    /// The billed time that [`gateway_and_function`](Self::gateway_and_function) assumes for a call.
    assumed_billed_milliseconds: f64,
}

#[derive(Debug, Clone, Copy)]
pub enum Architecture {
    /// The template's default.
    Arm64,
    X86_64,
}

impl Prices {
    /// The prices in `prices.json`.
    pub fn listed() -> serde_json::Result<Self> {
        serde_json::from_str(include_str!("../prices.json"))
    }

    /// Dollars of DynamoDB per million calls that use these units each.
    #[must_use]
    pub fn store(&self, read_units: f64, write_units: f64) -> f64 {
        read_units * self.dynamodb_million_read_units + write_units * self.dynamodb_million_write_units
    }

    /// Dollars of API Gateway and of a function with this memory per million calls. The authorizer is not included: its result
    /// is cached for many calls.
    #[must_use]
    pub fn gateway_and_function(&self, megabytes: u32) -> f64 {
        self.api_gateway_million_requests
            + self.function(Architecture::Arm64, megabytes, self.assumed_billed_milliseconds)
    }

    /// Dollars per million calls of a function with this memory and billed time.
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
