//! The environment of a function on Lambda.

use std::collections::BTreeMap;

use local::template::Template;

/// The AWS SDK's environment variable for the URL of DynamoDB.
pub const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// The variables of the template and of Lambda for the function of `binary`, with DynamoDB at the URL `endpoint`. The log level is
/// `debug`, at which the durations of the connection are logged.
#[must_use]
pub fn of_function(template: &Template, binary: &str, endpoint: &str) -> BTreeMap<String, String> {
    let function = template.functions.iter().find(|function| function.binary == binary);
    let of_template = function.into_iter().flat_map(|function| function.environment.variables());
    let of_lambda = [
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
    of_template.chain(of_lambda).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
