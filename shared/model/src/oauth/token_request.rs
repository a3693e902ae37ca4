//! The parameters of the three endpoints, without the client's credentials.

use super::{Form, OAuthError, ScopeList};
use crate::oauth::BearerToken;

/// The only grant: RFC 6749 §4.4.2.
const CLIENT_CREDENTIALS: &str = "client_credentials";

/// A request for a token.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The requested scopes; `None` requests all approved scopes.
    pub scopes: Option<ScopeList>,
}

impl TokenRequest {
    /// Parses `grant_type` and `scope`, from the body or the URL.
    ///
    /// # Errors
    /// [`OAuthError::Repeated`], [`OAuthError::Missing`], [`OAuthError::UnsupportedGrantType`], then
    /// [`OAuthError::InvalidScope`].
    pub fn parse(form: &Form) -> Result<Self, OAuthError> {
        let grant_type = form.value_anywhere("grant_type")?.ok_or(OAuthError::Missing("grant_type"))?;
        if grant_type != CLIENT_CREDENTIALS {
            return Err(OAuthError::UnsupportedGrantType);
        }
        let scopes = form.value_anywhere("scope")?.map(ScopeList::parse).transpose()?;
        Ok(Self { scopes })
    }
}

/// A request for introspection or revocation. `token_type_hint` is ignored: there is one type of token.
pub struct TokenParameter {
    /// The token; `None` if this service never issues such a text.
    pub token: Option<BearerToken>,
}

impl TokenParameter {
    /// Parses `token` from the body.
    ///
    /// # Errors
    /// [`OAuthError::Repeated`], [`OAuthError::Missing`].
    pub fn parse(form: &Form) -> Result<Self, OAuthError> {
        let token = form.value("token")?.ok_or(OAuthError::Missing("token"))?;
        Ok(Self { token: BearerToken::parse(token).ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> Form {
        Form::parse(body.as_bytes(), Vec::new()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_token_is_asked_for_with_a_grant_and_perhaps_scopes() {
        let ask = |body: &str| TokenRequest::parse(&form(body)).map(|request| request.scopes);
        assert_eq!(ask("grant_type=client_credentials"), Ok(None));
        assert_eq!(ask("grant_type=client_credentials&scope="), Ok(None));
        assert_eq!(ask("scope=b+a&grant_type=client_credentials"), Ok(ScopeList::of(["a", "b"])));
        assert_eq!(ask(""), Err(OAuthError::Missing("grant_type")));
        for grant in ["password", "authorization_code", "refresh_token", "Client_Credentials", "x"] {
            assert_eq!(ask(&format!("grant_type={grant}")), Err(OAuthError::UnsupportedGrantType), "{grant}");
        }
        assert_eq!(ask("grant_type=client_credentials&scope=a++b"), Err(OAuthError::InvalidScope));
    }

    #[test]
    fn a_token_that_cannot_be_ours_is_none() {
        let parse =
            |body: &str| TokenParameter::parse(&form(body)).map(|parameter| parameter.token.is_some());
        assert_eq!(parse("token=cn-1&token_type_hint=access_token"), Ok(true));
        assert_eq!(parse("token=%E4%BB%A4"), Ok(false));
        assert_eq!(parse("token="), Err(OAuthError::Missing("token")));
    }
}
