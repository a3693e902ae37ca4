//! Webhooks: the receivers of partners.

mod check;

use crate::{
    arguments::{Settings, WebhookCommand},
    error::Error,
};

pub async fn run(settings: Settings, command: WebhookCommand) -> Result<(), Error> {
    match command {
        WebhookCommand::Check(check) => check::run(check, settings.json).await,
    }
}
