//! The errors of commands; each text advises the operator.

use std::fmt;

use model::{
    AppId, Source,
    oauth::{NotApprovable, NotRequested, Scope},
};
use store::{Fault, StoreError};
use thiserror::Error as ThisError;
use webhook::endpoint::EndpointUrlError;

/// A table, by the name that the operator gave.
#[derive(Debug, Clone)]
pub enum TableName {
    Access(String),
    Webhooks(String),
}

impl TableName {
    pub fn name(&self) -> &str {
        match self {
            Self::Access(name) | Self::Webhooks(name) => name,
        }
    }

    const fn option(&self) -> &'static str {
        match self {
            Self::Access(_) => "--table",
            Self::Webhooks(_) => "--webhooks-table",
        }
    }

    /// The output of the stack that has the name.
    const fn output(&self) -> &'static str {
        match self {
            Self::Access(_) => "AccessTableName",
            Self::Webhooks(_) => "WebhooksTableName",
        }
    }

    /// The command that shows whether a change was stored.
    const fn look(&self) -> &'static str {
        match self {
            Self::Access(_) => "chatbotctl app history APP",
            Self::Webhooks(_) => "chatbotctl webhook show APP",
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
        "there is no table {0} here; name it with {option} (it is the output {output} of the stack), and check the region",
        option = .0.option(),
        output = .0.output()
    )]
    NoTable(TableName),
    /// IAM denies the operation.
    #[error("these credentials may not do that ({operation} on table {table}); ask for the permission")]
    NotPermitted { operation: &'static str, table: TableName },
    /// DynamoDB timed out or is unreachable.
    #[error(
        "DynamoDB does not answer ({cause}); check the network and --endpoint-url. If something was to be changed, `{look}` says whether it was",
        look = .table.look()
    )]
    Unreachable { cause: StoreError, table: TableName },
    /// Any other failure of DynamoDB.
    #[error(
        "DynamoDB: {cause}; try again. If something was to be changed, `{look}` says whether it was",
        look = .table.look()
    )]
    Store { cause: StoreError, table: TableName },
    #[error("the secret was not replaced ({0}): the old one still works. Try again")]
    SecretKept(StoreError),
    /// The secret may have been replaced. The new one is on standard output.
    #[error(
        "DynamoDB does not say whether the secret was replaced ({0}). The new one is printed all the same: it works if `chatbotctl app history APP` lists the replacement; otherwise the old one still works"
    )]
    SecretInDoubt(StoreError),
    #[error("{0} has no webhook; `chatbotctl webhook set {0} URL` sets one")]
    NoWebhook(AppId),
    #[error("{0} has no source {1}; `chatbotctl app show {0}` shows its sources")]
    NoSource(AppId, Source),
    #[error("{0}{advice}", advice = advice(*.0))]
    NotAnEndpoint(EndpointUrlError),
    #[error("the time is in the future; say now to skip everything until now")]
    InTheFuture,
    /// The webhook changed concurrently.
    #[error(
        "somebody else has changed the webhook at this moment; look at it with `chatbotctl webhook show {0}` and try again"
    )]
    WebhookConflict(AppId),
    /// The signing secret may have been stored. It is on standard output.
    #[error(
        "DynamoDB does not say whether the signing secret was stored ({cause}). It is printed all the same: it is valid if `chatbotctl webhook show {app}` shows version {version}"
    )]
    SigningSecretInDoubt { cause: StoreError, app: AppId, version: u64 },
    /// The webhook is changed, but its application's history may lack the entry.
    #[error(
        "the webhook is changed, but the change may be missing in `chatbotctl app history {0}` ({1}); tell the other operators"
    )]
    NotRecorded(AppId, Box<Error>),
    #[error("the receiver did not accept the test, which it has to answer with 2xx within 10 seconds")]
    TestFailed,
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
        "cannot write: {0}. If a secret was to be shown, nobody has it: replace it with `chatbotctl app rotate-secret APP` or `chatbotctl webhook rotate-secret APP`"
    )]
    Output(std::io::Error),
    /// Reading from standard input or the terminal failed.
    #[error("cannot read: {0}")]
    Input(#[from] std::io::Error),
}

impl Error {
    /// Maps a failure of DynamoDB on `table` to the error with the matching advice.
    pub fn of_store(table: &TableName) -> impl Fn(StoreError) -> Self {
        let table = table.clone();
        move |error| match &error.fault {
            Fault::TimedOut | Fault::Unreachable => Self::Unreachable { cause: error, table: table.clone() },
            Fault::Refused(code) => match code.as_str() {
                "ResourceNotFoundException" => Self::NoTable(table.clone()),
                "AccessDeniedException" => {
                    Self::NotPermitted { operation: error.operation, table: table.clone() }
                }
                "UnrecognizedClientException" | "ExpiredTokenException" | "InvalidSignatureException" => {
                    Self::Nobody
                }
                _ => Self::Store { cause: error, table: table.clone() },
            },
            Fault::Conflict | Fault::CorruptItem | Fault::InvalidRequest => {
                Self::Store { cause: error, table: table.clone() }
            }
        }
    }
}

/// The option that permits a URL.
const fn advice(error: EndpointUrlError) -> &'static str {
    match error {
        EndpointUrlError::Port => ": --any-port permits it",
        EndpointUrlError::NotHttps | EndpointUrlError::IpAddress => {
            "; --development permits http and IP addresses, for `local` only"
        }
        EndpointUrlError::TooLong
        | EndpointUrlError::NotAUrl
        | EndpointUrlError::NotHttp
        | EndpointUrlError::Credentials
        | EndpointUrlError::Fragment => "",
    }
}
