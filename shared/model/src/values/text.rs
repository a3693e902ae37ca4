//! Strings with a maximum length: ids, names, URLs and content.
//!
//! Lengths are UTF-16 code units, as `length` counts them in the Java and JavaScript that partners write. Everything
//! but content is trimmed of surrounding Unicode white space before it is measured.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

/// Why a string is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// Longer than its type allows.
    #[error("length exceeds the max value [{max}]")]
    TooLong {
        /// The maximum length, in UTF-16 code units.
        max: usize,
    },
    /// Not an absolute `http` or `https` URL with a host.
    #[error("must be an http or https URL")]
    NotAnHttpUrl,
}

/// A string with a maximum length.
pub trait BoundedText: Sized {
    /// The largest valid length, in UTF-16 code units.
    const MAX_LENGTH: usize;

    /// Parses `text`.
    ///
    /// # Errors
    /// The first rule that `text` breaks: its length, then its form.
    fn parse(text: &str) -> Result<Self, TextError>;
}

/// The number of UTF-16 code units of `text`.
fn utf16_length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn within<T: BoundedText>(text: &str) -> Result<&str, TextError> {
    if utf16_length(text) > T::MAX_LENGTH {
        return Err(TextError::TooLong { max: T::MAX_LENGTH });
    }
    Ok(text)
}

/// Declares a string type with its maximum length and its parser.
macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl BoundedText for $name {
            const MAX_LENGTH: usize = $max;

            fn parse(text: &str) -> Result<Self, TextError> {
                let parse: fn(&str) -> Result<&str, TextError> = $parse;
                parse(text).map(|text| Self(text.to_owned()))
            }
        }

        impl $name {
            /// The validated text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

bounded_text!(
    /// A conversation: `touser` of a received message, `openId` of a chat log. At most 64 long.
    ChatId, 64, |text| within::<ChatId>(text.trim())
);
bounded_text!(
    /// The sender of a received message, `fromuser`: `系统消息` or the agent's name. At most 64 long.
    AgentName, 64, |text| within::<AgentName>(text.trim())
);
impl AgentName {
    /// The sender before an agent takes over.
    pub const SYSTEM: &str = "系统消息";
}

bounded_text!(
    /// A user of the robot, `clientId`. At most 64 long.
    ClientId, 64, |text| within::<ClientId>(text.trim())
);
bounded_text!(
    /// A user a message is pushed to: an element of `userIds`. At most 60 long.
    UserId, 60, |text| within::<UserId>(text.trim())
);
bounded_text!(
    /// The id of the content of a push, `messageId`. At most 64 long.
    MessageId, 64, |text| within::<MessageId>(text.trim())
);
bounded_text!(
    /// The id that makes a retry of a received message safe, `msgId`. At most 64 long.
    MsgId, 64, |text| within::<MsgId>(text.trim())
);
bounded_text!(
    /// The id of a user's message in its chat, `messageId`. At most 64 long.
    UserMessageId, 64, |text| within::<UserMessageId>(text.trim())
);
bounded_text!(
    /// The id of an application, its `client_id`. At most 64 long, so that keys stay within DynamoDB's limits.
    AppId, 64, |text| within::<AppId>(text.trim())
);
bounded_text!(
    /// The id of a connection of the socket API, which API Gateway chooses. At most 128 long; ids have 15 or 16 characters.
    ConnectionId, 128, |text| within::<ConnectionId>(text)
);
bounded_text!(
    /// The IP address of a user, `hostIp`. At most 64 long; the longest IPv6 address has 45 characters.
    HostIp, 64, |text| within::<HostIp>(text.trim())
);
bounded_text!(
    /// The `User-Agent` of a user's browser, `userAgent`. At most 2048 long, as URLs are.
    UserAgent, 2048, |text| within::<UserAgent>(text.trim())
);
bounded_text!(
    /// A detail of a user, such as the city. At most 255 long.
    UserDetail, 255, |text| within::<UserDetail>(text.trim())
);
bounded_text!(
    /// The origin of the robot's reply, `replyMode`. At most 64 long.
    ReplyMode, 64, |text| within::<ReplyMode>(text.trim())
);
bounded_text!(
    /// The id of a turn of a conversation, `entryId`. At most 64 long.
    EntryId, 64, |text| within::<EntryId>(text.trim())
);
bounded_text!(
    /// The display name of an application. At most 64 long, as ids are.
    AppName, 64, |text| within::<AppName>(text.trim())
);
bounded_text!(
    /// `file.file_name`. At most 255 long.
    FileName, 255, |text| within::<FileName>(text.trim())
);
bounded_text!(
    /// An absolute `http` or `https` URL, kept as it was written. At most 2048 long. It is never fetched.
    HttpUrl, 2048, |text| within::<HttpUrl>(text.trim()).and_then(http_url)
);
bounded_text!(
    /// The content of a message, kept to the byte. At most 32,768 long.
    Content, 32_768, |text| within::<Content>(text)
);

/// Accepts a URL that a browser opens as `http` or `https`: scheme, two slashes and a host. Control characters are refused: a
/// URL parser drops them silently, and a display may not.
fn http_url(text: &str) -> Result<&str, TextError> {
    // The parser repairs `http:host` and `http:///host`, and other clients do not.
    let is_written_out = text.split_once("://").is_some_and(|(scheme, rest)| {
        ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http))
            && !rest.starts_with(['/', '\\', '?', '#'])
    });
    if is_written_out && Url::parse(text).is_ok() && !text.contains(char::is_control) {
        Ok(text)
    } else {
        Err(TextError::NotAnHttpUrl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_itself_is_valid_and_one_more_is_not() {
        assert!(UserId::parse(&"x".repeat(60)).is_ok());
        assert_eq!(UserId::parse(&"x".repeat(61)), Err(TextError::TooLong { max: 60 }));
        assert!(Content::parse(&"好".repeat(32_768)).is_ok());
        assert_eq!(Content::parse(&"好".repeat(32_769)), Err(TextError::TooLong { max: 32_768 }));
    }

    #[test]
    fn an_emoji_outside_the_basic_plane_counts_two() {
        assert!(ChatId::parse(&"😀".repeat(32)).is_ok());
        assert_eq!(ChatId::parse(&"😀".repeat(33)), Err(TextError::TooLong { max: 64 }));
    }

    #[test]
    fn ids_are_trimmed_of_unicode_white_space_before_they_are_measured() {
        let padded = format!("\u{3000}\u{a0}\t{}\n\u{2003}", "x".repeat(64));
        assert_eq!(MessageId::parse(&padded).unwrap().as_str(), "x".repeat(64));
    }

    #[test]
    fn content_is_kept_to_the_byte() {
        assert_eq!(Content::parse(" 好的 \n").unwrap().as_str(), " 好的 \n");
    }

    #[test]
    fn http_and_https_urls_are_taken_as_written() {
        for url in [
            "http://gkf-test.glodon.com:22601/prod/satisfysPage.html?orgName=czc0&env=prod",
            "https://例子.测试/路径?名=值#片段",
            "HTTPS://EXAMPLE.COM",
            "http://[::1]:8080/",
            "http://user@example.com/a b",
        ] {
            assert_eq!(HttpUrl::parse(&format!(" {url} ")).unwrap().as_str(), url);
        }
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        for url in [
            "example.com",
            "//example.com",
            "/path",
            "http:example.com",
            "http:/example.com",
            "http://",
            "http:///path",
            "http://?q",
            "https://#f",
            "ftp://example.com",
            "javascript:alert(1)//://x",
            "data:text/html,x",
            "http://exa mple.com",
            "http://example.com:99999",
            "http://a/\u{0}b",
            "http://a/\nb",
            "httpx://a",
            "http//a",
            "http:x://y",
            "http:javascript://y",
            "http:/a.com/?u=http://b",
            "https:\\a://b",
        ] {
            assert_eq!(HttpUrl::parse(url), Err(TextError::NotAnHttpUrl), "{url}");
        }
    }

    #[test]
    fn a_url_is_measured_before_it_is_read() {
        let long = format!("http://a/{}", "x".repeat(2048 - 9));
        assert!(HttpUrl::parse(&long).is_ok());
        assert_eq!(HttpUrl::parse(&format!("{long}x")), Err(TextError::TooLong { max: 2048 }));
        assert_eq!(HttpUrl::parse(&"x".repeat(2049)), Err(TextError::TooLong { max: 2048 }));
    }
}
