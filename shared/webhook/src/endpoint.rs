//! The URLs that an operator may set for an endpoint.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

/// The longest URL of an endpoint, in characters: as long as the contract's other URLs.
pub const MAX_URL_LENGTH: usize = 2048;

/// The URL of a webhook endpoint, as a [`UrlPolicy`] permits it. It has neither credentials nor a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointUrl(Url);

/// The reason why a text is no URL of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointUrlError {
    /// The text is longer than [`MAX_URL_LENGTH`].
    #[error("the URL has more than {MAX_URL_LENGTH} characters")]
    TooLong,
    /// The text is no absolute URL.
    #[error("this is not a URL")]
    NotAUrl,
    /// The scheme is another one than `https`.
    #[error("the URL must begin with https://")]
    NotHttps,
    /// The scheme is neither `http` nor `https`. Only [`UrlPolicy::Development`] gives this error.
    #[error("the URL must begin with http:// or https://")]
    NotHttp,
    /// The host is an IP address, in whatever form a browser would take it.
    #[error("the URL must have a host name, not an IP address")]
    IpAddress,
    /// The port is not 443.
    #[error("the port must be 443, unless another one is permitted")]
    Port,
    /// There is a user name or a password. They would be sent to whomever the name resolves to, and shown to operators.
    #[error("the URL must not have credentials")]
    Credentials,
    /// There is a fragment, which is never sent.
    #[error("the URL must not have a fragment")]
    Fragment,
}

/// The schemes, hosts and ports that are permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlPolicy {
    /// `https`, a host name, port 443.
    Https443,
    /// `https`, a host name, and every port, by an operator's decision.
    AnyPort,
    /// `http` or `https`, every host and every port: for receivers on a developer's machine.
    Development,
}

impl EndpointUrl {
    /// Reads the URL of an endpoint, as the WHATWG URL standard defines URLs: a host such as `0x7f.1` is an IP address.
    ///
    /// # Errors
    /// The first rule that the text breaks, in the order of [`EndpointUrlError`].
    pub fn parse(text: &str, policy: UrlPolicy) -> Result<Self, EndpointUrlError> {
        if text.chars().count() > MAX_URL_LENGTH {
            return Err(EndpointUrlError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| EndpointUrlError::NotAUrl)?;
        if policy == UrlPolicy::Development {
            if !matches!(url.scheme(), "http" | "https") {
                return Err(EndpointUrlError::NotHttp);
            }
        } else if url.scheme() != "https" {
            return Err(EndpointUrlError::NotHttps);
        } else if !matches!(url.host(), Some(Host::Domain(_))) {
            return Err(EndpointUrlError::IpAddress);
        }
        // The port of the scheme is not kept in a URL.
        if policy == UrlPolicy::Https443 && url.port().is_some() {
            return Err(EndpointUrlError::Port);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointUrlError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(EndpointUrlError::Fragment);
        }
        Ok(Self(url))
    }

    /// The host's IP address, if it is written as one: it is dialled without a look-up.
    pub(crate) fn ip_address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }

    /// The URL in its normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> EndpointUrlError {
        EndpointUrl::parse(text, UrlPolicy::Https443).expect_err(text)
    }

    #[test]
    fn an_https_url_with_a_host_name_is_an_endpoint() {
        for (text, normal) in [
            ("https://partner.example/hooks", "https://partner.example/hooks"),
            ("HTTPS://Partner.Example:443", "https://partner.example/"),
            ("https://partner.example/a?b=c", "https://partner.example/a?b=c"),
            ("https://客服.example/回调", "https://xn--ubtq9x.example/%E5%9B%9E%E8%B0%83"),
            // A name that resolves to loopback is refused by its address, when it is dialled.
            ("https://localhost/", "https://localhost/"),
        ] {
            assert_eq!(EndpointUrl::parse(text, UrlPolicy::Https443).expect(text).as_str(), normal);
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        assert_eq!(error("partner.example"), EndpointUrlError::NotAUrl);
        assert_eq!(error(""), EndpointUrlError::NotAUrl);
        assert_eq!(error("https://"), EndpointUrlError::NotAUrl);
        for text in ["http://partner.example", "ftp://partner.example", "file:///etc/passwd", "data:,x"] {
            assert_eq!(error(text), EndpointUrlError::NotHttps, "{text}");
        }
        for text in [
            "https://user@partner.example",
            "https://user:secret@partner.example",
            "https://:s@partner.example",
        ] {
            assert_eq!(error(text), EndpointUrlError::Credentials, "{text}");
        }
        assert_eq!(error("https://partner.example/#part"), EndpointUrlError::Fragment);
        assert_eq!(error("https://partner.example:8443/"), EndpointUrlError::Port);
        assert!(EndpointUrl::parse("https://partner.example:8443/", UrlPolicy::AnyPort).is_ok());
    }

    #[test]
    fn development_permits_http_every_host_and_every_port() {
        for (text, normal) in [
            ("http://127.0.0.1:8080/hooks", "http://127.0.0.1:8080/hooks"),
            ("http://localhost", "http://localhost/"),
            ("http://[::1]:65535/", "http://[::1]:65535/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("https://127.0.0.1/", "https://127.0.0.1/"),
            ("https://partner.example:8443/", "https://partner.example:8443/"),
        ] {
            assert_eq!(EndpointUrl::parse(text, UrlPolicy::Development).expect(text).as_str(), normal);
            for policy in [UrlPolicy::Https443, UrlPolicy::AnyPort] {
                let is_permitted = policy == UrlPolicy::AnyPort && text.ends_with(":8443/");
                assert_eq!(EndpointUrl::parse(text, policy).is_ok(), is_permitted, "{text} {policy:?}");
            }
        }
    }

    #[test]
    fn development_refuses_other_schemes_credentials_and_fragments() {
        let longest = format!("http://localhost/{}", "a".repeat(MAX_URL_LENGTH - 17));
        assert!(EndpointUrl::parse(&longest, UrlPolicy::Development).is_ok());
        for (text, expected) in [
            (format!("{longest}a").as_str(), EndpointUrlError::TooLong),
            ("localhost", EndpointUrlError::NotAUrl),
            ("http://", EndpointUrlError::NotAUrl),
            ("localhost:8080", EndpointUrlError::NotHttp),
            ("ftp://localhost", EndpointUrlError::NotHttp),
            ("file:///etc/passwd", EndpointUrlError::NotHttp),
            ("http://user@localhost", EndpointUrlError::Credentials),
            ("http://localhost/#part", EndpointUrlError::Fragment),
        ] {
            assert_eq!(EndpointUrl::parse(text, UrlPolicy::Development), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_url_of_2048_characters_is_the_longest() {
        let longest = format!("https://partner.example/{}", "客".repeat(MAX_URL_LENGTH - 24));
        assert!(EndpointUrl::parse(&longest, UrlPolicy::Https443).is_ok());
        assert_eq!(error(&format!("{longest}a")), EndpointUrlError::TooLong);
    }

    #[test]
    fn an_ip_address_in_whatever_form_is_no_host_name() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "017700000001",
            "0x7f000001",
            "0x7f.0.0.1",
            "0x7f.1",
            "0177.0.0.1",
            "0177.1",
            "127.0.0.1.",
            "0",
            "0.0.0.0",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "127。0。0。1",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "8.8.8.8",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[2001:4860:4860::8888]",
        ] {
            assert_eq!(error(&format!("https://{host}/")), EndpointUrlError::IpAddress, "{host}");
        }
        for host in ["256.0.0.1", "1.2.3.4.5", "0x100000000", "[::1", "a b", "[fe80::1%25eth0]"] {
            assert_eq!(error(&format!("https://{host}/")), EndpointUrlError::NotAUrl, "{host}");
        }
    }
}
