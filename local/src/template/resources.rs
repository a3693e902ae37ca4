//! Reads the resources that this process emulates.

use std::{collections::BTreeMap, mem, num::NonZeroU32, time::Duration};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Api, EventSource, FunctionSpec, GatewayResponse, Route, SocketApi, StreamSource, TableSpec, Template,
    TemplateError, Throttle, TokenAuthorizer,
    cloudformation::{Resource, Stack},
    event_sources::{ApiEvent, Event, EventInvokeConfig, GetAtt},
};

const API: &str = "AWS::Serverless::Api";
const FUNCTION: &str = "AWS::Serverless::Function";
const SOCKET_API: &str = "AWS::Serverless::WebSocketApi";
const TABLE: &str = "AWS::DynamoDB::Table";

/// The types of the resources that this process does without.
const LEFT_OUT: [&str; 11] = [
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::RoutingRule",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiProperties {
    stage_name: String,
    #[serde(default)]
    binary_media_types: Vec<String>,
    auth: Option<Auth>,
    #[serde(default)]
    method_settings: Vec<MethodSetting>,
    gateway_responses: BTreeMap<String, GatewayResponseProperties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MethodSetting {
    /// The path. Every slash but the first is escaped as `~1`.
    resource_path: String,
    http_method: String,
    throttling_rate_limit: NonZeroU32,
    throttling_burst_limit: NonZeroU32,
}

impl MethodSetting {
    fn is_of(&self, route: &Route) -> bool {
        let path = self.resource_path.strip_prefix('/').map(|path| path.replace("~1", "/"));
        path.as_deref() == Some(&route.path) && self.http_method == route.method
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Auth {
    default_authorizer: String,
    authorizers: BTreeMap<String, AuthorizerProperties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AuthorizerProperties {
    function_arn: GetAtt,
    identity: Identity,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identity {
    header: String,
    validation_expression: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GatewayResponseProperties {
    status_code: u16,
    #[serde(default)]
    response_parameters: ResponseParameters,
    response_templates: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct ResponseParameters {
    headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SocketProperties {
    stage_name: String,
    route_selection_expression: String,
    routes: BTreeMap<String, SocketRoute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SocketRoute {
    function_arn: GetAtt,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionProperties {
    timeout: Option<u64>,
    #[serde(default)]
    environment: Variables,
    #[serde(default)]
    events: BTreeMap<String, Event>,
    #[serde(default)]
    event_invoke_config: EventInvokeConfig,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Variables {
    variables: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    build_properties: BuildProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BuildProperties {
    binary: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableProperties {
    attribute_definitions: Vec<AttributeDefinition>,
    key_schema: Vec<KeyElement>,
    time_to_live_specification: Option<TimeToLive>,
    stream_specification: Option<Stream>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stream {
    stream_view_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeDefinition {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyElement {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: String,
}

pub(super) fn read(stack: &Stack) -> Result<Template, TemplateError> {
    for resource in stack.all_resources() {
        if ![API, FUNCTION, SOCKET_API, TABLE].iter().chain(&LEFT_OUT).any(|kind| **kind == resource.kind) {
            return Err(TemplateError(format!("{}: {} is not known here", resource.id, resource.kind)));
        }
    }
    let mut functions = Vec::new();
    let mut routes = Vec::new();
    for resource in stack.resources(FUNCTION) {
        let mut properties: FunctionProperties = resource.properties()?;
        let mut sources = Vec::new();
        for (name, event) in mem::take(&mut properties.events) {
            let source = match event {
                Event::Api(event) => {
                    routes.push(route(&resource.id, event));
                    continue;
                }
                Event::DynamoDB(event) => StreamSource::try_from(event).map(EventSource::Stream),
                Event::Schedule(event) => event.try_into(),
            };
            sources.push(source.map_err(|error| error.within(&format!("{}.{name}", resource.id)))?);
        }
        functions.push(function(resource, &properties, sources)?);
    }
    let apis = stack.resources(API).map(|resource| api(resource, &routes)).collect::<Result<Vec<_>, _>>()?;
    let tables = stack.resources(TABLE).map(table).collect::<Result<Vec<_>, _>>()?;
    let sources = functions.iter().flat_map(|function| &function.sources);
    for source in sources {
        if let EventSource::Stream(StreamSource { table, .. }) = source
            && !tables.iter().any(|spec| spec.id == *table && spec.stream.is_some())
        {
            return Err(TemplateError(format!("{table}: there is no such table with a stream")));
        }
    }
    if apis.is_empty() {
        return Err(TemplateError(format!("there is no {API}")));
    }
    let mut sockets = stack.resources(SOCKET_API).map(socket_api).collect::<Result<Vec<_>, _>>()?;
    let socket = sockets.pop();
    if !sockets.is_empty() {
        return Err(TemplateError(format!("there is more than one {SOCKET_API}")));
    }
    Ok(Template { apis, functions, tables, socket })
}

fn socket_api(resource: &Resource) -> Result<SocketApi, TemplateError> {
    let properties: SocketProperties = resource.properties()?;
    let SocketProperties { stage_name: stage, route_selection_expression: selection, routes } = properties;
    if selection != "$request.body.action" {
        return Err(TemplateError(format!("{}: {selection} is not known here", resource.id)));
    }
    let routes = routes.into_iter().map(|(key, route)| (key, route.function_arn.path.0)).collect();
    Ok(SocketApi { id: resource.id.clone(), stage, routes })
}

/// A route, and the logical id of its API.
fn route(function: &str, event: ApiEvent) -> (String, Route) {
    let ApiEvent { rest_api_id, path, method } = event;
    let (method, function) = (method.to_uppercase(), function.to_owned());
    (rest_api_id, Route { method, path, function, throttle: None })
}

fn function(
    resource: &Resource,
    properties: &FunctionProperties,
    sources: Vec<EventSource>,
) -> Result<FunctionSpec, TemplateError> {
    /// Lambda's default time-out.
    const LAMBDAS_DEFAULT: u64 = 3;
    let metadata: Metadata = resource.read("Metadata")?;
    let timeout = properties.timeout.unwrap_or(LAMBDAS_DEFAULT);
    let variables = properties.environment.variables.iter().filter(|(_, value)| !value.is_null());
    Ok(FunctionSpec {
        id: resource.id.clone(),
        binary: metadata.build_properties.binary,
        environment: variables.map(|(name, value)| (name.clone(), plain(value))).collect(),
        timeout: Duration::from_secs(timeout),
        sources,
        asynchronous: properties.event_invoke_config.into(),
    })
}

/// The text of an environment variable.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn api(resource: &Resource, routes: &[(String, Route)]) -> Result<Api, TemplateError> {
    let properties: ApiProperties = resource.properties()?;
    let authorizer = properties.auth.map(|auth| token_authorizer(resource, auth)).transpose()?;
    let own = routes.iter().filter(|(api, _)| *api == resource.id);
    let throttled = own.map(|(_, route)| {
        let setting = properties.method_settings.iter().find(|setting| setting.is_of(route));
        let throttle = setting.map(|setting| Throttle {
            rate: setting.throttling_rate_limit,
            burst: setting.throttling_burst_limit,
        });
        Route { throttle, ..route.clone() }
    });
    Ok(Api {
        id: resource.id.clone(),
        stage: properties.stage_name,
        binary_bodies: properties.binary_media_types.iter().any(|media_type| media_type == "*/*"),
        authorizer,
        gateway_responses: properties.gateway_responses.into_iter().map(gateway_response).collect(),
        routes: throttled.collect(),
    })
}

fn token_authorizer(resource: &Resource, auth: Auth) -> Result<TokenAuthorizer, TemplateError> {
    let Auth { default_authorizer, mut authorizers } = auth;
    let AuthorizerProperties { function_arn, identity } = authorizers
        .remove(&default_authorizer)
        .ok_or_else(|| TemplateError(format!("{}: no authorizer {default_authorizer}", resource.id)))?;
    let validation = Regex::new(&identity.validation_expression)
        .map_err(|error| TemplateError(format!("{}: {error}", resource.id)))?;
    Ok(TokenAuthorizer { function: function_arn.path.0, header: identity.header.to_lowercase(), validation })
}

fn gateway_response((kind, response): (String, GatewayResponseProperties)) -> (String, GatewayResponse) {
    let headers = response.response_parameters.headers.into_iter();
    let response = GatewayResponse {
        status: response.status_code,
        // API Gateway puts literal values in single quotes.
        headers: headers.map(|(name, value)| (name, value.trim_matches('\'').to_owned())).collect(),
        body: response.response_templates.into_values().next().unwrap_or_default(),
    };
    (kind, response)
}

fn table(resource: &Resource) -> Result<TableSpec, TemplateError> {
    let properties: TableProperties = resource.properties()?;
    let attributes = properties.attribute_definitions.into_iter();
    let key = properties.key_schema.into_iter();
    Ok(TableSpec {
        id: resource.id.clone(),
        attributes: attributes
            .map(|attribute| (attribute.attribute_name, attribute.attribute_type))
            .collect(),
        key: key.map(|element| (element.attribute_name, element.key_type)).collect(),
        ttl_attribute: properties.time_to_live_specification.map(|ttl| ttl.attribute_name),
        stream: properties.stream_specification.map(|stream| stream.stream_view_type),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::{
        TEMPLATE,
        template::{SocketApi, Template},
    };

    #[test]
    fn the_routes_of_the_socket_api_have_their_functions() {
        let routes = ["$connect", "$default", "$disconnect", "ping"];
        let routes = routes.map(|route| (route.to_owned(), "SocketFunction".to_owned()));
        let socket = SocketApi {
            id: "SocketApi".to_owned(),
            stage: "prod".to_owned(),
            routes: BTreeMap::from(routes),
        };
        assert_eq!(Template::parse(TEMPLATE).unwrap().socket, Some(socket));
    }

    #[test]
    fn a_socket_api_that_cannot_be_emulated_is_an_error() {
        let second = "  AnotherApi:\n    Type: AWS::Serverless::WebSocketApi\n    Properties: {StageName: s, \
            RouteSelectionExpression: $request.body.action, Routes: {}}\n  SocketApi:\n";
        for (written, instead, named) in [
            ("$request.body.action", "$request.body.type", "SocketApi"),
            ("  SocketApi:\n", second, "more than one"),
            ("        ping: *socket-route\n", "        ping: {}\n", "SocketApi"),
        ] {
            assert!(TEMPLATE.contains(written), "{written}");
            let error = Template::parse(&TEMPLATE.replacen(written, instead, 1)).unwrap_err().to_string();
            assert!(error.contains(named), "{instead}: {error}");
        }
    }
}
