//! TOKEN authorizers: invokes the function and evaluates its policy.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ACCOUNT, Call, Fault, REGION};
use crate::{
    functions::{FunctionError, Functions},
    template::{Api, Route},
};

const ACTION: &str = "execute-api:Invoke";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorization {
    principal_id: String,
    policy_document: Policy,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    action: OneOrMore,
    resource: OneOrMore,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Checks the caller if the API has an authorizer. Returns the `authorizer` of the request context.
pub(super) async fn authorize(
    api: &Api,
    route: &Route,
    call: &Call,
    functions: &Functions,
) -> Result<Map<String, Value>, Fault> {
    let Some(authorizer) = &api.authorizer else { return Ok(Map::new()) };
    let header = call.headers.get(&authorizer.header).ok_or(Fault::Unauthorized)?;
    let header = header.to_str().map_err(|_| Fault::Unauthorized)?;
    if !authorizer.validation.is_match(header) {
        return Err(Fault::Unauthorized);
    }
    let method_arn = format!(
        "arn:aws:execute-api:{REGION}:{ACCOUNT}:{}/{}/{}{}",
        api.id, api.stage, route.method, route.path
    );
    let event = json!({"type": "TOKEN", "methodArn": method_arn, "authorizationToken": header});
    let answer =
        functions.invoke(&authorizer.function, event.to_string()).await.map_err(|error| match error {
            FunctionError::Returned(error) if error.error_message == "Unauthorized" => Fault::Unauthorized,
            _ => Fault::AuthorizerFailure,
        })?;
    let authorization: Authorization =
        serde_json::from_str(&answer).map_err(|_| Fault::AuthorizerConfigurationError)?;
    if !authorization.policy_document.allows(&method_arn) {
        return Err(Fault::AccessDenied);
    }
    authorization.into_context()
}

impl Authorization {
    fn into_context(self) -> Result<Map<String, Value>, Fault> {
        let mut context = self.context.unwrap_or_default();
        if context.values().any(|value| value.is_array() || value.is_object()) {
            return Err(Fault::AuthorizerConfigurationError);
        }
        // API Gateway passes every value as a string.
        context
            .values_mut()
            .filter(|value| !value.is_string())
            .for_each(|value| *value = value.to_string().into());
        context.insert("principalId".to_owned(), self.principal_id.into());
        Ok(context)
    }
}

impl Policy {
    /// Whether the policy allows a method: one statement allows it, and none denies it.
    fn allows(&self, method_arn: &str) -> bool {
        let applies = |effect| {
            self.statement
                .iter()
                .filter(|statement| statement.effect == effect)
                .any(|statement| statement.action.matches(ACTION) && statement.resource.matches(method_arn))
        };
        applies(Effect::Allow) && !applies(Effect::Deny)
    }
}

impl OneOrMore {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::One(pattern) => matches(pattern.as_bytes(), text.as_bytes()),
            Self::More(patterns) => {
                patterns.iter().any(|pattern| matches(pattern.as_bytes(), text.as_bytes()))
            }
        }
    }
}

/// Matches like IAM: `*` is any number of characters, `?` is one.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => matches(rest, text),
        (Some((b'*', rest)), Some((_, tail))) => matches(rest, text) || matches(pattern, tail),
        (Some((b'?', rest)), Some((_, tail))) => matches(rest, tail),
        (Some((expected, rest)), Some((found, tail))) => expected == found && matches(rest, tail),
        (_, None) | (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/a/b";

    fn allows(statements: &Value) -> bool {
        serde_json::from_value::<Policy>(json!({"Version": "2012-10-17", "Statement": statements}))
            .unwrap()
            .allows(ARN)
    }

    #[test]
    fn a_policy_allows_what_it_allows_and_does_not_deny() {
        let allow = |resource: &str| json!({"Effect": "Allow", "Action": ["execute-api:Invoke"], "Resource": [resource]});
        let deny =
            |resource: &str| json!({"Effect": "Deny", "Action": "execute-api:*", "Resource": resource});
        assert!(allows(&json!([allow("arn:aws:execute-api:us-east-1:123456789012:api/prod/*/*")])));
        assert!(allows(&json!([allow(ARN)])));
        assert!(allows(&json!([allow("arn:aws:execute-api:us-east-1:123456789012:api/prod/G?T/*")])));
        assert!(!allows(&json!([])));
        assert!(!allows(&json!([allow("arn:aws:execute-api:us-east-1:123456789012:other/prod/*/*")])));
        assert!(!allows(&json!([allow("arn:aws:execute-api:us-east-1:123456789012:api/prod/POST/*")])));
        assert!(!allows(&json!([allow("*"), deny("*")])));
        assert!(allows(&json!([allow("*"), deny("arn:aws:execute-api:*:api/test/*")])));
    }
}
