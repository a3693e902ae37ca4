//! The environment of a function on Lambda.

use std::collections::BTreeMap;

use local::template::{FunctionSpec, Template};

/// The AWS SDK's environment variable for the URL of DynamoDB.
pub const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// The variables of the template and of Lambda for the function of `binary`, with DynamoDB at the URL `endpoint`. Without a function in
/// the template they are those of Lambda.
#[must_use]
pub fn of_function(template: &Template, binary: &str, endpoint: &str) -> BTreeMap<String, String> {
    let function = template.functions.iter().find(|function| function.binary == binary);
    function.map_or_else(|| of_lambda(binary, endpoint), |function| of_spec(function, endpoint))
}

/// The variables of the template and of Lambda for a function, with DynamoDB at the URL `endpoint`.
#[must_use]
pub fn of_spec(function: &FunctionSpec, endpoint: &str) -> BTreeMap<String, String> {
    let of_template =
        function.environment.variables().map(|(name, value)| (name.to_owned(), value.to_owned()));
    of_template.chain(of_lambda(&function.binary, endpoint)).collect()
}

/// The log level is `debug`, at which the durations of the connection are logged.
fn of_lambda(binary: &str, endpoint: &str) -> BTreeMap<String, String> {
    let variables = [
        ("LOG_LEVEL", "debug"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "a session"),
        ("AWS_LAMBDA_FUNCTION_NAME", binary),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        (ENDPOINT, endpoint),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
