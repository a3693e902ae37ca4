//! The parameters of a request to the token API: RFC 6749 §3.2 and appendix B.

use url::form_urlencoded;

use super::OAuthError;
use crate::BODY_LIMIT;

/// The decoded parameters of a request's body and URL.
pub struct Form {
    body: Vec<(String, String)>,
    query: Vec<(String, String)>,
}

impl Form {
    /// Parses a body. The parameters of the URL are decoded already. The content type is ignored: a body that is not a form
    /// has none of the parameters.
    ///
    /// # Errors
    /// [`OAuthError::BodyTooLarge`], [`OAuthError::NotAForm`] if it is not UTF-8.
    pub fn parse(body: &[u8], query: Vec<(String, String)>) -> Result<Self, OAuthError> {
        if body.len() > BODY_LIMIT {
            return Err(OAuthError::BodyTooLarge);
        }
        let body = str::from_utf8(body).map_err(|_| OAuthError::NotAForm)?;
        Ok(Self { body: form_urlencoded::parse(body.as_bytes()).into_owned().collect(), query })
    }

    /// A parameter of the body; `None` if it is missing or empty.
    ///
    /// # Errors
    /// [`OAuthError::Repeated`] if it is given twice.
    pub fn value(&self, name: &'static str) -> Result<Option<&str>, OAuthError> {
        single(name, self.body.iter())
    }

    /// A parameter of the body or of the URL, where partners of this platform send it.
    ///
    /// # Errors
    /// [`OAuthError::Repeated`] if it is in both.
    pub fn value_anywhere(&self, name: &'static str) -> Result<Option<&str>, OAuthError> {
        single(name, self.body.iter().chain(&self.query))
    }

    /// Whether the URL has this parameter.
    #[must_use]
    pub fn has_in_url(&self, name: &str) -> bool {
        self.query.iter().any(|(other, _)| other == name)
    }
}

fn single<'a>(
    name: &'static str,
    parameters: impl Iterator<Item = &'a (String, String)>,
) -> Result<Option<&'a str>, OAuthError> {
    let mut values = parameters.filter(|(other, value)| other == name && !value.is_empty());
    let value = values.next().map(|(_, value)| value.as_str());
    if values.next().is_some() { Err(OAuthError::Repeated(name)) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str, query: &[(&str, &str)]) -> Form {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Form::parse(body.as_bytes(), query).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_form_is_decoded() {
        let form = form("a=%E4%BD%B3+%E4%BF%A1&b=x%26y%3Dz", &[]);
        assert_eq!((form.value("a"), form.value("b")), (Ok(Some("佳 信")), Ok(Some("x&y=z"))));
    }

    #[test]
    fn a_parameter_without_a_value_is_not_there() {
        for body in ["", "a", "a=", "a=&a", "b=1", "{\"a\":1}"] {
            assert_eq!(form(body, &[]).value("a"), Ok(None), "{body}");
        }
        assert_eq!(form("a=&a=1", &[]).value("a"), Ok(Some("1")));
    }

    #[test]
    fn a_parameter_is_there_once_at_most() {
        let repeated = Err(OAuthError::Repeated("a"));
        assert_eq!(form("a=1&a=1", &[]).value("a"), repeated);
        assert_eq!(form("a=1", &[("a", "1")]).value_anywhere("a"), repeated);
        assert_eq!(form("", &[("a", "1"), ("a", "2")]).value_anywhere("a"), repeated);
        assert_eq!(form("b=1&b=2&a=1", &[]).value("a"), Ok(Some("1")), "others are nobody's business");
    }

    #[test]
    fn what_belongs_in_the_body_is_not_taken_from_the_url() {
        let form = form("", &[("a", "1")]);
        assert_eq!((form.value("a"), form.value_anywhere("a")), (Ok(None), Ok(Some("1"))));
        assert!(form.has_in_url("a") && !form.has_in_url("b"));
    }

    #[test]
    fn the_size_limit_itself_is_valid_and_what_is_not_utf_8_is_no_form() {
        assert!(Form::parse(&vec![b'x'; BODY_LIMIT], Vec::new()).is_ok());
        let refused = |body: &[u8]| Form::parse(body, Vec::new()).err();
        assert_eq!(refused(&vec![b'x'; BODY_LIMIT + 1]), Some(OAuthError::BodyTooLarge));
        assert_eq!(refused(b"a=\xff"), Some(OAuthError::NotAForm));
    }
}
