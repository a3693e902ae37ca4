//! What the template promises, against what the code says.

use api::{ANSWER_WITHIN, Envelope};
use local::{
    TEMPLATE,
    template::{Api, Template},
};
use model::{BodyError, CustomerServiceError, PushError};

/// The gateway response types of API Gateway, and what each is to a caller.
const RESPONSE_TYPES: [(&str, Meaning); 21] = [
    ("ACCESS_DENIED", Meaning::TokenRefused),
    ("API_CONFIGURATION_ERROR", Meaning::System),
    ("AUTHORIZER_CONFIGURATION_ERROR", Meaning::System),
    ("AUTHORIZER_FAILURE", Meaning::System),
    ("BAD_REQUEST_BODY", Meaning::InvalidJson),
    ("BAD_REQUEST_PARAMETERS", Meaning::InvalidUrl),
    ("DEFAULT_4XX", Meaning::InvalidUrl),
    ("DEFAULT_5XX", Meaning::System),
    ("EXPIRED_TOKEN", Meaning::InvalidUrl),
    ("INTEGRATION_FAILURE", Meaning::System),
    ("INTEGRATION_TIMEOUT", Meaning::System),
    ("INVALID_API_KEY", Meaning::TokenRefused),
    ("INVALID_SIGNATURE", Meaning::InvalidUrl),
    ("MISSING_AUTHENTICATION_TOKEN", Meaning::InvalidUrl),
    ("QUOTA_EXCEEDED", Meaning::Throttled),
    ("REQUEST_TOO_LARGE", Meaning::TooLarge),
    ("RESOURCE_NOT_FOUND", Meaning::InvalidUrl),
    ("THROTTLED", Meaning::Throttled),
    ("UNAUTHORIZED", Meaning::TokenMissing),
    ("UNSUPPORTED_MEDIA_TYPE", Meaning::InvalidUrl),
    ("WAF_FILTERED", Meaning::InvalidUrl),
];

#[derive(Clone, Copy)]
enum Meaning {
    TokenMissing,
    TokenRefused,
    InvalidUrl,
    InvalidJson,
    TooLarge,
    Throttled,
    System,
}

impl From<Meaning> for CustomerServiceError {
    fn from(meaning: Meaning) -> Self {
        match meaning {
            Meaning::TokenMissing => Self::TokenMissing,
            Meaning::TokenRefused => Self::TokenRefused,
            Meaning::InvalidUrl => Self::InvalidUrl,
            Meaning::InvalidJson => Self::Body(BodyError::Invalid),
            Meaning::TooLarge => Self::Body(BodyError::TooLarge),
            Meaning::Throttled => Self::Throttled,
            Meaning::System => Self::System,
        }
    }
}

impl From<Meaning> for PushError {
    fn from(meaning: Meaning) -> Self {
        match meaning {
            Meaning::TokenMissing => Self::TokenMissing,
            Meaning::TokenRefused => Self::TokenRefused,
            Meaning::InvalidUrl => Self::InvalidUrl,
            Meaning::InvalidJson => Self::InvalidJson,
            Meaning::TooLarge => Self::BodyTooLarge,
            Meaning::Throttled => Self::Throttled,
            Meaning::System => Self::System,
        }
    }
}

fn api(id: &str) -> Api {
    let template = Template::parse(TEMPLATE).unwrap();
    template.apis.into_iter().find(|api| api.id == id).unwrap()
}

fn answers_as<E: Envelope + From<Meaning>>(api: &Api) {
    assert_eq!(api.gateway_responses.len(), RESPONSE_TYPES.len());
    for (name, meaning) in RESPONSE_TYPES {
        let response = &api.gateway_responses[name];
        let error = E::from(meaning);
        assert_eq!(
            (response.status, &response.body),
            (error.http_status().as_u16(), &error.body()),
            "{name}"
        );
        assert_eq!(response.headers["Content-Type"], "application/json;charset=UTF-8", "{name}");
    }
}

#[test]
fn every_answer_of_the_gateways_own_is_its_products_envelope() {
    answers_as::<CustomerServiceError>(&api("CustomerServiceApi"));
    answers_as::<PushError>(&api("MessagePushApi"));
}

#[test]
fn the_gateway_asks_for_the_token_syntax_that_the_authorizer_asks_for() {
    for id in ["CustomerServiceApi", "MessagePushApi"] {
        let validation = api(id).authorizer.validation;
        for header in [
            "Bearer cn-1",
            "bearer   aZ09._~+/=-",
            "BEARER x",
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Basic a",
            " Bearer a",
            "Bearer a ",
            "Bearer\ta",
            "Bearer 令",
            "Bearer a,b",
            "",
            "Bearer a\n",
            "XBearer a",
        ] {
            assert_eq!(
                validation.is_match(header),
                model::BearerToken::from_header(header).is_ok(),
                "{header:?}"
            );
        }
    }
}

#[test]
fn a_function_may_run_longer_than_it_takes_to_answer() {
    for function in Template::parse(TEMPLATE).unwrap().functions {
        assert!(function.timeout.as_secs() >= ANSWER_WITHIN.as_secs() + 2, "{}", function.id);
    }
}

#[test]
fn items_expire_by_the_attribute_the_code_writes() {
    for table in Template::parse(TEMPLATE).unwrap().tables {
        assert_eq!(table.ttl_attribute.as_deref(), Some("expireAt"), "{}", table.id);
    }
}
