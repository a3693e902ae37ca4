//! The policies of the authorizer.

use lambda_http::aws_lambda_events::{
    apigw::{ApiGatewayCustomAuthorizerPolicy, ApiGatewayCustomAuthorizerResponse},
    iam::{IamPolicyEffect, IamPolicyStatement},
};
use model::oauth::Principal;
use serde::{Deserialize, Serialize};

/// The principal, as API Gateway passes it to the function: it passes strings only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    /// Comma-separated.
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<String>,
}

/// Allows the whole API, since a scope covers all of it: API Gateway caches the policy for every route.
pub(crate) fn allow(method_arn: &str, principal: &Principal) -> ApiGatewayCustomAuthorizerResponse<Context> {
    let context =
        Context { app_id: Some(principal.app.to_string()), sources: Some(principal.sources.to_context()) };
    response(principal.app.as_str(), IamPolicyEffect::Allow, method_arn, context)
}

pub(crate) fn deny(method_arn: &str) -> ApiGatewayCustomAuthorizerResponse<Context> {
    response("unknown", IamPolicyEffect::Deny, method_arn, Context::default())
}

fn response(
    principal_id: &str,
    effect: IamPolicyEffect,
    method_arn: &str,
    context: Context,
) -> ApiGatewayCustomAuthorizerResponse<Context> {
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = vec![whole_api(method_arn)];
    let mut policy = ApiGatewayCustomAuthorizerPolicy::default();
    policy.version = Some("2012-10-17".to_owned());
    policy.statement = vec![statement];
    let mut response = ApiGatewayCustomAuthorizerResponse::default();
    response.principal_id = Some(principal_id.to_owned());
    response.policy_document = policy;
    response.context = context;
    response
}

/// `…:<api>/<stage>/*/*` for the ARN of one of its methods, `…:<api>/<stage>/<verb>/<path>`, in any partition.
fn whole_api(method_arn: &str) -> String {
    let api_and_stage: Vec<_> = method_arn.split('/').take(2).collect();
    format!("{}/*/*", api_and_stage.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_covers_the_stage_of_the_api_and_no_more() {
        assert_eq!(
            whole_api(
                "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/prod/GET/chatbot/servlet/user/info/get"
            ),
            "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/prod/*/*"
        );
    }
}
