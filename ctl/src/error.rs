//! What can go wrong, and what to do about it.

use model::{
    AppId,
    oauth::{NotApprovable, NotRequested, Scope},
};
use store::{Fault, StoreError};
use thiserror::Error as ThisError;

/// Why a command was not done. The text is what the operator reads.
#[derive(Debug, ThisError)]
pub enum Error {
    /// No such application.
    #[error("there is no application {0}; `chatbotctl app list` shows them all")]
    NoApplication(AppId),
    /// No such token.
    #[error(
        "there is no such token, or it has expired; `chatbotctl token list APP` shows those of an application"
    )]
    NoToken,
    /// What was given cannot be a token.
    #[error(
        "that is neither the SHA-256 of a token (64 digits of 0-9 and a-f) nor `-` with a token on standard input"
    )]
    NotAToken,
    /// The scope cannot be approved.
    #[error("{0}: `chatbotctl app request-scope {1} {scope}`", scope = .2.name())]
    NotApprovable(NotApprovable, AppId, Scope),
    /// The scope cannot be rejected.
    #[error("{0}; `chatbotctl app show {1}` shows what it asked for")]
    NotRequested(NotRequested, AppId),
    /// Somebody else was faster, again and again.
    #[error(
        "somebody else has changed the application at this moment; nothing was changed here: look at it with `chatbotctl app show` and try again"
    )]
    Conflict,
    /// Something would end, and nobody was there to be asked.
    #[error("{0} Say --yes to do it without being asked; nothing was changed")]
    Unasked(String),
    /// Something would have ended, and the answer was no.
    #[error("nothing was changed")]
    Declined,
    /// The application is changed, but tokens may be left.
    #[error(
        "the application is changed, but its tokens could not all be ended ({0}); run the same command again"
    )]
    TokensLeft(Box<Error>),
    /// Nothing says which region.
    #[error(
        "no region; set AWS_REGION or a profile with one, or say --endpoint-url http://127.0.0.1:8000 for `local`"
    )]
    NoRegion,
    /// AWS does not know who this is.
    #[error(
        "AWS does not know these credentials, or there are none; sign in as for the AWS CLI (`aws sso login`, `aws configure`, AWS_PROFILE), and see that `aws sts get-caller-identity` works"
    )]
    Nobody,
    /// There is no such table.
    #[error(
        "there is no table {0} here; name it with --table (it is the output AccessTableName of the stack), and check the region"
    )]
    NoTable(String),
    /// The operator may not.
    #[error("these credentials may not do that ({operation} on table {table}); ask for the permission")]
    NotPermitted {
        /// What was tried.
        operation: &'static str,
        /// On what.
        table: String,
    },
    /// Nothing answers.
    #[error(
        "DynamoDB does not answer ({0}); check the network and --endpoint-url. If something was to be changed, `chatbotctl app history APP` says whether it was"
    )]
    Unreachable(StoreError),
    /// Anything else of DynamoDB's.
    #[error(
        "DynamoDB: {0}; try again. If something was to be changed, `chatbotctl app history APP` says whether it was"
    )]
    Store(StoreError),
    /// The secret was not replaced.
    #[error("the secret was not replaced ({0}): the old one still works. Try again")]
    SecretKept(StoreError),
    /// The secret may have been replaced. The new one is on standard output.
    #[error(
        "DynamoDB does not say whether the secret was replaced ({0}). The new one is printed all the same: it works if `chatbotctl app history APP` lists the replacement; otherwise the old one still works"
    )]
    SecretInDoubt(StoreError),
    /// AWS does not say who this is.
    #[error(
        "AWS does not answer who you are (sts:GetCallerIdentity), and nothing is changed by somebody unknown; check the network and try again"
    )]
    WhoUnanswered,
    /// Standard output is closed.
    #[error(
        "cannot write: {0}. If a secret was to be shown, nobody has it: replace it with `chatbotctl app rotate-secret APP`"
    )]
    Output(std::io::Error),
    /// Standard input, or the terminal.
    #[error("cannot read: {0}")]
    Input(#[from] std::io::Error),
}

impl Error {
    /// What to tell of a fault of DynamoDB's on `table`.
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
