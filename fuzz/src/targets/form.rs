//! The parameters of a request to the token API: a line with the query of the URL, then the body. Oracle: a second decoder of
//! forms.

use model::oauth::{ClientCredentials, Form, OAuthError, ScopeList, TokenParameter, TokenRequest};

use crate::limits::assert_identifier;

/// The parameters that the API reads.
const NAMES: [&str; 5] = ["client_id", "client_secret", "grant_type", "scope", "token"];

pub fn run(bytes: &[u8]) {
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (query, body) = bytes.split_at_checked(line).unwrap_or((b"", bytes));
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let in_url = decoded(query);
    let Ok(form) = Form::parse(body, in_url.clone()) else {
        assert!(str::from_utf8(body).is_err() || body.len() > 262_144);
        return;
    };
    let in_body = decoded(body);
    for name in NAMES {
        assert_eq!(form.value(name), single(name, in_body.iter()));
        assert_eq!(form.value_anywhere(name), single(name, in_body.iter().chain(&in_url)));
        assert_eq!(form.has_in_url(name), in_url.iter().any(|(other, _)| other == name));
    }
    if let Ok(request) = TokenRequest::parse(&form) {
        assert_eq!(form.value_anywhere("grant_type"), Ok(Some("client_credentials")));
        assert_eq!(request.scopes.is_some(), form.value_anywhere("scope") != Ok(None));
        if let Some(scopes) = request.scopes {
            assert_eq!(ScopeList::parse(&scopes.to_string()), Ok(scopes.clone()));
            assert!(
                scopes.iter().all(|scope| !scope.is_empty() && scope.chars().all(|c| c.is_ascii_graphic()))
            );
        }
    }
    if let Ok(parameter) = TokenParameter::parse(&form) {
        let token = form.value("token").ok().flatten();
        assert!(token.is_some());
        assert!(parameter.token.is_none_or(|read| Some(read.reveal()) == token));
    }
    if let Ok(credentials) = ClientCredentials::read(None, &form) {
        assert!(!form.has_in_url("client_id") && !form.has_in_url("client_secret"));
        let id = form.value("client_id").ok().flatten().unwrap_or_default();
        assert_eq!(credentials.app.as_str(), id.trim());
        assert_identifier_or_blank(credentials.app.as_str());
        assert_eq!(form.value("client_secret"), Ok(Some(credentials.secret.reveal())));
    }
}

/// A blank id is the id of no application.
fn assert_identifier_or_blank(id: &str) {
    if !id.is_empty() {
        assert_identifier(id, 64);
    }
}

fn single<'a>(
    name: &'static str,
    parameters: impl Iterator<Item = &'a (String, String)>,
) -> Result<Option<&'a str>, OAuthError> {
    let values: Vec<_> = parameters.filter(|(other, value)| other == name && !value.is_empty()).collect();
    match values.as_slice() {
        [] => Ok(None),
        [(_, value)] => Ok(Some(value)),
        _ => Err(OAuthError::Repeated(name)),
    }
}

/// The pairs of `application/x-www-form-urlencoded`, as the WHATWG URL standard reads them.
fn decoded(form: &[u8]) -> Vec<(String, String)> {
    let pairs = form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let mut part = || unescaped(parts.next().unwrap_or_default());
        (part(), part())
    });
    decoded.collect()
}

fn unescaped(mut text: &[u8]) -> String {
    let mut bytes = Vec::new();
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some((first, rest)) = text.split_first() {
        text = rest;
        bytes.push(match (first, rest) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) if digit(high).is_some() && digit(low).is_some() => {
                text = after;
                digit(high).unwrap_or_default() << 4 | digit(low).unwrap_or_default()
            }
            (byte, _) => *byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
