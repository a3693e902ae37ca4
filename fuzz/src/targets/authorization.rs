//! The header `Authorization`, with a bearer token or with a client's credentials. Oracle: the grammar of RFC 6750, and
//! credentials that are read back from a header that is written with them.

use base64::{Engine, prelude::BASE64_STANDARD};
use model::oauth::{BearerToken, ClientCredentials, Form};
use url::form_urlencoded::byte_serialize;

use crate::limits::units;

pub fn run(bytes: &[u8]) {
    let Ok(header) = str::from_utf8(bytes) else { return };
    let bearer = BearerToken::from_header(header).ok();
    assert_eq!(bearer.as_ref().map(BearerToken::reveal), expected_token(header));
    if let Some(token) = &bearer {
        let hash = token.hash().to_string();
        assert!(hash.len() == 64 && hash.chars().all(|digit| "0123456789abcdef".contains(digit)), "{hash}");
    }
    let basic = credentials(header);
    assert!(bearer.is_none() || basic.is_none(), "one scheme");
    if let Some((id, secret)) = basic {
        assert!(id.trim() == id && units(&id) <= 64, "{id:?}");
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = BASE64_STANDARD.encode(format!("{}:{}", encoded(&id), encoded(&secret)));
        assert_eq!(credentials(&format!("Basic {pair}")), Some((id, secret)));
    }
}

fn credentials(header: &str) -> Option<(String, String)> {
    let form = Form::parse(b"", Vec::new()).ok()?;
    let credentials = ClientCredentials::read(Some(header), &form).ok()?;
    Some((credentials.app.to_string(), credentials.secret.reveal().to_owned()))
}

/// The token after `Bearer` and spaces, if it has characters of b64token only.
fn expected_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_at_checked(6)?;
    let token = token.strip_prefix(' ')?.trim_start_matches(' ');
    let is_token = token.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/=".contains(c));
    (scheme.eq_ignore_ascii_case("bearer") && is_token && !token.is_empty()).then_some(token)
}
