//! The arguments of `chatbotctl webhook`.

use std::str::FromStr;

use clap::{Args, Subcommand};
use model::{AppId, Source, Timestamp};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use webhook::{
    endpoint::{EndpointUrl, EndpointUrlError, UrlPolicy},
    secret::Secret,
};

use super::{App, app_id, grace_hours, source};

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Set the URL to which the messages of an application's sources are posted
    ///
    /// The first time, generates the signing secret and prints it, only once; delivery starts with the messages from now on.
    /// Later, keeps the secret and goes on where delivery was. Enables the webhook.
    Set(Set),
    /// Show the URL of an application's webhook, and the state of each source
    Show(App),
    /// Replace the signing secret and print the new one, which is shown only once
    RotateSecret {
        #[command(flatten)]
        app: App,
        /// Hours for which requests are signed with the old secret too, while the receiver switches to the new one; 0 ends it
        /// at once
        #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = grace_hours())]
        grace_hours: u64,
    },
    /// Post a signed `endpoint.test` from this machine and print the receiver's answer; fails unless it is 2xx
    Test(App),
    /// Move the place from which messages are delivered: back to deliver them again, or forward to skip them
    Seek {
        #[command(flatten)]
        app: App,
        /// `now`, `oldest`, or a time: `yyyy-MM-dd HH:mm:ss` in UTC+8, or RFC 3339 as in the tables
        #[arg(long, value_name = "TIME")]
        to: SeekTo,
        /// One source of the application; all of them without the option
        #[arg(long, value_name = "NUMBER", value_parser = source)]
        source: Option<Source>,
    },
    /// Deliver messages again, from where delivery stopped; the next attempt is due at once
    Enable(App),
    /// Deliver no messages until `enable`
    Disable(App),
    /// Show the last attempts to deliver messages, oldest first
    Log {
        #[command(flatten)]
        app: App,
        /// One source of the application; all of them without the option
        #[arg(long, value_name = "NUMBER", value_parser = source)]
        source: Option<Source>,
    },
    /// Send valid and invalid webhooks to a receiver and report which it answers correctly; needs neither AWS nor a table
    ///
    /// The receiver gets messages of chats that do not exist, whose ids begin with `check-`. The cases take about 10
    /// seconds.
    Check(Check),
}

#[derive(Debug, Args)]
pub struct Set {
    /// The application's id, as `app list` shows it
    #[arg(value_parser = app_id)]
    pub app: AppId,
    /// The receiver's URL: https, a host name, port 443
    url: String,
    /// Permit every port
    #[arg(long, conflicts_with = "development")]
    any_port: bool,
    /// Permit http, IP addresses and every port, for a receiver on a developer's machine; only `local` delivers there
    #[arg(long)]
    development: bool,
}

impl Set {
    /// The URL, if the options permit it.
    pub fn url(&self) -> Result<EndpointUrl, EndpointUrlError> {
        let policy = match (self.development, self.any_port) {
            (true, _) => UrlPolicy::Development,
            (false, true) => UrlPolicy::AnyPort,
            (false, false) => UrlPolicy::Https443,
        };
        EndpointUrl::parse(&self.url, policy)
    }
}

#[derive(Debug, Args)]
pub struct Check {
    /// The receiver's URL; `http`, IP addresses, `localhost` and every port are permitted
    #[arg(value_parser = receiver_url)]
    pub url: EndpointUrl,
    /// The secret that the receiver knows, beginning with `whsec_`
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true, value_name = "SECRET", value_parser = Secret::parse)]
    pub secret: Secret,
}

/// The place from which messages are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeekTo {
    /// The next message.
    Now,
    /// The oldest message that is kept.
    Oldest,
    /// The first message at or after a time.
    Time(Timestamp),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("say now, oldest, or a time: '2026-11-21 08:00:00' (UTC+8) or 2026-11-21T00:00:00Z")]
pub struct NotAPlace;

impl FromStr for SeekTo {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        match text {
            "now" => Ok(Self::Now),
            "oldest" => Ok(Self::Oldest),
            time => {
                Timestamp::parse_date_time(time).or_else(|| rfc3339(time)).map(Self::Time).ok_or(NotAPlace)
            }
        }
    }
}

/// Parses RFC 3339, to the second. `None` outside the years that [`Timestamp::parse_date_time`] takes.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let seconds = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp();
    let moment = Timestamp::from_millis(u64::try_from(seconds).ok()?.checked_mul(1000)?);
    Timestamp::parse_date_time(&moment.date_time())
}

fn receiver_url(text: &str) -> Result<EndpointUrl, EndpointUrlError> {
    EndpointUrl::parse(text, UrlPolicy::Development)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_word_or_a_time_in_either_form() {
        let at = |millis| Ok(SeekTo::Time(Timestamp::from_millis(millis)));
        for (text, expected) in [
            ("now", Ok(SeekTo::Now)),
            ("oldest", Ok(SeekTo::Oldest)),
            ("2020-05-12 08:30:00", at(1_589_243_400_000)),
            ("2020-05-12T00:30:00Z", at(1_589_243_400_000)),
            ("2020-05-12T00:30:00.999Z", at(1_589_243_400_000)),
            ("2020-05-12T08:30:00+08:00", at(1_589_243_400_000)),
            ("1970-01-01T00:00:00Z", at(0)),
            ("1969-12-31T23:59:59Z", Err(NotAPlace)),
            ("2286-11-20T17:46:39Z", at(9_999_999_999_000)),
            ("2286-11-20T17:46:40Z", Err(NotAPlace)),
            ("Now", Err(NotAPlace)),
            ("2020-05-12T00:30:00", Err(NotAPlace)),
            ("", Err(NotAPlace)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }
}
