//! The errors of commands; each text advises the operator.

use model::{
    AppId,
    oauth::{NotApprovable, NotRequested, Scope},
};
use store::{Fault, StoreError};
use thiserror::Error as ThisError;

/// The failure of a command. The operator reads the `Display` text.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error("there is no application {0}; `chatbotctl app list` shows them all")]
    NoApplication(AppId),
    #[error(
        "there is no such token, or it has expired; `chatbotctl token list APP` shows those of an application"
    )]
    NoToken,
    /// The argument of `token revoke` is neither a hash nor a token.
    #[error(
        "that is neither the SHA-256 of a token (64 digits of 0-9 and a-f) nor `-` with a token on standard input"
    )]
    NotAToken,
    #[error("{0}: `chatbotctl app request-scope {1} {scope}`", scope = .2.name())]
    NotApprovable(NotApprovable, AppId, Scope),
    #[error("{0}; `chatbotctl app show {1}` shows what it asked for")]
    NotRequested(NotRequested, AppId),
    /// The application changed concurrently.
    #[error(
        "somebody else has changed the application at this moment; nothing was changed here: look at it with `chatbotctl app show` and try again"
    )]
    Conflict,
    /// Confirmation is needed, and there is no terminal to ask on.
    #[error("{0} Say --yes to do it without being asked; nothing was changed")]
    Unasked(String),
    /// The operator answered no.
    #[error("nothing was changed")]
    Declined,
    /// The application is changed, but some of its tokens may not be revoked.
    #[error(
        "the application is changed, but its tokens could not all be ended ({0}); run the same command again"
    )]
    TokensLeft(Box<Error>),
    /// Neither the environment nor the profile sets a region.
    #[error(
        "no region; set AWS_REGION or a profile with one, or say --endpoint-url http://127.0.0.1:8000 for `local`"
    )]
    NoRegion,
    /// There are no credentials, or AWS rejects them.
    #[error(
        "AWS does not know these credentials, or there are none; sign in as for the AWS CLI (`aws sso login`, `aws configure`, AWS_PROFILE), and see that `aws sts get-caller-identity` works"
    )]
    Nobody,
    #[error(
        "there is no table {0} here; name it with --table (it is the output AccessTableName of the stack), and check the region"
    )]
    NoTable(String),
    /// IAM denies the operation.
    #[error("these credentials may not do that ({operation} on table {table}); ask for the permission")]
    NotPermitted { operation: &'static str, table: String },
    /// DynamoDB timed out or is unreachable.
    #[error(
        "DynamoDB does not answer ({0}); check the network and --endpoint-url. If something was to be changed, `chatbotctl app history APP` says whether it was"
    )]
    Unreachable(StoreError),
    /// Any other failure of DynamoDB.
    #[error(
        "DynamoDB: {0}; try again. If something was to be changed, `chatbotctl app history APP` says whether it was"
    )]
    Store(StoreError),
    #[error("the secret was not replaced ({0}): the old one still works. Try again")]
    SecretKept(StoreError),
    /// The secret may have been replaced. The new one is on standard output.
    #[error(
        "DynamoDB does not say whether the secret was replaced ({0}). The new one is printed all the same: it works if `chatbotctl app history APP` lists the replacement; otherwise the old one still works"
    )]
    SecretInDoubt(StoreError),
    /// AWS STS does not answer.
    #[error(
        "AWS does not answer who you are (sts:GetCallerIdentity), and nothing is changed by somebody unknown; check the network and try again"
    )]
    WhoUnanswered,
    /// A receiver of webhooks does not do what is asked of it. The cases are on standard output.
    #[error("{failed} of {cases} cases failed; docs/partner-guide.md describes each case")]
    ChecksFailed { failed: usize, cases: usize },
    #[error("the operating system gives no random numbers; try again")]
    NoRandomNumbers,
    /// Writing to standard output failed.
    #[error(
        "cannot write: {0}. If a secret was to be shown, nobody has it: replace it with `chatbotctl app rotate-secret APP`"
    )]
    Output(std::io::Error),
    /// Reading from standard input or the terminal failed.
    #[error("cannot read: {0}")]
    Input(#[from] std::io::Error),
}

impl Error {
    /// Maps a failure of DynamoDB on `table` to the error with the matching advice.
    pub fn of_store(table: &str) -> impl Fn(StoreError) -> Self {
        let table = table.to_owned();
        move |error| match &error.fault {
            Fault::TimedOut | Fault::Unreachable => Self::Unreachable(error),
            Fault::Refused(code) => match code.as_str() {
                "ResourceNotFoundException" => Self::NoTable(table.clone()),
                "AccessDeniedException" => {
                    Self::NotPermitted { operation: error.operation, table: table.clone() }
                }
                "UnrecognizedClientException" | "ExpiredTokenException" | "InvalidSignatureException" => {
                    Self::Nobody
                }
                _ => Self::Store(error),
            },
            Fault::Conflict | Fault::CorruptItem | Fault::InvalidRequest => Self::Store(error),
        }
    }
}
