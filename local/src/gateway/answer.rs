//! Responses: a function's, or one of the gateway's own.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

use crate::template::Api;

/// The gateway response types that can occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The token is missing, or does not match the `ValidationExpression`.
    Unauthorized,
    /// The policy denies the call.
    AccessDenied,
    AuthorizerFailure,
    /// The authorizer's response is not a policy.
    AuthorizerConfigurationError,
    /// No such path or method.
    MissingAuthenticationToken,
    /// The token bucket of the route is empty.
    Throttled,
    RequestTooLarge,
    IntegrationFailure,
    /// The function's response does not have the format of a proxy integration.
    MalformedAnswer,
}

impl Fault {
    /// The gateway response type, by API Gateway's name.
    const fn response_type(self) -> &'static str {
        match self {
            Self::Unauthorized => "UNAUTHORIZED",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::AuthorizerFailure => "AUTHORIZER_FAILURE",
            Self::AuthorizerConfigurationError => "AUTHORIZER_CONFIGURATION_ERROR",
            Self::MissingAuthenticationToken => "MISSING_AUTHENTICATION_TOKEN",
            Self::Throttled => "THROTTLED",
            Self::RequestTooLarge => "REQUEST_TOO_LARGE",
            Self::IntegrationFailure => "INTEGRATION_FAILURE",
            Self::MalformedAnswer => "DEFAULT_5XX",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The output format of a Lambda proxy integration.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionAnswer {
    status_code: u16,
    headers: Option<BTreeMap<String, Value>>,
    multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl Answer {
    /// The gateway response of the template for `fault`.
    pub(super) fn literal(api: &Api, fault: Fault) -> Self {
        match api.gateway_responses.get(fault.response_type()) {
            Some(response) => Self {
                status: response.status,
                headers: response.headers.clone().into_iter().collect(),
                body: response.body.clone().into_bytes(),
            },
            None => Self::unowned(),
        }
    }

    /// AWS's default, for an API without a gateway response.
    pub(super) fn unowned() -> Self {
        Self { status: 403, headers: Vec::new(), body: br#"{"message":"Forbidden"}"#.to_vec() }
    }

    /// Parses the response of a function.
    pub(super) fn from_function(json: &str) -> Result<Self, Fault> {
        let answer: FunctionAnswer = serde_json::from_str(json).map_err(|_| Fault::MalformedAnswer)?;
        let text = answer.body.unwrap_or_default();
        let body = if answer.is_base64_encoded {
            BASE64_STANDARD.decode(text).map_err(|_| Fault::MalformedAnswer)?
        } else {
            text.into_bytes()
        };
        let single = answer.headers.into_iter().flatten();
        let multiple = answer.multi_value_headers.into_iter().flatten();
        let multiple =
            multiple.flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
        let headers = single.chain(multiple).map(|(name, value)| (name, header_text(&value))).collect();
        Ok(Self { status: answer.status_code, headers, body })
    }

    /// The HTTP response, with the request id in its headers.
    pub(super) fn into_response(self, request_id: &str) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let request_id = ("x-amzn-requestid".to_owned(), request_id.to_owned());
        for (name, value) in self.headers.into_iter().chain([request_id]) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

fn header_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_answers_in_the_output_format_of_a_proxy_integration() {
        let answer = Answer::from_function(
            r#"{"statusCode":200,"headers":{"a":"1","n":2},"multiValueHeaders":{"b":["x","y"]},"body":"text"}"#,
        );
        let headers = [("a", "1"), ("n", "2"), ("b", "x"), ("b", "y")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        assert_eq!(answer, Ok(Answer { status: 200, headers, body: b"text".to_vec() }));
        let binary = Answer::from_function(r#"{"statusCode":200,"body":"/w==","isBase64Encoded":true}"#);
        assert_eq!(binary.map(|answer| answer.body), Ok(vec![0xff]));
    }

    #[test]
    fn any_other_format_is_malformed() {
        for json in [
            "",
            "null",
            "\"text\"",
            "[]",
            "{}",
            r#"{"body":"x"}"#,
            r#"{"statusCode":"ok"}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"body":"!","isBase64Encoded":true}"#,
        ] {
            assert_eq!(Answer::from_function(json), Err(Fault::MalformedAnswer), "{json}");
        }
    }
}
