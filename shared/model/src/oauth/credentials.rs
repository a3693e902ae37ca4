//! Client authentication: RFC 6749 §2.3.1.

use base64::{Engine, prelude::BASE64_STANDARD};
use url::form_urlencoded;

use super::{ClientSecret, Form, OAuthError};
use crate::{AppId, BoundedText};

/// The names of the parameters in the body.
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

/// A client's id and secret, not checked yet.
pub struct ClientCredentials {
    /// The application.
    pub app: AppId,
    /// Its secret.
    pub secret: ClientSecret,
}

impl ClientCredentials {
    /// Parses them from the `Authorization` header (`Basic`), or from the body.
    ///
    /// # Errors
    /// [`OAuthError::CredentialsInUrl`], [`OAuthError::Repeated`], [`OAuthError::TwoAuthentications`], or
    /// [`OAuthError::InvalidClient`] if they are missing or malformed.
    pub fn read(authorization: Option<&str>, form: &Form) -> Result<Self, OAuthError> {
        if form.has_in_url(CLIENT_ID) || form.has_in_url(CLIENT_SECRET) {
            return Err(OAuthError::CredentialsInUrl);
        }
        let id = form.value(CLIENT_ID)?;
        let secret = form.value(CLIENT_SECRET)?;
        let Some(header) = authorization else {
            return Self::new(id.ok_or(OAuthError::InvalidClient)?, secret.ok_or(OAuthError::InvalidClient)?);
        };
        if secret.is_some() {
            return Err(OAuthError::TwoAuthentications);
        }
        let credentials = Self::from_basic(header).ok_or(OAuthError::InvalidClient)?;
        // The body may repeat the client id of the header.
        if id.is_some_and(|id| id != credentials.app.as_str()) {
            return Err(OAuthError::TwoAuthentications);
        }
        Ok(credentials)
    }

    fn new(id: &str, secret: &str) -> Result<Self, OAuthError> {
        // No application has such an id.
        let app = AppId::parse(id).map_err(|_| OAuthError::InvalidClient)?;
        Ok(Self { app, secret: ClientSecret::shown(secret) })
    }

    fn from_basic(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let pair = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = pair.split_once(':')?;
        Self::new(&decoded(id), &decoded(secret)).ok()
    }
}

/// Decodes a user name or password, which RFC 6749 encodes like form values.
fn decoded(text: &str) -> String {
    // Decoded as the value of a parameter, in which `&` must not end it.
    let parameter = format!("_={}", text.replace('&', "%26"));
    form_urlencoded::parse(parameter.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: Option<&str>, body: &str) -> Result<(String, String), OAuthError> {
        let form = Form::parse(body.as_bytes(), Vec::new())?;
        ClientCredentials::read(authorization, &form)
            .map(|credentials| (credentials.app.to_string(), credentials.secret.reveal().to_owned()))
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    #[test]
    fn a_client_shows_itself_in_the_header_or_in_the_body() {
        let shown = Ok(("app".to_owned(), "cs-1".to_owned()));
        assert_eq!(read(Some(&basic("app:cs-1")), ""), shown);
        assert_eq!(read(Some(&basic("app:cs-1").replace("Basic", "bAsIc")), ""), shown);
        assert_eq!(read(None, "client_id=app&client_secret=cs-1"), shown);
        assert_eq!(read(Some(&basic("app:cs-1")), "client_id=app"), shown, "the same, said twice");
    }

    #[test]
    fn the_parts_of_the_header_are_form_encoded() {
        for (pair, id, secret) in [
            ("a%3Ab:c%3Ad", "a:b", "c:d"),
            ("a+b:c%20d", "a b", "c d"),
            ("a:b:c", "a", "b:c"),
            ("%E4%BD%B3:%25%2B%26", "佳", "%+&"),
            ("a:x&y=z", "a", "x&y=z"),
            ("a:", "a", ""),
        ] {
            assert_eq!(read(Some(&basic(pair)), ""), Ok((id.to_owned(), secret.to_owned())), "{pair}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_read_or_none_is_no_authentication() {
        let long = basic(&format!("{}:s", "a".repeat(65)));
        for header in ["", "Basic", "Basic ", "Basic !", "Bearer abc", "Basic YXBw", "Basic /w==", &long] {
            assert_eq!(read(Some(header), ""), Err(OAuthError::InvalidClient), "{header}");
        }
        for body in ["", "client_id=app", "client_secret=cs-1", "client_id=&client_secret=cs-1"] {
            assert_eq!(read(None, body), Err(OAuthError::InvalidClient), "{body}");
        }
    }

    #[test]
    fn a_client_shows_itself_in_one_way() {
        for body in ["client_secret=cs-1", "client_id=app&client_secret=cs-1", "client_id=other"] {
            assert_eq!(read(Some(&basic("app:cs-1")), body), Err(OAuthError::TwoAuthentications), "{body}");
        }
    }

    #[test]
    fn credentials_in_the_url_are_refused_whatever_else_there_is() {
        for name in [CLIENT_ID, CLIENT_SECRET] {
            let form = Form::parse(b"", vec![(name.to_owned(), "x".to_owned())]).unwrap_or_else(|_| panic!());
            let outcome = ClientCredentials::read(Some(&basic("app:cs-1")), &form).err();
            assert_eq!(outcome, Some(OAuthError::CredentialsInUrl), "{name}");
        }
    }
}
