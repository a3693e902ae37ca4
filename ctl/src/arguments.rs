//! What can be said on the command line.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use model::{AppId, AppName, BoundedText, Source, oauth::Scope};

/// Creates applications, decides on their scopes, and ends what they may do
///
/// Works on the table of applications and tokens with the AWS credentials, region and endpoint that the AWS CLI would
/// use; or, with --endpoint-url, on the DynamoDB of `local`.
#[derive(Debug, Parser)]
#[command(name = "chatbotctl", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub settings: Settings,
}

/// Where, and how.
#[derive(Debug, Args)]
pub struct Settings {
    /// The table of applications and tokens, by the name that the stack's outputs say
    #[arg(long, env = "ACCESS_TABLE", default_value = "AccessTable", value_name = "NAME", global = true)]
    pub table: String,
    /// Another DynamoDB than AWS's, with any credentials: that of `local` is at `http://127.0.0.1:8000`
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint_url: Option<String>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// Do not ask before something ends
    #[arg(long, short, global = true)]
    pub yes: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Applications
    #[command(subcommand)]
    App(AppCommand),
    /// Tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print a script that completes commands: `chatbotctl completions bash > /etc/bash_completion.d/chatbotctl`
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Create an application and print its client id and its secret, which is shown this once
    Create {
        /// What people call it, at most 64 long
        #[arg(value_parser = app_name)]
        name: AppName,
        /// A third-party system it may speak for; may be given more than once
        #[arg(long = "source", value_name = "NUMBER", required = true, value_parser = source)]
        sources: Vec<Source>,
    },
    /// Show every application
    List,
    /// Show one application
    Show(App),
    /// Ask for a scope, which is then to be approved or rejected
    RequestScope(AppAndScope),
    /// Approve a scope that was asked for
    Approve(AppAndScope),
    /// Turn down a scope that was asked for, or take away one that was approved, and end the tokens that have it
    Reject(AppAndScope),
    /// Replace the secret and print the new one, which is shown this once
    RotateSecret {
        #[command(flatten)]
        app: App,
        /// Hours for which the old secret keeps working, so that its client can be given the new one; 0 ends it at once
        #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(0..=168))]
        grace_hours: u64,
    },
    /// Give it no more tokens, and end those it has
    Disable(App),
    /// Give it tokens again; those that were ended stay so
    Enable(App),
    /// Show who did what and when
    History(App),
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Show the tokens of an application that are good now, by the SHA-256 they are stored by
    List(App),
    /// End a token
    Revoke {
        /// Its SHA-256, as `token list` shows it; or `-` to read the token itself from standard input
        token: String,
    },
}

/// One application.
#[derive(Debug, Args)]
pub struct App {
    /// The application's id, as `app list` shows it
    #[arg(value_parser = app_id)]
    pub app: AppId,
}

/// A scope of an application.
#[derive(Debug, Args)]
pub struct AppAndScope {
    #[command(flatten)]
    pub app: App,
    /// thirdparty-customer-service, message-push-service, or chatbot-platform, which is for the platform itself
    pub scope: Scope,
}

fn app_id(text: &str) -> Result<AppId, String> {
    not_blank(text).and_then(|text| AppId::parse(text).map_err(|error| error.to_string()))
}

fn app_name(text: &str) -> Result<AppName, String> {
    // A name is shown on terminals.
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
        ] {
            assert!(
                Arguments::try_parse_from(["chatbotctl"].into_iter().chain(line.split(' '))).is_ok(),
                "{line}"
            );
        }
    }
}
