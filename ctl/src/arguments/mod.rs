//! The arguments of the command line, with their help texts.

mod webhook;

use clap::{Args, Parser, Subcommand, builder::RangedU64ValueParser};
use clap_complete::Shell;
use model::{AppId, AppName, BoundedText, Source, oauth::Scope};

pub use webhook::{Check, SeekTo, Set, WebhookCommand};

/// Creates applications, approves or rejects their scopes, replaces their secrets, revokes their tokens and manages their
/// webhooks
///
/// Uses the tables of applications, tokens and webhooks with the AWS credentials, region and endpoint of the AWS CLI; with
/// --endpoint-url, uses the DynamoDB of `local`.
#[derive(Debug, Parser)]
#[command(name = "chatbotctl", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Args)]
pub struct Settings {
    /// The table of applications and tokens; the stack's output `AccessTableName` has its name
    #[arg(long, env = "ACCESS_TABLE", default_value = "AccessTable", value_name = "NAME", global = true)]
    pub table: String,
    /// The table of webhooks; the stack's output `WebhooksTableName` has its name
    #[arg(long, env = "WEBHOOKS_TABLE", default_value = "WebhooksTable", value_name = "NAME", global = true)]
    pub webhooks_table: String,
    /// The URL of a DynamoDB that needs no AWS credentials; `local` has it at `http://127.0.0.1:8000`
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint_url: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Do not ask for confirmation
    #[arg(long, short, global = true)]
    pub yes: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Manage applications
    #[command(subcommand)]
    App(AppCommand),
    /// List and revoke tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Set up, test and repair webhooks, and check receivers
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Print a script that completes commands: `chatbotctl completions bash > /etc/bash_completion.d/chatbotctl`
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Create an application and print its client id and secret; the secret is shown only once
    Create {
        /// The display name, at most 64 UTF-16 code units
        #[arg(value_parser = app_name)]
        name: AppName,
        /// A third-party system for which the application may act; repeat the option for several
        #[arg(long = "source", value_name = "NUMBER", required = true, value_parser = source)]
        sources: Vec<Source>,
    },
    /// Show every application
    List,
    /// Show one application
    Show(App),
    /// Request a scope, for a later approval or rejection
    RequestScope(AppAndScope),
    /// Approve a requested scope
    Approve(AppAndScope),
    /// Reject a requested or approved scope, and revoke the tokens that have it
    Reject(AppAndScope),
    /// Replace the secret and print the new one, which is shown only once
    RotateSecret {
        #[command(flatten)]
        app: App,
        /// Hours for which the old secret keeps working while its client switches to the new one; 0 ends it at once
        #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = grace_hours())]
        grace_hours: u64,
    },
    /// Disable an application: issue no more tokens and revoke the existing ones
    Disable(App),
    /// Enable an application again; revoked tokens stay revoked
    Enable(App),
    /// Show the changes of an application, each with its operator and time
    History(App),
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Show the valid tokens of an application, by their SHA-256
    List(App),
    /// Revoke a token
    Revoke {
        /// The SHA-256 of the token, as `token list` shows it, or `-` to read the token itself from standard input
        token: String,
    },
}

#[derive(Debug, Args)]
pub struct App {
    /// The application's id, as `app list` shows it
    #[arg(value_parser = app_id)]
    pub app: AppId,
}

#[derive(Debug, Args)]
pub struct AppAndScope {
    #[command(flatten)]
    pub app: App,
    /// thirdparty-customer-service, message-push-service, or chatbot-platform (only for the platform itself)
    pub scope: Scope,
}

fn app_id(text: &str) -> Result<AppId, String> {
    not_blank(text).and_then(|text| AppId::parse(text).map_err(|error| error.to_string()))
}

fn app_name(text: &str) -> Result<AppName, String> {
    // Control characters could manipulate the terminal that shows the name.
    if text.chars().any(char::is_control) {
        return Err("no control characters".to_owned());
    }
    not_blank(text).and_then(|text| AppName::parse(text).map_err(|error| error.to_string()))
}

fn not_blank(text: &str) -> Result<&str, String> {
    if text.trim().is_empty() { Err("must not be blank".to_owned()) } else { Ok(text) }
}

fn source(text: &str) -> Result<Source, String> {
    let number: u32 = text.parse().map_err(|_| model::InvalidSource.to_string())?;
    Source::try_from(number).map_err(|error| error.to_string())
}

/// The hours for which a replaced secret may work: up to a week.
fn grace_hours() -> RangedU64ValueParser {
    RangedU64ValueParser::new().range(0..=168)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_cannot_be_is_refused_before_anything_is_asked_of_the_table() {
        for line in [
            "app create",
            "app create x",
            "app create x --source 0",
            "app create x --source 2147483648",
            "app create x --source one",
            "app show",
            "app approve a",
            "app approve a some-scope",
            "app rotate-secret a --grace-hours 169",
            "app rotate-secret a --grace-hours -1",
            "token revoke",
            "webhook check http://localhost",
            "webhook check http://localhost --secret whsec_",
            "webhook check localhost --secret whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "webhook set a",
            "webhook set a https://partner.example --any-port --development",
            "webhook show",
            "webhook rotate-secret a --grace-hours 169",
            "webhook rotate-secret a --grace-hours -1",
            "webhook seek a",
            "webhook seek a --to",
            "webhook seek a --to yesterday",
            "webhook seek a --to 2026-11-21",
            "webhook seek a --to 1969-12-31T23:59:59Z",
            "webhook seek a --to 2286-11-20T17:46:40Z",
            "webhook seek a --to now --source 0",
            "webhook seek a --to now --source 2147483648",
            "webhook log a --source one",
        ] {
            assert!(
                Arguments::try_parse_from(["chatbotctl"].into_iter().chain(line.split(' '))).is_err(),
                "{line}"
            );
        }
        for name in ["", " ", "a\u{1b}[2J", &"x".repeat(65)] {
            let line = ["chatbotctl", "app", "create", name, "--source", "1"];
            assert!(Arguments::try_parse_from(line).is_err(), "{name:?}");
        }
        for line in [
            "app create 佳信 --source 1 --source 2147483647",
            "app rotate-secret a --grace-hours 0",
            "app rotate-secret a --grace-hours 168",
            "webhook check http://127.0.0.1:8080/hooks --secret whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "webhook set a https://partner.example",
            "webhook rotate-secret a --grace-hours 0",
            "webhook rotate-secret a --grace-hours 168",
            "webhook seek a --to now --source 1",
            "webhook seek a --to oldest --source 2147483647",
            "webhook seek a --to 1970-01-01T00:00:00Z",
            "webhook seek a --to 2286-11-20T17:46:39Z",
            "webhook log a",
        ] {
            assert!(
                Arguments::try_parse_from(["chatbotctl"].into_iter().chain(line.split(' '))).is_ok(),
                "{line}"
            );
        }
    }
}
