//! The template compared with the code, and the template's rules for operators.

use api::{CustomerService, MessagePush, OAuth, Platform, Product, RESPONSE_DEADLINE};
use std::collections::{BTreeMap, BTreeSet};

use local::{
    TEMPLATE,
    template::{Api, Resource, Stack, Template},
};
use model::{
    BodyError,
    customer_service::CustomerServiceError,
    oauth::{OAuthError, TokenLifetime},
    platform::PlatformError,
    push::PushError,
};
use serde_json::{Value, json};

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
    ("WAF_FILTERED", Meaning::Throttled),
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

impl From<Meaning> for PlatformError {
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

impl From<Meaning> for OAuthError {
    fn from(meaning: Meaning) -> Self {
        match meaning {
            Meaning::TokenMissing | Meaning::TokenRefused => Self::InvalidClient,
            Meaning::InvalidUrl => Self::InvalidUrl,
            Meaning::InvalidJson => Self::NotAForm,
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

fn answers_as<P: Product<Error: From<Meaning>>>(api: &Api) {
    assert_eq!(api.gateway_responses.len(), RESPONSE_TYPES.len());
    for (name, meaning) in RESPONSE_TYPES {
        let response = &api.gateway_responses[name];
        let failure = P::failure(&meaning.into());
        assert_eq!((response.status, &response.body), (failure.status.as_u16(), &failure.body), "{name}");
        let json = [("content-type", "application/json;charset=UTF-8".to_owned())];
        let every = P::HEADERS.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let mut expected: BTreeMap<_, _> = json.into_iter().chain(every).chain(failure.headers).collect();
        if name == "WAF_FILTERED" {
            // WAF counts over 60 seconds.
            expected.insert("retry-after", "60".to_owned());
        }
        let headers: BTreeMap<_, _> =
            response.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
        assert!(
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .eq(expected.iter().map(|(name, value)| (*name, value))),
            "{name}: {headers:?}"
        );
    }
}

#[test]
fn every_answer_of_the_gateways_own_is_its_products_envelope() {
    answers_as::<CustomerService>(&api("CustomerServiceApi"));
    answers_as::<MessagePush>(&api("MessagePushApi"));
    answers_as::<Platform>(&api("PlatformApi"));
    answers_as::<OAuth>(&api("TokenApi"));
}

#[test]
fn the_gateway_asks_for_the_token_syntax_that_the_authorizer_asks_for() {
    for id in ["CustomerServiceApi", "MessagePushApi", "PlatformApi"] {
        let validation = api(id).authorizer.unwrap().validation;
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
                model::oauth::BearerToken::from_header(header).is_ok(),
                "{header:?}"
            );
        }
    }
}

#[test]
fn a_function_may_run_longer_than_it_takes_to_answer() {
    for function in Template::parse(TEMPLATE).unwrap().functions {
        assert!(function.timeout.as_secs() >= RESPONSE_DEADLINE.as_secs() + 2, "{}", function.id);
    }
}

/// The places of texts with `${`, outside of `Fn::Sub`: CloudFormation would deploy them as they are.
fn unfilled(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains("${") => found.push(place.to_owned()),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                unfilled(value, &format!("{place}[{index}]"), found);
            }
        }
        Value::Object(mapping) => {
            for (key, value) in mapping {
                let place = format!("{place}.{key}");
                if key.contains("${") {
                    found.push(place.clone());
                }
                match (key.as_str(), value) {
                    ("Fn::Sub", Value::String(_)) => {}
                    ("Fn::Sub", Value::Array(list)) => unfilled(&list[1], &place, found),
                    _ => unfilled(value, &place, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_loop_variable_is_filled_in() {
    let mut found = Vec::new();
    for resource in stack().all_resources() {
        assert!(!resource.id.contains("ForEach"), "{}", resource.id);
        unfilled(&resource.body, &resource.id, &mut found);
    }
    assert_eq!(found, Vec::<String>::new());
    let text = json!({"a": ["${I}"], "${I}": 1, "b": {"Fn::Sub": ["${I}", {"I": "${J}"}]}, "c": {"Fn::Sub": "${I}"}});
    unfilled(&text, "", &mut found);
    assert_eq!(found, [".${I}", ".a[0]", ".b.Fn::Sub.I"]);
}

/// CloudFormation rejects an `Fn::Sub` with a variable that is neither a parameter nor a resource, such as a loop's identifier.
#[test]
fn every_variable_of_a_text_is_a_parameter_or_a_resource() {
    let stack = stack();
    let named: BTreeSet<_> = stack.all_resources().iter().map(|resource| resource.id.as_str()).collect();
    for resource in stack.all_resources() {
        let text = resource.body.to_string();
        for variable in text.split("${").skip(1).map(|rest| rest.split('}').next().unwrap()) {
            let name = variable.split('.').next().unwrap();
            let known = name.starts_with("AWS::") || stack.parameter(name).is_some() || named.contains(name);
            assert!(known, "{}: ${{{variable}}}", resource.id);
        }
    }
}

#[test]
fn every_function_reads_the_certificates_it_trusts_from_amazon_linuxs_one_file() {
    for function in Template::parse(TEMPLATE).unwrap().functions {
        let file: String = function.environment.get("SSL_CERT_FILE").unwrap();
        assert_eq!(file, "/etc/pki/tls/certs/ca-bundle.crt", "{}", function.id);
    }
}

#[test]
fn the_parameters_of_tokens_are_what_the_code_takes() {
    let stack = stack();
    let parameter = |name: &str| stack.parameter(name).unwrap();
    let lifetime = parameter("TokenLifetimeSeconds");
    let takes = |seconds: i64| seconds.to_string().parse::<TokenLifetime>().is_ok();
    let (min, max) = (lifetime["MinValue"].as_i64().unwrap(), lifetime["MaxValue"].as_i64().unwrap());
    assert!(takes(min) && takes(max) && !takes(min - 1) && !takes(max + 1));
    assert_eq!(max, 7 * 24 * 3600);
    assert_eq!(lifetime["Default"], 359_420);
    assert_eq!(parameter("TokensPerMinute")["Default"], tests::TOKENS_PER_MINUTE);
}

#[test]
fn items_expire_by_the_attribute_the_code_writes() {
    for table in Template::parse(TEMPLATE).unwrap().tables {
        assert_eq!(table.ttl_attribute.as_deref(), Some("expireAt"), "{}", table.id);
    }
}

pub const FUNCTION: &str = "AWS::Serverless::Function";

pub fn stack() -> Stack {
    Stack::parse(TEMPLATE).unwrap()
}

pub fn properties(resource: &Resource) -> Value {
    resource.properties().unwrap()
}

/// A value, or the values of a list.
pub(crate) fn one_or_more(value: &Value) -> Vec<String> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_role_has_the_actions_its_code_uses_on_its_own_table_and_no_others() {
    let expected: BTreeSet<(&str, &str, &[&str])> = BTreeSet::from([
        ("CustomerServiceAuthorizerFunction", "AccessTable", &["dynamodb:GetItem"][..]),
        ("MessagePushAuthorizerFunction", "AccessTable", &["dynamodb:GetItem"]),
        ("PlatformAuthorizerFunction", "AccessTable", &["dynamodb:GetItem"]),
        (
            "LogInUserFunction",
            "ChatTable",
            &["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"],
        ),
        (
            "GetPendingMessagesFunction",
            "ChatTable",
            &["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:Query"],
        ),
        ("AcknowledgeMessagesFunction", "ChatTable", &["dynamodb:DeleteItem", "dynamodb:UpdateItem"]),
        ("GetChatMessagesFunction", "ChatTable", &["dynamodb:Query"]),
        ("RecordChatlogFunction", "ChatTable", &["dynamodb:PutItem"]),
        ("GetPushStatusFunction", "ChatTable", &["dynamodb:BatchGetItem", "dynamodb:Query"]),
        ("ReceiveMessageFunction", "ChatTable", &["dynamodb:PutItem"]),
        ("SendUserMessageFunction", "ChatTable", &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]),
        ("SyncMessagesFunction", "ChatTable", &["dynamodb:Query"]),
        ("GetChatlogFunction", "ChatTable", &["dynamodb:Query"]),
        ("GetUserInfoFunction", "ChatTable", &["dynamodb:GetItem"]),
        (
            "PushMessageFunction",
            "ChatTable",
            &["dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        ),
        (
            "RecallMessageFunction",
            "ChatTable",
            &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        ),
        (
            "IssueTokenFunction",
            "AccessTable",
            &[
                "dynamodb:ConditionCheckItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
            ],
        ),
        ("DispatchEventsFunction", "ChatTable", &["dynamodb:Query"]),
        (
            "DispatchEventsFunction",
            "WebhooksTable",
            &["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"],
        ),
        ("DispatchEventsFunction", "DeliverEventsFunction", &["lambda:InvokeFunction"]),
        ("DeliverEventsFunction", "AccessTable", &["dynamodb:GetItem"]),
        ("DeliverEventsFunction", "ChatTable", &["dynamodb:BatchGetItem", "dynamodb:Query"]),
        (
            "DeliverEventsFunction",
            "WebhooksTable",
            &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        ),
        ("IssueTicketFunction", "ConnectionsTable", &["dynamodb:PutItem"]),
        (
            "SocketFunction",
            "ConnectionsTable",
            &["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query"],
        ),
        ("SocketFunction", "POST/@connections/*", &["execute-api:ManageConnections"]),
        ("SocketFunction", "DELETE/@connections/*", &["execute-api:ManageConnections"]),
        (
            "NotifyUsersFunction",
            "ConnectionsTable",
            &["dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:Query"],
        ),
        ("NotifyUsersFunction", "POST/@connections/*", &["execute-api:ManageConnections"]),
    ]);
    let stack = stack();
    let mut allowed: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for function in stack.resources(FUNCTION) {
        for statement in statements(function) {
            let resources = statement["Resource"].as_array().cloned();
            for resource in resources.unwrap_or_else(|| vec![statement["Resource"].clone()]) {
                let actions = allowed.entry((function.id.clone(), granted(&resource))).or_default();
                actions.extend(one_or_more(&statement["Action"]));
            }
        }
    }
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .map(|(function, resource, actions)| {
            let actions = actions.iter().map(|action| (*action).to_owned());
            ((function.to_owned(), resource.to_owned()), actions.collect::<BTreeSet<_>>())
        })
        .collect();
    assert_eq!(allowed, expected);
    let functions = stack.resources(FUNCTION).map(|function| &function.id).collect::<BTreeSet<_>>();
    assert_eq!(functions, allowed.keys().map(|(function, _)| function).collect());
}

/// The table or function of a statement's resource, or the method and path of connections of the socket API.
fn granted(resource: &Value) -> String {
    if let Some(arn) = resource["Fn::Sub"].as_str() {
        let of_api =
            "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SocketApi}/${Stage}/";
        return arn.strip_prefix(of_api).unwrap().to_owned();
    }
    let id = resource["Fn::GetAtt"][0].as_str().unwrap().to_owned();
    assert_eq!(*resource, json!({"Fn::GetAtt": [id, "Arn"]}));
    id
}

#[test]
fn the_socket_alone_redeems_tickets_and_nobody_reads_them() {
    let connections = json!({"Fn::GetAtt": ["ConnectionsTable", "Arn"]});
    for function in stack().resources(FUNCTION) {
        for statement in statements(function).iter().filter(|statement| statement["Resource"] == connections)
        {
            let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            let actions = one_or_more(&statement["Action"]);
            let expected = match (function.id.as_str(), actions.join(" ").as_str()) {
                ("IssueTicketFunction", "dynamodb:PutItem") => vec!["TICKET#*", "WARM-UP"],
                ("SocketFunction", "dynamodb:DeleteItem") => vec!["TICKET#*"],
                (
                    "SocketFunction" | "NotifyUsersFunction",
                    "dynamodb:BatchWriteItem dynamodb:GetItem dynamodb:Query",
                ) => vec!["CONN#*", "INBOX#*", "CHAT#*", "WARM-UP"],
                other => panic!("{other:?}"),
            };
            assert_eq!(one_or_more(keys), expected, "{}", function.id);
        }
    }
}

#[test]
fn the_socket_api_routes_each_message_to_its_function_and_logs_no_query() {
    let stack = stack();
    let mut apis = stack.resources("AWS::Serverless::WebSocketApi");
    let (api, None) = (apis.next().unwrap(), apis.next()) else { panic!("there are several") };
    let api = properties(api);
    let function = json!({"FunctionArn": {"Fn::GetAtt": ["SocketFunction", "Arn"]}});
    let routes =
        json!({"$connect": function, "$disconnect": function, "ping": function, "$default": function});
    assert_eq!(api["Routes"], routes);
    let throttle = json!({"ThrottlingRateLimit": 400, "ThrottlingBurstLimit": 500});
    assert_eq!(api["DefaultRouteSettings"], throttle);
    let format: BTreeMap<String, String> =
        serde_json::from_str(api["AccessLogSettings"]["Format"].as_str().unwrap()).unwrap();
    let logged: Vec<_> = format.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(logged, SOCKET_ACCESS_LOG);
}

/// The variables of the socket API's access log. None is chosen by a client, and none is the query, which contains the ticket.
const SOCKET_ACCESS_LOG: [(&str, &str); 13] = [
    ("api", "$context.apiId"),
    ("connection", "$context.connectionId"),
    ("disconnectStatusCode", "$context.disconnectStatusCode"),
    ("errorType", "$context.error.responseType"),
    ("eventType", "$context.eventType"),
    ("extendedRequestId", "$context.extendedRequestId"),
    ("functionRequestId", "$context.integration.requestId"),
    ("integrationLatency", "$context.integration.latency"),
    ("integrationStatus", "$context.integration.status"),
    ("requestTime", "$context.requestTime"),
    ("route", "$context.routeKey"),
    ("sourceIp", "$context.identity.sourceIp"),
    ("status", "$context.status"),
];

#[test]
fn deliveries_alone_may_read_the_secrets_of_webhook_endpoints() {
    let webhooks = json!({"Fn::GetAtt": ["WebhooksTable", "Arn"]});
    for function in stack().resources(FUNCTION) {
        for statement in statements(function) {
            if statement["Resource"] != webhooks {
                continue;
            }
            let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            let actions = one_or_more(&statement["Action"]);
            let expected =
                match (function.id.as_str(), actions.iter().any(|action| action.ends_with("GetItem"))) {
                    ("DispatchEventsFunction", _) => vec!["ENDPOINTS", "ENDPOINT#*", "WARM-UP"],
                    ("DeliverEventsFunction", true) => {
                        assert_eq!(actions, ["dynamodb:GetItem"], "it writes no secret");
                        vec!["ENDPOINTS", "ENDPOINT#*", "SECRETS#*", "WARM-UP"]
                    }
                    ("DeliverEventsFunction", false) => vec!["ENDPOINTS", "ENDPOINT#*"],
                    (other, _) => panic!("{other} has no business there"),
                };
            assert_eq!(one_or_more(keys), expected, "{}", function.id);
        }
    }
}

/// The statements of the one policy of a function's role.
pub(crate) fn statements(function: &Resource) -> Vec<Value> {
    let policies = properties(function)["Policies"].clone();
    assert_eq!(policies.as_array().unwrap().len(), 1, "{}", function.id);
    policies[0]["Statement"].as_array().unwrap().clone()
}

#[test]
fn each_function_has_a_log_group_of_its_own_with_a_retention() {
    let stack = stack();
    let groups: BTreeMap<_, _> =
        stack.resources("AWS::Logs::LogGroup").map(|group| (group.id.clone(), properties(group))).collect();
    assert!(groups.values().all(|group| group["RetentionInDays"] == 30));
    let mut used = BTreeSet::new();
    for function in stack.resources(FUNCTION) {
        let logging = properties(function)["LoggingConfig"].clone();
        assert_eq!(logging["LogFormat"], "JSON", "{}", function.id);
        let group = logging["LogGroup"].as_str().unwrap().to_owned();
        assert!(groups.contains_key(&group) && used.insert(group), "{}", function.id);
    }
}

#[test]
fn each_function_runs_a_binary_of_its_own_but_for_the_authorizers() {
    let mut binaries = BTreeSet::new();
    for function in Template::parse(TEMPLATE).unwrap().functions {
        assert!(
            binaries.insert(function.binary.clone()) || function.binary == "authorizer",
            "{}",
            function.id
        );
    }
    assert_eq!(binaries.len(), 20);
}

/// The variables that access logs may hold, by their names in the log. None is chosen by a caller: a method that API Gateway
/// does not know never gets there, and the id of an application is chosen by an operator.
const ACCESS_LOG: [(&str, &str); 16] = [
    ("api", "$context.apiId"),
    ("application", "$context.authorizer.appId"),
    ("authorizerRequestId", "$context.authorizer.requestId"),
    ("authorizerStatus", "$context.authorizer.status"),
    ("errorType", "$context.error.responseType"),
    ("extendedRequestId", "$context.extendedRequestId"),
    ("functionRequestId", "$context.integration.requestId"),
    ("httpMethod", "$context.httpMethod"),
    ("integrationLatency", "$context.integration.latency"),
    ("integrationStatus", "$context.integration.status"),
    ("requestTime", "$context.requestTime"),
    ("resourcePath", "$context.resourcePath"),
    ("responseLatency", "$context.responseLatency"),
    ("responseLength", "$context.responseLength"),
    ("sourceIp", "$context.identity.sourceIp"),
    ("status", "$context.status"),
];

#[test]
fn access_logs_hold_nothing_that_a_caller_chooses() {
    let stack = stack();
    assert_eq!(stack.resources("AWS::Serverless::Api").count(), 4);
    for api in stack.resources("AWS::Serverless::Api") {
        let setting = properties(api)["AccessLogSetting"].clone();
        let format: BTreeMap<String, String> =
            serde_json::from_str(setting["Format"].as_str().unwrap()).unwrap();
        let logged: Vec<_> = format.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(logged, ACCESS_LOG, "{}", api.id);
    }
}

#[test]
fn the_dashboard_is_json_and_shows_metrics_that_the_code_counts() {
    let stack = stack();
    let dashboard = properties(stack.resources("AWS::CloudWatch::Dashboard").next().unwrap());
    let body: Value = serde_json::from_str(dashboard["DashboardBody"]["Fn::Sub"].as_str().unwrap()).unwrap();
    let metrics = body["widgets"].as_array().unwrap().iter().flat_map(|widget| {
        widget["properties"]["metrics"].as_array().into_iter().flatten().cloned().collect::<Vec<_>>()
    });
    let ours: BTreeSet<_> = metrics
        .filter(|metric| metric[0] == "${AWS::StackName}")
        .map(|metric| metric[1].as_str().unwrap().to_owned())
        .collect();
    let counted = [
        api::Metric::EventsReceived,
        api::Metric::EvaluationsReceived,
        api::Metric::TextsReceived,
        api::Metric::ImagesReceived,
        api::Metric::FilesReceived,
        api::Metric::Pushes,
        api::Metric::Deliveries,
        api::Metric::PushReplays,
        api::Metric::PushConflicts,
        api::Metric::Denials,
        api::Metric::TokensIssued,
        api::Metric::TokensRevoked,
        api::Metric::TokensRefused,
        api::Metric::Logins,
        api::Metric::Acknowledgements,
        api::Metric::TurnsRecorded,
        api::Metric::UserMessages,
        api::Metric::MessagesSynced,
        api::Metric::MessagesDelivered,
        api::Metric::DeliveriesFailed,
        api::Metric::EndpointsDisabled,
        api::Metric::DeliveryLagSeconds,
        api::Metric::TicketsIssued,
        api::Metric::SocketsOpened,
        api::Metric::SocketsRefused,
        api::Metric::SocketsClosed,
        api::Metric::SignalsSent,
        api::Metric::SignalsFailed,
        api::Metric::SignalsDropped,
        api::Metric::ConnectionsGone,
    ];
    let counted = counted
        .map(|metric| metric.name().to_owned())
        .into_iter()
        .chain(["StoreRetries".to_owned(), "WriteUnits".to_owned()]);
    assert_eq!(ours, counted.collect());
}

#[test]
fn the_dashboard_shows_the_errors_the_throttles_the_time_and_the_log_of_every_function() {
    let stack = stack();
    let dashboard = properties(stack.resources("AWS::CloudWatch::Dashboard").next().unwrap());
    let body = dashboard["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    for function in stack.resources(FUNCTION) {
        for metric in ["Errors", "Throttles", "Duration"] {
            let shown = format!(r#"["AWS/Lambda", "{metric}", "FunctionName", "${{{}}}""#, function.id);
            assert!(body.contains(&shown), "{shown}");
        }
        let logs = format!("SOURCE '${{{}Logs}}'", function.id.strip_suffix("Function").unwrap());
        assert!(body.contains(&logs), "{logs}");
    }
}

#[test]
fn tables_are_kept_protected_backed_up_encrypted_and_paid_by_use() {
    let stack = stack();
    let protection = stack.parameter("DeletionProtection").unwrap();
    assert_eq!(
        (&protection["Default"], &protection["AllowedValues"]),
        (&json!("true"), &json!(["true", "false"]))
    );
    assert!(TEMPLATE.contains("\n  ProtectsTables: !Equals [!Ref DeletionProtection, 'true']\n"));
    assert_eq!(stack.resources("AWS::DynamoDB::Table").count(), 4);
    for table in stack.resources("AWS::DynamoDB::Table") {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            assert_eq!(table.read::<String>(policy).unwrap(), "Retain", "{}", table.id);
        }
        let table = properties(table);
        // Booleans: CloudFormation refuses the text of the parameter.
        assert_eq!(table["DeletionProtectionEnabled"], json!({"Fn::If": ["ProtectsTables", true, false]}));
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
        assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
        assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
    }
}

#[test]
fn no_partition_or_domain_of_aws_is_written_out() {
    for written_out in
        ["arn:aws:", "arn:aws-cn:", "amazonaws.com/", "amazonaws.com.cn", "us-east-1", "cn-north-1"]
    {
        assert!(!TEMPLATE.contains(written_out), "{written_out}");
    }
}

#[test]
fn every_endpoint_has_a_throttle_of_its_kind_with_a_rate_and_a_burst() {
    let stack = Stack::parse(TEMPLATE).unwrap();
    let default = |name: &str| stack.parameter(name).unwrap()["Default"].as_u64().unwrap();
    let reads = ["chatlog/get", "info/get", "message/pending", "chat/messages", "msg/sync"];
    let mut endpoints = 0;
    for api in Template::parse(TEMPLATE).unwrap().apis {
        for route in &api.routes {
            let kind = match api.id.as_str() {
                "MessagePushApi" => "Push",
                "TokenApi" => "Token",
                _ if reads.iter().any(|path| route.path.ends_with(path)) => "Read",
                _ => "Write",
            };
            let throttle = route.throttle.unwrap_or_else(|| panic!("{} {}", route.method, route.path));
            let expected =
                (default(&format!("{kind}ThrottlingRate")), default(&format!("{kind}ThrottlingBurst")));
            assert_eq!((throttle.rate.get().into(), throttle.burst.get().into()), expected, "{}", route.path);
            endpoints += 1;
        }
        // And nothing else has one: a setting of no route would be of a path that is spelled wrong.
        let resource =
            stack.resources("AWS::Serverless::Api").find(|resource| resource.id == api.id).unwrap();
        let properties: Value = resource.properties().unwrap();
        assert_eq!(properties["MethodSettings"].as_array().unwrap().len(), api.routes.len(), "{}", api.id);
    }
    assert_eq!(endpoints, 17);
}

#[test]
fn each_partners_api_has_a_web_acl_of_rate_based_rules_alone_and_the_platforms_has_source_ranges() {
    let stack = Stack::parse(TEMPLATE).unwrap();
    let properties = |resource: &Resource| -> Value { resource.properties().unwrap() };
    let mut acls = BTreeMap::new();
    for acl in stack.resources("AWS::WAFv2::WebACL") {
        assert_eq!(acl.read::<String>("Condition").unwrap(), "HasWaf");
        let properties = properties(acl);
        assert_eq!(properties["DefaultAction"], json!({"Allow": {}}));
        let keys = properties["Rules"].as_array().unwrap().iter().map(|rule| {
            // A custom response would answer in the place of the gateway response WAF_FILTERED.
            assert_eq!(rule["Action"], json!({"Block": {}}));
            let statement = &rule["Statement"]["RateBasedStatement"];
            assert_eq!(statement["EvaluationWindowSec"], 60);
            assert!(statement["Limit"].as_u64().unwrap() >= 10, "the least that WAF takes");
            match statement["AggregateKeyType"].as_str().unwrap() {
                "IP" => "IP".to_owned(),
                _ => statement["CustomKeys"][0]["Header"]["Name"].as_str().unwrap().to_owned(),
            }
        });
        acls.insert(acl.id.clone(), keys.collect::<Vec<_>>());
    }
    let partners = vec!["Authorization".to_owned(), "IP".to_owned()];
    let expected = [
        ("CustomerServiceWebAcl".to_owned(), partners.clone()),
        ("MessagePushWebAcl".to_owned(), partners),
        ("TokenWebAcl".to_owned(), vec!["IP".to_owned()]),
    ];
    assert_eq!(acls, BTreeMap::from(expected));
    for association in stack.resources("AWS::WAFv2::WebACLAssociation") {
        assert_eq!(association.read::<String>("Condition").unwrap(), "HasWaf");
        let properties = properties(association);
        let acl = properties["WebACLArn"]["Fn::GetAtt"][0].as_str().unwrap();
        assert!(acls.remove(acl).is_some(), "{acl}: once");
        let api = format!("/restapis/${{{}Api}}/stages/", acl.trim_end_matches("WebAcl"));
        assert!(properties["ResourceArn"]["Fn::Sub"].as_str().unwrap().contains(&api), "{acl}");
    }
    assert!(acls.is_empty(), "{acls:?} is associated with nothing");

    let apis: Vec<_> = stack.resources("AWS::Serverless::Api").collect();
    for api in apis {
        let policy = properties(api)["Auth"]["ResourcePolicy"].take();
        assert_eq!(policy.is_null(), api.id != "PlatformApi", "{}", api.id);
        if let Some(statements) = policy["CustomStatements"].as_array() {
            let denied = &statements[1]["Condition"]["NotIpAddress"]["aws:SourceIp"];
            assert_eq!(
                (&statements[0]["Effect"], &statements[1]["Effect"]),
                (&json!("Allow"), &json!("Deny"))
            );
            assert_eq!(denied["Fn::Split"][0], ",");
        }
    }
}
