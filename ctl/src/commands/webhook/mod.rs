//! `chatbotctl webhook`.

mod check;
mod log;
mod secret;
mod seek;
mod set;
mod show;
mod status;
mod test;

use model::{
    AppId, Source,
    oauth::{Application, ApplicationStatus, Scope, ScopeState},
};
use store::{
    AuditEntry, audit,
    webhooks::{self, Endpoint, Hint},
};

use super::Operator;
use crate::{
    arguments::{App, Settings, WebhookCommand},
    error::Error,
};

pub async fn run(settings: Settings, command: WebhookCommand) -> Result<(), Error> {
    match command {
        WebhookCommand::Set(set) => set::run(settings, set).await,
        WebhookCommand::Show(App { app }) => show::run(&Operator::connect(settings).await?, &app).await,
        WebhookCommand::RotateSecret { app, grace_hours } => {
            secret::rotate(&Operator::connect(settings).await?, &app.app, grace_hours).await
        }
        WebhookCommand::Test(App { app }) => test::run(&Operator::connect(settings).await?, &app).await,
        WebhookCommand::Seek { app, to, source } => {
            seek::run(&Operator::connect(settings).await?, &app.app, to, source).await
        }
        WebhookCommand::Enable(App { app }) => {
            status::enable(&Operator::connect(settings).await?, &app).await
        }
        WebhookCommand::Disable(App { app }) => {
            status::disable(&Operator::connect(settings).await?, &app).await
        }
        WebhookCommand::Log { app, source } => {
            log::run(&Operator::connect(settings).await?, &app.app, source).await
        }
        WebhookCommand::Check(check) => check::run(check, settings.json).await,
    }
}

/// The webhook of an application: at least one endpoint, in the order of the sources.
struct Webhook {
    application: Application,
    endpoints: Vec<Endpoint>,
}

impl Webhook {
    /// Reads the endpoints of an application, or of one of its sources.
    async fn find(operator: &Operator, id: &AppId, of: Option<Source>) -> Result<Self, Error> {
        let application = operator.find(id).await?.application;
        if let Some(source) = of.filter(|source| !application.sources.contains(source)) {
            return Err(Error::NoSource(id.clone(), source));
        }
        let mut endpoints = Vec::new();
        for source in application.sources.iter().filter(|source| of.is_none_or(|of| of == **source)) {
            endpoints
                .extend(operator.told_of_webhooks(webhooks::find(&operator.webhooks, *source, id).await)?);
        }
        if endpoints.is_empty() {
            Err(Error::NoWebhook(id.clone()))
        } else {
            Ok(Self { application, endpoints })
        }
    }
}

/// Reads the progress of the deliveries to an endpoint.
async fn progress(operator: &Operator, endpoint: &Endpoint) -> Result<Hint, Error> {
    let Endpoint { source, app_id, .. } = endpoint;
    let progress = webhooks::progress(&operator.webhooks, *source, app_id, operator.now()).await;
    operator.told_of_webhooks(progress)
}

/// Adds a change that is stored to the history of the application.
async fn record(operator: &Operator, id: &AppId, entry: &AuditEntry) -> Result<(), Error> {
    let appended = operator.told(audit::append(&operator.table, id, entry).await);
    appended.map_err(|error| Error::NotRecorded(id.clone(), Box::new(error)))
}

/// The reasons why nothing is delivered to any endpoint of an application, with the commands that end them.
fn obstacles(application: &Application) -> Vec<String> {
    let Application { app_id: id, status, scopes, .. } = application;
    let mut obstacles = Vec::new();
    if *status == ApplicationStatus::Disabled {
        obstacles.push(format!(
            "Nothing is delivered: the application is disabled. `chatbotctl app enable {id}` enables it."
        ));
    }
    let scope = Scope::CustomerService.name();
    if scopes.get(scope) != Some(&ScopeState::Approved) {
        obstacles.push(format!(
            "Nothing is delivered: {scope} is not approved. `chatbotctl app approve {id} {scope}` approves it."
        ));
    }
    obstacles
}

/// A list as a part of a sentence: `source 1`, `sources 1, 2`.
fn named<'a>(sources: impl IntoIterator<Item = &'a Source>) -> String {
    let numbers: Vec<_> = sources.into_iter().map(ToString::to_string).collect();
    let noun = if numbers.len() == 1 { "source" } else { "sources" };
    format!("{noun} {}", numbers.join(", "))
}
